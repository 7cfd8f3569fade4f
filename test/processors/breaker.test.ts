import fc from 'fast-check'
import { Refusal } from 'sluice'
import { type CallSketch, type ScriptedReply, type Seen, testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import breaker from '../../processors/breaker.ts'

const ok = { text: 'ok' } as const
const down = { failure: 'connect' } as const
const QUICK = 'failures = 2\nopen_for = "1s"\nmax_open = "4s"'

/** What became of each call: its reply's text, its failure's class or its refusal's code. */
const outcomes = ({ calls }: Pick<Seen, 'calls'>): readonly unknown[] =>
  calls.map(({ reply, failure }) => {
    if (reply) return reply.text
    return failure instanceof Refusal && 'failure' in failure ? failure.failure : (failure as Refusal).code
  })

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value)

const states = ({ metrics }: Pick<Seen, 'metrics'>): readonly number[] =>
  metrics.filter(({ name }) => name === 'breaker_state').map(({ value }) => value)

testProcessor(test, 'breaker', breaker, {
  accepts: ['', 'keep = true', 'on = ["connect"]'],
  rejects: {
    'failures = 0': 'must be at least 1',
    'error_rate = 0': 'error_rate',
    'on = ["status_400"]': 'must be one of',
    'on = ["status_429"]': 'must be one of',
    'open_for = "2s"\nmax_open = "1s"': 'max_open is below open_for',
    'failure = 2': 'did you mean "failures"',
  },
  calls: {
    'opens after failures in a row, and refuses at once': {
      options: QUICK,
      replies: [down],
      calls: times(4, {}),
      expect(seen) {
        expect(outcomes(seen)).toEqual(['connect', 'connect', 'breaker_open', 'breaker_open'])
        expect(seen.sent).toHaveLength(2)
        const { failure, metrics, clock } = seen
        expect(failure).toMatchObject({ status: 503 })
        expect((failure as Refusal).retryAfterMs).toBeGreaterThanOrEqual(800)
        expect((failure as Refusal).retryAfterMs).toBeLessThanOrEqual(1200)
        expect(clock.slept).toEqual([])
        expect(states(seen)).toEqual([0, 2])
        expect(metrics.map(({ name }) => name)).toEqual([
          'breaker_state',
          'breaker_opened_total',
          'breaker_state',
          'breaker_refusals_total',
          'breaker_refusals_total',
        ])
      },
    },
    'is not opened by failures with a success between them': {
      options: QUICK,
      replies: [down, ok, down, ok],
      calls: times(5, {}),
      expect: seen => expect(outcomes(seen)).toEqual(['connect', 'ok', 'connect', 'ok', 'ok']),
    },
    'opens when half of enough calls have failed': {
      options: 'min_calls = 6\nfailures = 100',
      replies: [ok, down, ok, down, ok, down],
      calls: times(7, {}),
      expect: seen =>
        expect(outcomes(seen)).toEqual(['ok', 'connect', 'ok', 'connect', 'ok', 'connect', 'breaker_open']),
    },
    'forgets what is older than its window': {
      options: 'min_calls = 4\nfailures = 100\nwindow = "10s"',
      replies: [down, down, down, down, ok],
      calls: [{}, {}, {}, { after: 11_000 }, {}],
      expect: seen => expect(outcomes(seen)).toEqual([...times(4, 'connect'), 'ok']),
    },
    'closes after a probe that succeeds': {
      options: QUICK,
      replies: [down, down, ok],
      calls: [{}, {}, {}, { after: 1200 }, {}, {}],
      expect(seen) {
        expect(outcomes(seen)).toEqual(['connect', 'connect', 'breaker_open', 'ok', 'ok', 'ok'])
        expect(states(seen)).toEqual([0, 2, 1, 0])
      },
    },
    'stays open for twice as long after a probe that fails, up to a bound': {
      options: QUICK,
      replies: [down],
      calls: [
        {},
        {},
        { after: 1200 },
        { after: 1500 },
        { after: 900 },
        { after: 3100 },
        { after: 1700 },
        { after: 3100 },
      ],
      expect: seen =>
        expect(outcomes(seen)).toEqual([
          ...times(3, 'connect'),
          'breaker_open',
          'connect',
          'breaker_open',
          'connect',
          'breaker_open',
        ]),
    },
    'learns nothing from a probe that is the fault of the call': {
      options: QUICK,
      replies: [down, down, { failure: 'status_400', status: 400 }, ok],
      calls: [{}, {}, { after: 1200 }, {}, {}],
      expect(seen) {
        expect(outcomes(seen)).toEqual(['connect', 'connect', 'status_400', 'ok', 'ok'])
        expect(states(seen)).toEqual([0, 2, 1, 2, 1, 0])
      },
    },
    'does not count what says nothing of the provider': {
      options: 'failures = 1\nmin_calls = 1',
      replies: [
        { failure: 'status_400', status: 400 },
        { failure: 'status_429', status: 429 },
        { failure: 'canceled' },
        { throws: new Refusal(503, 'too_busy', 'Own refusal.') },
        ok,
      ],
      calls: times(5, {}),
      expect: seen => expect(outcomes(seen)).toEqual(['status_400', 'status_429', 'canceled', 'too_busy', 'ok']),
    },
    'does not count clients that leave': {
      options: 'failures = 1',
      replies: [{ hangs: true }, ok],
      calls: [{ leaves: 'while-waiting' }, {}],
      expect: ({ reply }) => expect(reply?.text).toBe('ok'),
    },
    'counts a reply that has begun as a success, even if it breaks': {
      options: 'failures = 1',
      replies: [{ events: [{ type: 'start', id: 'r', model: 'm' }, { type: 'ping' }] }, ok],
      calls: [{ stream: true }, {}],
      expect: ({ reply }) => expect(reply?.text).toBe('ok'),
    },
    'keeps models and providers apart': {
      options: QUICK,
      providers: { main: 'openai-chat', other: 'openai-chat' },
      replies: [down, down, ok],
      calls: [{}, {}, { model: 'another' }, { provider: 'other' }, {}],
      expect: seen => expect(outcomes(seen)).toEqual(['connect', 'connect', 'ok', 'ok', 'breaker_open']),
    },
    'lets the last hope through where it is told to': {
      options: `${QUICK}\nkeep = true`,
      replies: [down, down, down, ok],
      calls: [{}, {}, { alternatives: 1 }, { alternatives: 0 }, {}, { alternatives: 1 }],
      expect: seen =>
        expect(outcomes(seen)).toEqual(['connect', 'connect', 'breaker_open', 'connect', 'ok', 'breaker_open']),
    },
    'lets a model list through': {
      options: 'failures = 1',
      replies: [down, { models: [] }],
      calls: [{}, { operation: 'list-models' }],
      expect: ({ sent }) => expect(sent).toHaveLength(2),
    },
  },
})

