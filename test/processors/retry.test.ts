import { Refusal, UpstreamError } from 'sluice'
import { type CallSketch, type Seen, testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import retry from '../../processors/retry.ts'

const ok = { text: 'ok' } as const

function givenUp({ failure }: Seen): UpstreamError {
  if (!(failure instanceof UpstreamError)) throw new Error('was not given up')
  expect(failure.headers).toEqual({ 'x-should-retry': 'false' })
  return failure
}

function hinting(failure: 'status_400' | 'status_500', hint: string): UpstreamError {
  const view = { kind: 'upstream', status: 500, code: 'upstream_error', message: 'No.' } as const
  return new UpstreamError(view, { failure, provider: 'main', headers: { 'x-should-retry': hint } })
}

testProcessor(test, 'retry', retry, {
  accepts: ['', 'on = []', 'attempts = 1'],
  rejects: {
    'attempts = 0': 'must be at least 1, not 0',
    'attempts = 11': 'must be at most 10',
    'on = ["status_400"]': 'must be one of',
    'on = ["dns", "dns"]': 'same entry twice',
    'budget = 1.5': 'must be at most 1',
    'base_delay = 250': 'duration in quotes',
    'atempts = 2': 'did you mean "attempts"',
  },
  calls: {
    'passes a reply on at once': {
      expect({ reply, sent, clock }) {
        expect(reply?.text).toBe('ok')
        expect(sent).toHaveLength(1)
        expect(clock.slept).toEqual([])
      },
    },
    'tries again until there is a reply': {
      replies: [{ failure: 'connect' }, { failure: 'status_500' }, ok],
      expect({ reply, sent, metrics, log }) {
        expect(reply?.text).toBe('ok')
        expect(sent).toHaveLength(3)
        expect(metrics.map(({ labels }) => labels.failure)).toEqual(['connect', 'status_500'])
        expect(log.map(line => line.message)).toEqual(['trying again', 'trying again'])
      },
    },
    'gives up after the last attempt, and tells the SDK not to go on': {
      options: 'attempts = 2',
      replies: [
        { failure: 'status_500', status: 503 },
        { failure: 'status_529', status: 529 },
      ],
      expect(seen) {
        expect(seen.sent).toHaveLength(2)
        expect(givenUp(seen)).toMatchObject({ status: 529, failure: 'status_529', provider: 'main' })
      },
    },
    'does not try again what is not the fault of the provider': {
      replies: [{ failure: 'status_400', status: 400 }],
      expect({ sent, failure }) {
        expect(sent).toHaveLength(1)
        expect(failure).toMatchObject({ status: 400 })
        expect(failure).toHaveProperty('headers', undefined)
      },
    },
    'does not try again what another processor refused': {
      replies: [{ throws: new Refusal(429, 'rate_limited', 'Too many.') }],
      expect({ sent, failure }) {
        expect(sent).toHaveLength(1)
        expect(failure).toMatchObject({ code: 'rate_limited' })
      },
    },
    'tries only what it is told to': {
      options: 'on = ["dns"]',
      replies: [{ failure: 'dns' }, { failure: 'connect' }, ok],
      expect({ sent, failure }) {
        expect(sent).toHaveLength(2)
        expect(failure).toMatchObject({ failure: 'connect' })
      },
    },
    'waits at least as long as the provider asks': {
      replies: [{ failure: 'status_429', status: 429, retryAfterMs: 2000 }, ok],
      expect({ reply, clock }) {
        expect(reply?.text).toBe('ok')
        expect(clock.slept).toHaveLength(1)
        expect(clock.slept[0]).toBeGreaterThanOrEqual(2000)
        expect(clock.slept[0]).toBeLessThanOrEqual(3000)
      },
    },
    'passes a long retry-after on instead of waiting for it': {
      replies: [{ failure: 'status_429', status: 429, retryAfterMs: 20_001 }],
      expect(seen) {
        expect(seen.sent).toHaveLength(1)
        expect(seen.clock.slept).toEqual([])
        expect(givenUp(seen)).toMatchObject({ retryAfterMs: 20_001 })
      },
    },
    'leaves a reply that has begun alone, even if it breaks': {
      replies: [{ events: [{ type: 'start', id: 'r', model: 'm' }, { type: 'ping' }] }],
      call: { stream: true },
      expect({ sent, reply }) {
        expect(sent).toHaveLength(1)
        expect(reply?.broken).toMatchObject({ failure: 'truncated' })
      },
    },
    'repeats a call that the provider keeps when it certainly never arrived': {
      replies: [{ failure: 'connect', unsent: true }, ok],
      call: { format: 'openai-responses', conversation: { state: { store: true } } },
      expect: ({ sent }) => expect(sent).toHaveLength(2),
    },
    'repeats a call that the provider does not keep': {
      replies: [{ failure: 'first_token_timeout' }, ok],
      call: { format: 'openai-responses', conversation: { state: { store: false } } },
      expect: ({ sent }) => expect(sent).toHaveLength(2),
    },
    'does not look into the call before something fails': {
      call: { format: 'openai-responses' },
      expect: ({ decoded }) => expect(decoded).toBe(0),
    },
    'does not wait longer than the call has left': {
      replies: [{ failure: 'status_429', status: 429, retryAfterMs: 2000 }, ok],
      call: { deadline: 1500 },
      expect(seen) {
        expect(seen.clock.slept).toEqual([])
        expect(givenUp(seen)).toMatchObject({ status: 429, retryAfterMs: 2000 })
      },
    },
    'waits where the call has the time': {
      replies: [{ failure: 'status_429', status: 429, retryAfterMs: 2000 }, ok],
      call: { deadline: 60_000 },
      expect: ({ reply }) => expect(reply?.text).toBe('ok'),
    },
    'does not wait for a provider while there is another place to go to': {
      replies: [{ failure: 'status_429', status: 429, retryAfterMs: 2000 }, ok],
      call: { alternatives: 1 },
      expect: ({ sent, clock }) => expect([sent.length, clock.slept]).toEqual([1, []]),
    },
    'waits for a provider that is the last hope': {
      replies: [{ failure: 'status_429', status: 429, retryAfterMs: 2000 }, ok],
      call: { alternatives: 0 },
      expect: ({ sent }) => expect(sent).toHaveLength(2),
    },
    'believes a provider that says another attempt is of no use': {
      replies: [{ throws: hinting('status_500', 'false') }, ok],
      expect: ({ sent, failure }) => {
        expect(sent).toHaveLength(1)
        expect(failure).toMatchObject({ headers: { 'x-should-retry': 'false' } })
      },
    },
    'believes a provider that says another attempt may help': {
      replies: [{ throws: hinting('status_400', 'true') }, ok],
      expect({ sent, metrics }) {
        expect(sent).toHaveLength(2)
        expect(metrics).toEqual([{ name: 'retries_total', value: 1, labels: { provider: 'main', failure: 'hinted' } }])
      },
    },
    'stops when its budget is used up': {
      options: 'budget = 0\nbudget_per_minute = 1',
      replies: [{ failure: 'connect' }],
      expect(seen) {
        expect(seen.sent).toHaveLength(2)
        expect(givenUp(seen)).toMatchObject({ failure: 'connect' })
        expect(seen.metrics.at(-1)).toEqual({
          name: 'retry_budget_exhausted_total',
          value: 1,
          labels: { provider: 'main' },
        })
      },
    },
    'gets its budget back in a minute': {
      options: 'attempts = 2\nbudget = 0\nbudget_per_minute = 1\nbase_delay = "0s"',
      replies: [{ failure: 'connect' }],
      calls: [{}, {}, { after: 60_000 }],
      expect: ({ sent }) => expect(sent).toHaveLength(5),
    },
    'stops when the client leaves': {
      replies: [{ failure: 'connect' }, { hangs: true }],
      call: { leaves: 'while-waiting' },
      expect({ failure, sent }) {
        expect(sent).toHaveLength(2)
        expect(failure).toHaveProperty('message', 'the client left')
      },
    },
  },
})

const KEPT: readonly CallSketch[] = [
  { format: 'openai-responses', conversation: { state: { store: true } } },
  { format: 'openai-responses', conversation: { state: { previousId: 'resp_1' } } },
  { format: 'openai-responses', conversation: { state: { conversation: 'conv_1' } } },
  { format: 'openai-responses', conversation: { extensions: { 'openai-responses': { background: 'true' } } } },
  { format: 'anthropic-messages', conversation: { state: { thread: '{}' } } },
]

for (const call of KEPT) {
  test(`retry does not repeat what the provider keeps after a reset: ${JSON.stringify(call)}`, async () => {
    const bench = await Workbench.open('retry', retry, { replies: [{ failure: 'reset' }, ok] })
    const { failure } = await bench.run(call)
    expect(failure).toMatchObject({ failure: 'reset' })
    expect(bench.script.sent).toHaveLength(1)
    await bench.close()
  })
}

test('retry spreads its waits evenly from nothing to a bound that doubles', async () => {
  const waits: number[][] = [[], [], [], [], []]
  for (let run = 0; run < 400; run++) {
    const options = 'attempts = 6\nbase_delay = "100ms"\nmax_delay = "800ms"'
    const bench = await Workbench.open('retry', retry, { options, replies: [{ failure: 'connect' }] })
    await bench.run({})
    bench.clock.slept.forEach((ms, index) => {
      waits[index]?.push(ms)
    })
    await bench.close()
  }
  const bounds = [100, 200, 400, 800, 800]
  waits.forEach((each, index) => {
    const bound = bounds[index] ?? 0
    const mean = each.reduce((sum, ms) => sum + ms, 0) / each.length
    expect(Math.max(...each)).toBeLessThanOrEqual(bound)
    // The mean of 400 even draws is within a tenth of the bound of its half, but for one run in ten million.
    expect(Math.abs(mean - bound / 2)).toBeLessThan(bound / 10)
  })
})

test('retry asks the host for as much time as it may wait', async () => {
  const bench = await Workbench.open('retry', retry, { options: 'max_retry_after = "30s"\nmax_delay = "4s"' })
  expect(bench.processor.deadlineMs).toBeGreaterThan(34_000)
  await bench.close()
})

test('retry adds no more than a fifth to the calls at a provider that is down', async () => {
  const options = 'base_delay = "0s"\nbudget_per_minute = 30'
  const bench = await Workbench.open('retry', retry, { options, replies: [{ failure: 'status_500', status: 500 }] })
  for (let index = 0; index < 1000; index++) await bench.run({})
  expect(bench.script.sent.length).toBeLessThanOrEqual(1000 + 200 + 30)
  expect(bench.script.sent.length).toBeGreaterThan(1200)
  await bench.close()
})
