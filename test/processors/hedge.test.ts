import { type Seen, testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import hedge from '../../processors/hedge.ts'

const options = 'after = "1s"\nbudget = 1'
const hangs = { hangs: true } as const
const ok = { text: 'ok' } as const

const results = ({ metrics }: Seen): readonly unknown[] => metrics.map(({ labels }) => labels.result)

testProcessor(test, 'hedge', hedge, {
  accepts: ['', 'after = "1s"', 'provider = "main"', 'budget = 0.01'],
  rejects: {
    'budget = 0': 'budget',
    'quantile = 1': 'must be at most 0.999',
    'after = 5': 'duration in quotes',
    'afer = "5s"': 'did you mean "after"',
  },
  calls: {
    'leaves an answer that begins in time alone': {
      options,
      call: { stream: true },
      expect({ reply, sent, metrics }) {
        expect([reply?.text, sent.length, metrics]).toEqual(['ok', 1, []])
      },
    },
    'asks a second time, takes the answer that begins and gives the other attempt up': {
      options,
      replies: [hangs, ok],
      call: { stream: true },
      expect(seen) {
        expect([seen.reply?.text, seen.sent.length]).toEqual(['ok', 2])
        expect(results(seen)).toEqual(['won'])
        expect(seen.sent.map(({ signal }) => signal.aborted)).toEqual([true, false])
        expect(seen.log[0]?.fields).toMatchObject({ after_ms: 1000 })
      },
    },
    'asks elsewhere where it is told to': {
      options: `${options}\nprovider = "other"\nmodel = "small"`,
      providers: { main: 'openai-chat', other: 'anthropic-messages' },
      replies: [hangs, ok],
      call: { stream: true },
      expect({ sent }) {
        expect(sent.map(({ provider, model }) => [provider, model])).toEqual([
          ['main', 'test-model'],
          ['other', 'small'],
        ])
      },
    },
    'does not ask where the key may not go': {
      options: `${options}\nprovider = "other"`,
      providers: { main: 'openai-chat', other: 'openai-chat' },
      replies: [hangs],
      call: { stream: true, identity: { name: 'alice', providers: ['main'] }, leaves: 'while-waiting' },
      expect: ({ sent }) => expect(sent).toHaveLength(1),
    },
    'does not hedge a failure': {
      options,
      replies: [{ failure: 'connect' }],
      call: { stream: true },
      expect: ({ sent, failure }) => expect([sent.length, failure]).toMatchObject([1, { failure: 'connect' }]),
    },
    'does not hedge whole replies': {
      options,
      replies: [hangs],
      call: { leaves: 'while-waiting' },
      expect: ({ sent }) => expect(sent).toHaveLength(1),
    },
    'hedges embeddings': {
      options,
      replies: [hangs, ok],
      call: { operation: 'embed' },
      expect: ({ sent }) => expect(sent).toHaveLength(2),
    },
    'does not hedge what the provider keeps': {
      options,
      replies: [hangs],
      call: {
        stream: true,
        format: 'openai-responses',
        conversation: { state: { store: true } },
        leaves: 'while-waiting',
      },
      expect: ({ sent }) => expect(sent).toHaveLength(1),
    },
    'hedges no more than its budget': {
      options: 'after = "1s"\nbudget = 0.25',
      replies: [ok, ok, ok, hangs, ok, ok, ok, hangs],
      calls: [...Array.from({ length: 6 }, () => ({ stream: true })), { stream: true, leaves: 'while-waiting' }],
      expect({ sent, calls }) {
        expect(sent).toHaveLength(8)
        expect(calls.map(({ reply }) => reply?.text)).toEqual([...Array(6).fill('ok'), undefined])
      },
    },
    'learns nothing from too few answers': {
      options: 'min_samples = 5\nbudget = 1',
      replies: [ok, ok, ok, ok, hangs],
      calls: [...Array.from({ length: 4 }, () => ({ stream: true })), { stream: true, leaves: 'while-waiting' }],
      expect: ({ sent }) => expect(sent).toHaveLength(5),
    },
    'learns when an answer is slow': {
      options: 'min_samples = 5\nbudget = 1',
      replies: [ok, ok, ok, ok, ok, hangs, ok],
      calls: Array.from({ length: 6 }, () => ({ stream: true })),
      expect: seen => expect([seen.sent.length, results(seen)]).toEqual([7, ['won']]),
    },
    'ends with the client': {
      options,
      replies: [hangs, hangs],
      call: { stream: true, leaves: 'while-waiting' },
      expect: ({ failure }) => expect(failure).toHaveProperty('message', 'the client left'),
    },
  },
})

test('hedge tells the failure of the first attempt when both fail', async () => {
  const bench = await Workbench.open('hedge', hedge, {
    options,
    providers: { main: 'openai-chat', other: 'openai-chat' },
    replies: [hangs, { failure: 'status_500', status: 500 }],
  })
  const { failure } = await bench.run({ stream: true, leaves: 'while-waiting' })
  expect(failure).toHaveProperty('message', 'the client left')
  expect(bench.script.sent).toHaveLength(2)
  expect(bench.measurements.map(({ labels }) => labels.result)).toEqual(['failed'])
  await bench.close()
})