test('breaker lets exactly one of many calls try', async () => {
  const bench = await Workbench.open('breaker', breaker, { options: QUICK, replies: [down, down, ok] })
  await bench.run({})
  await bench.run({})
  await Promise.all([bench.run({ after: 1200 }), ...times(20, {}).map(call => bench.run(call))])
  expect(bench.script.sent).toHaveLength(3)
  expect(outcomes(bench).filter(outcome => outcome === 'breaker_open')).toHaveLength(20)
  await bench.close()
})

test('breaker is not closed by what began before it opened', async () => {
  const bench = await Workbench.open('breaker', breaker, { options: QUICK, replies: [down, down, ok] })
  await Promise.all([bench.run({}), bench.run({}), bench.run({})])
  expect(outcomes(bench)).toEqual(['connect', 'connect', 'ok'])
  await bench.run({})
  expect(outcomes(bench).at(-1)).toBe('breaker_open')
  await bench.close()
})

test('breaker remembers an open one, however many models clients name', async () => {
  const bench = await Workbench.open('breaker', breaker, { options: QUICK, replies: [down, down, ok] })
  await bench.run({})
  await bench.run({})
  for (let index = 0; index < 1500; index++) await bench.run({ model: `model-${index}` })
  await bench.run({})
  expect(outcomes(bench).at(-1)).toBe('breaker_open')
  await bench.close()
})

test('breaker asks a provider that is down no more often than its times say', async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 5, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(gaps, async waits => {
      const replies: readonly ScriptedReply[] = [down]
      const bench = await Workbench.open('breaker', breaker, { options: QUICK, replies })
      let total = 0
      for (const after of waits) {
        total += after
        await bench.run({ after } satisfies CallSketch)
      }
      expect(bench.script.sent.length).toBeLessThanOrEqual(2 + total / 800)
      expect(outcomes(bench).every(outcome => outcome === 'connect' || outcome === 'breaker_open')).toBe(true)
      await bench.close()
    }),
    { numRuns: 50 },
  )
})
