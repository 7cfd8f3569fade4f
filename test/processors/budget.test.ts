import fc from 'fast-check'
import { Refusal } from 'sluice'
import { type CallSketch, testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import budget from '../../processors/budget.ts'

/** A dollar for a thousand tokens, in or out. */
const PRICES = { 'test-model': { input: 1000, output: 1000 } }
const DAY = 86_400_000

const alice: CallSketch = { identity: { name: 'alice', team: 'red' }, maxOutputTokens: 100 }
const bob: CallSketch = { identity: { name: 'bob', team: 'red' }, maxOutputTokens: 100 }

function times(count: number, sketch: CallSketch): readonly CallSketch[] {
  return Array.from({ length: count }, () => sketch)
}

function outcomes(calls: readonly { readonly reply?: { readonly status: number }; readonly failure?: unknown }[]) {
  return calls.map(({ reply, failure }) => reply?.status ?? (failure instanceof Refusal ? failure.code : failure))
}

testProcessor(test, 'budget', budget, {
  accepts: ['dollars = 0.5', 'dollars = 10\nevery = "day"\nper = "pipeline"\ngrace = "5m"'],
  rejects: {
    '': 'dollars: is missing',
    'dollars = 0': 'must be more than 0',
    'dollars = 1\nevery = "week"': 'must be one of "day", "month"',
    'dollars = 1\nper = "model"': 'must be one of "key", "team", "pipeline"',
  },
  calls: {
    'lets calls through until the money is spent': {
      options: 'dollars = 1',
      prices: PRICES,
      replies: [{ text: 'ok', usage: { input: 200, output: 100 } }],
      calls: times(4, alice),
      expect({ calls, failure, metrics }) {
        expect(outcomes(calls)).toEqual([200, 200, 200, 'budget_exhausted'])
        expect(failure).toMatchObject({ status: 402, kind: 'billing' })
        expect(failure).toHaveProperty(
          'message',
          'Of the budget of 1 dollars a month for the key "alice", not enough is left for this call (0.1000 dollars). ' +
            'It begins anew on 2030-02-01 (UTC).',
        )
        expect(metrics).toEqual([{ name: 'budget_refusals_total', value: 1, labels: { reason: 'exhausted' } }])
      },
    },
    'charges nothing for a reply that repeats an earlier one': {
      options: 'dollars = 1',
      prices: PRICES,
      replies: [{ text: 'ok', usage: { input: 300, output: 100, repeated: true } }],
      calls: times(5, alice),
      expect: ({ calls }) => expect(outcomes(calls)).toEqual([200, 200, 200, 200, 200]),
    },
    'tells what is left': {
      options: 'dollars = 5\noutput_estimate = 0',
      prices: PRICES,
      replies: [{ text: 'ok', usage: { input: 1000, output: 1000 } }],
      calls: times(2, alice),
      expect({ reply }) {
        expect(Number(reply?.headers['x-sluice-budget-remaining'])).toBeGreaterThan(2.8)
        expect(Number(reply?.headers['x-sluice-budget-remaining'])).toBeLessThan(3)
      },
    },
    'begins anew with the month': {
      options: 'dollars = 1',
      prices: PRICES,
      replies: [{ text: 'ok', usage: { input: 1000, output: 1000 } }],
      calls: [alice, { ...alice, after: 31 * DAY - 1 }, { ...alice, after: 1 }],
      expect({ calls, storeKeys }) {
        expect(outcomes(calls)).toEqual([200, 'budget_exhausted', 200])
        expect([...storeKeys]).toEqual(['2030-01:key:alice', '2030-02:key:alice'])
      },
    },
    'begins anew with the day': {
      options: 'dollars = 1\nevery = "day"',
      prices: PRICES,
      replies: [{ text: 'ok', usage: { input: 1000, output: 1000 } }],
      calls: [alice, { ...alice, after: DAY - 1 }, { ...alice, after: 1 }],
      expect({ calls, storeKeys }) {
        expect(outcomes(calls)).toEqual([200, 'budget_exhausted', 200])
        expect([...storeKeys]).toContain('2030-01-02:key:alice')
      },
    },
    'is one for a team': {
      options: 'dollars = 1\nper = "team"',
      prices: PRICES,
      replies: [{ text: 'ok', usage: { input: 1000, output: 0 } }],
      calls: [alice, bob, { identity: { name: 'eve' }, maxOutputTokens: 100 }],
      expect({ calls }) {
        expect(outcomes(calls)).toEqual([200, 'budget_exhausted', 200])
      },
    },
    'gives back what a failed call did not cost': {
      options: 'dollars = 0.3',
      prices: PRICES,
      replies: [{ failure: 'connect' }, { failure: 'connect' }, { text: 'ok', usage: { input: 1, output: 1 } }],
      calls: times(4, alice),
      expect({ calls }) {
        expect(calls.map(({ reply }) => reply?.status)).toEqual([undefined, undefined, 200, 200])
      },
    },
    'charges the estimate where nobody tells the usage': {
      options: 'dollars = 0.2',
      prices: PRICES,
      replies: [{ text: 'ok' }],
      calls: times(2, alice),
      expect({ calls }) {
        expect(outcomes(calls)).toEqual([200, 'budget_exhausted'])
      },
    },
    'charges what had come of a stream that the client left': {
      options: 'dollars = 0.3',
      prices: PRICES,
      replies: [{ text: 'ok', usage: { input: 1000, output: 1 } }],
      calls: [{ ...alice, stream: true }, alice],
      expect({ calls }) {
        expect(outcomes(calls)).toEqual([200, 'budget_exhausted'])
      },
    },
    'lets calls through that have no price, and counts them': {
      options: 'dollars = 1',
      replies: [{ text: 'ok', usage: { input: 1000, output: 1000 } }],
      calls: times(2, alice),
      expect({ calls, metrics }) {
        expect(outcomes(calls)).toEqual([200, 200])
        expect(metrics.map(({ name }) => name)).toEqual(['budget_unpriced_total', 'budget_unpriced_total'])
      },
    },
    'refuses calls that have no price when it is told to': {
      options: 'dollars = 1\nunpriced = "refuse"',
      prices: PRICES,
      calls: [alice, { ...alice, model: 'gold' }],
      expect({ calls, failure }) {
        expect(outcomes(calls)).toEqual([200, 'price_unknown'])
        expect(failure).toHaveProperty('message', 'The price of the model "gold" is not known here.')
      },
    },
    'costs nothing to list models or to count tokens': {
      options: 'dollars = 0.001\nunpriced = "refuse"',
      replies: [{ models: [] }, { tokens: 3 }],
      calls: [
        { ...alice, operation: 'list-models' },
        { ...alice, operation: 'count-tokens' },
      ],
      expect({ calls, storeKeys }) {
        expect(outcomes(calls)).toEqual([200, 200])
        expect(storeKeys.size).toBe(0)
      },
    },
  },
})

test('budget is not overspent by calls that come at once', async () => {
  const replies = [{ text: 'ok', usage: { input: 0, output: 100 } }]
  const bench = await Workbench.open('budget', budget, { options: 'dollars = 1', prices: PRICES, replies })
  const seen = await Promise.all(Array.from({ length: 20 }, () => bench.run(alice)))
  const passed = seen.filter(({ reply }) => reply).length
  expect(passed).toBeGreaterThan(3)
  expect(passed * 0.1).toBeLessThanOrEqual(1)
  await bench.close()
})

test('budget never lets more be spent than it holds, but for what calls cost more than they said', async () => {
  const call = fc.record({ output: fc.integer({ min: 0, max: 400 }), after: fc.integer({ min: 0, max: DAY / 4 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 25 }), async plan => {
      const spent = new Map<string, number>()
      const replies = plan.map(({ output }) => ({ text: 'ok', usage: { input: 0, output } }))
      const options = 'dollars = 1\nevery = "day"'
      const bench = await Workbench.open('budget', budget, { options, prices: PRICES, replies })
      for (const { after } of plan) {
        const { reply } = await bench.run({ ...alice, maxOutputTokens: 400, after })
        if (!reply) continue
        const day = new Date(bench.clock.date()).toISOString().slice(0, 10)
        const output = replies[bench.script.sent.length - 1]?.usage.output ?? 0
        spent.set(day, (spent.get(day) ?? 0) + output / 1000)
      }
      for (const dollars of spent.values()) expect(dollars).toBeLessThanOrEqual(1 + 1e-9)
      await bench.close()
    }),
    { numRuns: 60 },
  )
})
