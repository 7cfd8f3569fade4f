import { validateHeaderValue } from 'node:http'
import fc from 'fast-check'
import type { Call, Loss, Outcome, Reply, Tools } from 'sluice'
import { testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import convert from '../../processors/convert.ts'

const providers = { main: 'gemini' }
const topK: Loss = { path: 'sampling.topK', action: 'dropped', reason: 'OpenAI has no top_k' }
const strict: Loss = { path: 'tools[0].strict', action: 'approximated', reason: 'a; b, ünïcode\r\nand a line' }
const citation: Loss = { path: 'content[0].citations', action: 'dropped', reason: 'no citations' }

testProcessor(test, 'convert', convert, {
  accepts: ['', 'on_loss = "refuse"'],
  rejects: { 'on_loss = "ignore"': 'must be one of "warn", "refuse"', 'on_los = "warn"': 'did you mean "on_loss"' },
  calls: {
    'does nothing where client and provider speak the same': {
      losses: { call: [topK], reply: [citation] },
      call: { format: 'openai-chat' },
      expect({ reply, sent, decoded, log, metrics }) {
        expect(sent[0]?.format).toBe('openai-chat')
        expect(decoded).toBe(0)
        expect(reply?.headers).toEqual({})
        expect([...log, ...metrics]).toEqual([])
      },
    },
    "translates the call, and the reply back into the client's format": {
      providers,
      calls: [{ format: 'anthropic-messages' }, { format: 'anthropic-messages', stream: true }],
      expect({ calls, sent }) {
        expect(sent.map(call => call.format)).toEqual(['gemini', 'gemini'])
        expect(calls.map(call => call.reply?.text)).toEqual(['ok', 'ok'])
        expect(calls.map(call => call.reply?.headers)).toEqual([{}, {}])
      },
    },
    'names what was lost in a header, the log and a metric': {
      providers,
      losses: { call: [topK, strict, topK], reply: [citation] },
      expect({ reply, log, metrics }) {
        expect(reply?.headers['x-sluice-losses']).toBe(
          'sampling.topK;dropped;OpenAI has no top_k,' +
            'tools[0].strict;approximated;a_ b_ _n_code__and a line,' +
            'content[0].citations;dropped;no citations',
        )
        expect(log.map(line => [line.level, line.message, line.fields.count])).toEqual([
          ['warn', 'lost in converting the call', 3],
          ['warn', 'lost in converting the reply', 1],
        ])
        expect(metrics.map(({ labels }) => `${labels.side} ${labels.action}`)).toEqual([
          'call dropped',
          'call approximated',
          'call dropped',
          'reply dropped',
        ])
      },
    },
    'keeps the header short however much was lost': {
      providers,
      losses: {
        call: Array.from(
          { length: 500 },
          (_, index): Loss => ({ ...topK, path: `messages[${index}].${'x'.repeat(500)}` }),
        ),
      },
      expect({ reply }) {
        const header = reply?.headers['x-sluice-losses'] ?? ''
        expect(header.length).toBeLessThanOrEqual(4096)
        expect(header).toMatch(/^messages\[0\]\.x/)
        const [, left] = /,\+(\d+)$/.exec(header) ?? []
        expect(header.split(',').length - 1 + Number(left)).toBe(500)
      },
    },
    'refuses a call that would lose something when it is told to': {
      options: 'on_loss = "refuse"',
      providers,
      losses: { call: [topK, strict] },
      expect({ failure, sent }) {
        expect(failure).toMatchObject({ status: 400, code: 'conversion_loss', param: 'sampling.topK' })
        expect(failure).toHaveProperty(
          'message',
          expect.stringContaining('sampling.topK dropped (OpenAI has no top_k)'),
        )
        expect(sent).toHaveLength(0)
      },
    },
    'never refuses for what a reply loses': {
      options: 'on_loss = "refuse"',
      providers,
      losses: { reply: [citation] },
      expect({ reply }) {
        expect(reply?.headers['x-sluice-losses']).toBe('content[0].citations;dropped;no citations')
      },
    },
    'tells what a stream lost at its end': {
      providers,
      losses: { call: [topK], reply: [citation] },
      call: { stream: true },
      expect({ reply, log }) {
        expect(reply?.headers['x-sluice-losses']).toBe('sampling.topK;dropped;OpenAI has no top_k')
        expect(log.at(-1)).toMatchObject({ message: 'lost in converting the reply', fields: { count: 1 } })
      },
    },
    'translates model lists and token counts too': {
      providers,
      replies: [{ models: [{ id: 'gemini-3' }] }, { tokens: 7 }],
      calls: [{ operation: 'list-models' }, { operation: 'count-tokens' }],
      expect({ calls, sent }) {
        expect(sent.map(call => call.format)).toEqual(['gemini', 'gemini'])
        expect(calls[0]?.reply?.models).toEqual([{ id: 'gemini-3' }])
        expect(calls[1]?.reply?.tokens).toBe(7)
      },
    },
    'passes a failure on': {
      providers,
      replies: [{ failure: 'connect' }],
      expect: ({ failure }) => expect(failure).toMatchObject({ failure: 'connect' }),
    },
  },
})

test('convert makes a header that can be sent of any losses', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom(',', ';', '\r\n', '\0', 'é', '💧'),
  )
  const loss = fc.record({ path: text, action: fc.constantFrom('dropped', 'approximated'), reason: text })
  await fc.assert(
    fc.asyncProperty(fc.array(loss, { minLength: 1, maxLength: 60 }), async call => {
      const bench = await Workbench.open('convert', convert, { providers, losses: { call: call as readonly Loss[] } })
      const { reply } = await bench.run({})
      const header = reply?.headers['x-sluice-losses'] ?? ''
      expect(() => validateHeaderValue('x-sluice-losses', header)).not.toThrow()
      expect(header.length).toBeLessThanOrEqual(4096)
      for (const entry of header.split(',')) expect(entry).toMatch(/^\+\d+$|^[^;]*;(dropped|approximated);[^;]*$/)
      await bench.close()
    }),
    { numRuns: 200 },
  )
})

test('a whole reply that cannot be translated fails in the step, and not once more when it ends', async () => {
  const metrics = { counter: () => ({ add: () => {} }) }
  const processor = await convert.setup({ options: { on_loss: 'warn' }, metrics } as unknown as Tools<unknown>)
  const ended = Promise.withResolvers<Outcome>()
  let asked = 0
  const reply = {
    stream: false,
    ended: ended.promise,
    as: () => reply,
    get losses(): never {
      asked++
      throw new Error('the encoder has a bug')
    },
  }
  const call = { format: 'gemini', target: 'openai-chat', losses: [], as: () => call }
  const handled = processor.handle(call as unknown as Call, async () => reply as unknown as Reply)
  await expect(handled).rejects.toThrow('the encoder has a bug')
  ended.resolve('abandoned')
  await ended.promise
  expect(asked).toBe(1)
})
