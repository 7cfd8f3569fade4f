import fc from 'fast-check'
import { Refusal } from 'sluice'
import { type CallSketch, type ScriptedReply, testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import rateLimit from '../../processors/rate-limit.ts'

const alice: CallSketch = { identity: { name: 'alice' } }
const bob: CallSketch = { identity: { name: 'bob' } }

function times(count: number, sketch: CallSketch): readonly CallSketch[] {
  return Array.from({ length: count }, () => sketch)
}

function statusOf(failure: unknown): number | undefined {
  return failure instanceof Refusal ? failure.status : undefined
}

testProcessor(test, 'rate-limit', rateLimit, {
  accepts: [
    'requests_per_day = 1',
    'tokens_per_minute = 1',
    'requests_per_minute = 1\nper = "address"',
    'concurrent = 3\nshadow = true',
    'limits = [{ of = "dollars", amount = 0.5, every = "24h", per = "team" }]',
    'limits = [{ of = "requests", amount = 1 }, { of = "requests", amount = 5, per = "team" }]',
  ],
  rejects: {
    '': 'no limit is set',
    'requests_per_minute = 0': 'must be at least 1, not 0',
    'requests_per_minute = "60"': 'must be a whole number',
    'request_per_minute = 60': 'did you mean "requests_per_minute"',
    'requests_per_minute = 60\nper = "user"': 'must be one of "key", "team", "model"',
    'tokens_per_minute = 60\nburst = 5': 'burst needs a request limit',
    'limits = []': 'no limit is set',
    'limits = [{ of = "words", amount = 1 }]': 'must be one of "requests", "input_tokens"',
    'limits = [{ of = "requests", amount = 0 }]': 'must be more than 0',
    'limits = [{ of = "concurrent", amount = 1.5 }]': 'give a whole number',
    'requests_per_minute = 1\nlimits = [{ of = "requests", amount = 2 }]':
      'limited twice in the same time for each key',
  },
  calls: {
    'lets as many through as the limit says, and tells the next one when to return': {
      options: 'requests_per_minute = 3',
      calls: times(4, alice),
      expect({ calls, failure, sent, metrics }) {
        expect(calls.map(call => call.reply?.status)).toEqual([200, 200, 200, undefined])
        expect(failure).toMatchObject({ status: 429, code: 'rate_limited', kind: 'rate-limit', retryAfterMs: 20_000 })
        expect(failure).toHaveProperty(
          'message',
          'The limit of 3 requests a minute for the key "alice" is used up. Try again in 20 s.',
        )
        expect(sent).toHaveLength(3)
        expect(metrics).toEqual([
          { name: 'rate_limit_refusals_total', value: 1, labels: { limit: 'requests_per_minute' } },
        ])
      },
    },
    'keeps its word about when to return': {
      options: 'requests_per_minute = 2',
      calls: [...times(3, alice), { ...alice, after: 29_999 }, { ...alice, after: 1 }],
      expect({ calls }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 200, 429, 429, 200])
      },
    },
    'counts each key by itself': {
      options: 'requests_per_minute = 1',
      calls: [alice, bob, alice, bob],
      expect({ calls }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 200, 429, 429])
      },
    },
    'counts everybody together when it is told to': {
      options: 'requests_per_minute = 1\nper = "pipeline"',
      calls: [alice, bob],
      expect({ calls, storeKeys }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 429])
        expect([...storeKeys]).toEqual(['requests_per_minute:all'])
      },
    },
    'counts an IPv6 network of 64 bits as one address, and a mapped IPv4 address as itself': {
      options: 'requests_per_minute = 1\nper = "address"',
      calls: [
        { address: '2001:db8:1:2::1' },
        { address: '2001:db8:1:2:ffff::9' },
        { address: '2001:0db8:0001:0002:0:0:0:7' },
        { address: '2001:db8:1:3::1' },
        { address: '::1' },
        { address: '192.0.2.7' },
        { address: '::ffff:192.0.2.7' },
      ],
      expect({ calls, storeKeys }) {
        const statuses = calls.map(call => call.reply?.status ?? statusOf(call.failure))
        expect(statuses).toEqual([200, 429, 429, 200, 200, 200, 429])
        expect([...storeKeys]).toContain('requests_per_minute:address:2001:db8:1:2::/64')
      },
    },
    'falls back to the address where nobody is known': {
      options: 'requests_per_minute = 1',
      calls: [{ address: '192.0.2.1' }, { address: '192.0.2.2' }, { address: '192.0.2.1' }],
      expect({ calls }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 200, 429])
      },
    },
    'takes from no limit when one of them refuses': {
      options: 'requests_per_second = 1\nrequests_per_hour = 3',
      calls: [alice, ...times(50, alice), { ...alice, after: 1000 }, { ...alice, after: 1000 }],
      expect({ calls }) {
        expect(calls.filter(call => call.reply)).toHaveLength(3)
        expect(calls.at(-1)?.reply?.status).toBe(200)
      },
    },
    'lets only a burst through at once': {
      options: 'requests_per_minute = 60\nburst = 2',
      calls: [...times(3, alice), { ...alice, after: 1000 }],
      expect({ calls }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 200, 429, 200])
      },
    },
    'charges tokens when the reply has ended, and refuses a caller in debt': {
      options: 'tokens_per_minute = 600',
      replies: [{ text: 'long', usage: { input: 400, output: 500 } }],
      calls: [alice, alice, { ...alice, after: 89_999 }, { ...alice, after: 1 }],
      expect({ calls }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 429, 429, 200])
        // A call is expected to use all of so small a limit, and the caller is 300 tokens in debt.
        expect(calls[1]?.failure).toMatchObject({ retryAfterMs: 90_000 })
        expect(calls[1]?.failure).toHaveProperty('message', expect.stringContaining('600 tokens a minute'))
      },
    },
    'names the limit that refused, not another one that still has room': {
      options: 'requests_per_minute = 2\ntokens_per_minute = 600',
      replies: [{ text: 'long', usage: { input: 600, output: 600 } }],
      calls: times(2, alice),
      expect({ failure, metrics }) {
        expect(failure).toHaveProperty('message', expect.stringContaining('600 tokens a minute'))
        expect(metrics.map(({ labels }) => labels.limit)).toEqual(['tokens_per_minute'])
      },
    },
    'charges the tokens of a stream that the client left': {
      options: 'tokens_per_minute = 10',
      replies: [
        {
          events: [
            { type: 'start', id: 'r', model: 'm', usage: { input: 50, output: 0 } },
            { type: 'usage', usage: { input: 50, output: 1 } },
            { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: 'a' } },
            { type: 'part-end', index: 0 },
            { type: 'finish', candidate: 0, reason: 'stop' },
            { type: 'end' },
          ],
        },
      ],
      calls: [{ ...alice, stream: true, reads: 'half' }, alice],
      expect({ calls, cancelled }) {
        expect(cancelled).toBe(1)
        expect(statusOf(calls[1]?.failure)).toBe(429)
      },
    },
    'costs nothing to list models or to count tokens': {
      options: 'requests_per_day = 1',
      replies: [{ models: [] }, { tokens: 3 }, { text: 'ok' }],
      calls: [
        { ...alice, operation: 'list-models' },
        { ...alice, operation: 'count-tokens' },
        { ...alice, operation: 'embed' },
        { ...alice, operation: 'embed' },
      ],
      expect({ calls }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 200, 200, 429])
      },
    },
    "tells OpenAI's SDKs the state of the limits": {
      options: 'requests_per_minute = 60\ntokens_per_minute = 6000',
      replies: [{ text: 'ok', usage: { input: 10, output: 10 } }],
      call: { ...alice, format: 'openai-responses', maxOutputTokens: 2500, prompt: 'x'.repeat(1000) },
      expect({ reply }) {
        expect(reply?.headers).toEqual({
          'x-ratelimit-limit-requests': '60',
          'x-ratelimit-remaining-requests': '59',
          'x-ratelimit-reset-requests': '1s',
          'x-ratelimit-limit-tokens': '6000',
          'x-ratelimit-remaining-tokens': expect.stringMatching(/^31\d\d$/),
          'x-ratelimit-reset-tokens': '29s',
        })
      },
    },
    "tells Anthropic's SDKs the state of the limits, also in a refusal": {
      options: 'requests_per_hour = 1',
      calls: times(2, { ...alice, format: 'anthropic-messages' }),
      expect({ failure }) {
        expect(failure).toHaveProperty('headers', {
          'anthropic-ratelimit-requests-limit': '1',
          'anthropic-ratelimit-requests-remaining': '0',
          'anthropic-ratelimit-requests-reset': '2030-01-01T01:00:00.000Z',
        })
      },
    },
    'counts by team, by model and by provider': {
      options: `limits = [
        { of = "requests", amount = 2, per = "team" },
        { of = "requests", amount = 3, per = "model" },
        { of = "requests", amount = 4, per = "provider" },
      ]`,
      calls: [
        { identity: { name: 'a', team: 'red' }, model: 'm' },
        { identity: { name: 'b', team: 'red' }, model: 'm' },
        { identity: { name: 'c', team: 'red' }, model: 'm' },
        { identity: { name: 'd' }, model: 'm' },
        { identity: { name: 'd' }, model: 'm' },
        { identity: { name: 'd' }, model: 'n' },
        { identity: { name: 'e' }, model: 'o' },
      ],
      expect({ calls, storeKeys }) {
        const statuses = calls.map(call => call.reply?.status ?? statusOf(call.failure))
        expect(statuses).toEqual([200, 200, 429, 200, 429, 200, 429])
        const messages = calls.map(({ failure }) => (failure instanceof Refusal ? failure.message : ''))
        expect(messages[2]).toContain('2 requests a minute for the team "red"')
        expect(messages[4]).toContain('3 requests a minute for the model "m"')
        expect(messages[6]).toContain('4 requests a minute for the provider "main"')
        expect([...storeKeys]).toContain('requests_per_minute:team:red')
      },
    },
    'counts input and output by themselves': {
      options: `limits = [
        { of = "input_tokens", amount = 1_000, every = "10s" },
        { of = "output_tokens", amount = 100, every = "10s" },
      ]`,
      replies: [{ text: 'ok', usage: { input: 10, output: 90 } }],
      calls: [
        { ...alice, maxOutputTokens: 50 },
        { ...alice, maxOutputTokens: 10 },
        { ...alice, maxOutputTokens: 10 },
        { ...alice, maxOutputTokens: 10, after: 9000 },
      ],
      expect({ calls, metrics }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 200, 429, 200])
        expect(calls[2]?.failure).toHaveProperty('message', expect.stringContaining('100 output tokens in 10 s'))
        expect(metrics).toMatchObject([{ labels: { limit: 'output_tokens_per_other' } }])
      },
    },
    'counts dollars as they are spent': {
      options: 'limits = [{ of = "dollars", amount = 0.03, every = "1h" }]',
      prices: { 'test-model': { input: 10, output: 100 } },
      replies: [{ text: 'ok', usage: { input: 100, output: 190 } }],
      calls: times(3, { ...alice, maxOutputTokens: 90 }),
      expect({ calls, reply, failure }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 200, 429])
        expect(failure).toHaveProperty('message', expect.stringContaining('0.03 dollars an hour'))
        expect(reply).toBeUndefined()
      },
    },
    'lets calls of unknown price through': {
      options: 'limits = [{ of = "dollars", amount = 0.001 }]',
      replies: [{ text: 'ok', usage: { input: 100_000, output: 100_000 } }],
      calls: times(3, alice),
      expect({ calls }) {
        expect(calls.map(call => call.reply?.status)).toEqual([200, 200, 200])
      },
    },
    'reserves what a call may use, and no more than `output_estimate`': {
      options: 'tokens_per_minute = 10_000\noutput_estimate = 100',
      replies: [{ hangs: true }],
      call: { ...alice, maxOutputTokens: 9_000, leaves: 'while-waiting' },
      async expect({ store }) {
        const bucket = {
          key: 'tokens_per_minute:key:alice',
          cost: 0,
          capacity: 10_000,
          refill: 10_000,
          periodMs: 60_000,
        }
        expect((await store.take([bucket])).buckets[0]?.remaining).toBe(10_000)
      },
    },
    'gives back what a call did not use that failed': {
      options: 'tokens_per_minute = 100\nrequests_per_minute = 3',
      replies: [{ failure: 'connect' }, { throws: new Refusal(400, 'rate_limited', 'No.') }, { text: 'ok' }],
      calls: times(4, alice),
      expect({ calls }) {
        const statuses = calls.map(call => call.reply?.status ?? statusOf(call.failure))
        expect([statuses[1], statuses[2], statuses[3]]).toEqual([400, 200, 429])
      },
    },
    'charges a reply that repeats an earlier one as a request, and its tokens and dollars to nobody': {
      options: 'tokens_per_minute = 100\nrequests_per_minute = 3\nlimits = [{ of = "dollars", amount = 1 }]',
      prices: { 'test-model': { input: 1000, output: 1000 } },
      replies: [{ text: 'ok', usage: { input: 60, output: 30, repeated: true } }],
      calls: Array.from({ length: 4 }, () => ({ maxOutputTokens: 50 })),
      expect({ calls, metrics }) {
        expect(calls.map(({ reply }) => reply?.status)).toEqual([200, 200, 200, undefined])
        expect(metrics.map(({ labels }) => labels.limit)).toEqual(['requests_per_minute'])
      },
    },
    'keeps the estimate charged where nobody tells the usage': {
      options: 'tokens_per_minute = 100',
      replies: [{ text: 'ok' }],
      calls: times(2, alice),
      expect({ calls }) {
        expect(calls.map(call => call.reply?.status ?? statusOf(call.failure))).toEqual([200, 429])
      },
    },
    'on trial counts what it would refuse, and refuses nothing': {
      options: 'requests_per_minute = 1\nshadow = true',
      calls: times(3, alice),
      expect({ calls, metrics }) {
        expect(calls.map(call => call.reply?.status)).toEqual([200, 200, 200])
        expect(calls[0]?.reply?.headers).toEqual({})
        expect(metrics.map(({ name, value }) => [name, value])).toEqual([
          ['rate_limit_shadow_refusals_total', 1],
          ['rate_limit_shadow_refusals_total', 1],
        ])
      },
    },
    'decodes no small call to count its tokens': {
      options: 'tokens_per_minute = 1_000_000',
      call: alice,
      expect({ decoded }) {
        expect(decoded).toBe(0)
      },
    },
    'takes a picture for a picture, and not for its bytes': {
      options: 'limits = [{ of = "input_tokens", amount = 10_000 }]',
      replies: [{ text: 'ok' }],
      call: {
        ...alice,
        format: 'anthropic-messages',
        conversation: {
          turns: [
            {
              role: 'user',
              parts: [{ type: 'media', kind: 'image', source: { base64: 'A'.repeat(200_000) }, mimeType: 'image/png' }],
            },
          ],
        },
      },
      expect({ reply, decoded }) {
        expect(decoded).toBe(1)
        expect(Number(reply?.headers['anthropic-ratelimit-input-tokens-remaining'])).toBeGreaterThan(8_000)
      },
    },
    'tells the state of the tightest limit': {
      options: 'requests_per_minute = 60\nrequests_per_day = 10',
      call: alice,
      expect({ reply }) {
        expect(reply?.headers['x-ratelimit-limit-requests']).toBe('10')
        expect(reply?.headers['x-ratelimit-remaining-requests']).toBe('9')
        expect(reply?.headers['x-ratelimit-reset-requests']).toBe('144m0s')
      },
    },
  },
})

test('rate-limit never lets more through than a burst and what has refilled since, and keeps its promises', async () => {
  const waits = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 10 }),
      waits,
      async (limit, burst, gaps) => {
        const options = `requests_per_minute = ${limit}\nburst = ${burst}`
        const bench = await Workbench.open('rate-limit', rateLimit, { options })
        let admitted = 0
        let promised = Number.POSITIVE_INFINITY
        for (const after of gaps) {
          const { reply, failure } = await bench.run({ ...alice, after })
          const now = bench.clock.now()
          if (reply) admitted++
          expect(admitted).toBeLessThanOrEqual(burst + (now * limit) / 60_000 + 1e-6)
          if (now >= promised) expect(reply).toBeDefined()
          promised = failure instanceof Refusal ? now + (failure.retryAfterMs ?? 0) : Number.POSITIVE_INFINITY
        }
        await bench.close()
      },
    ),
    { numRuns: 60 },
  )
})

test('rate-limit counts calls that are under way, and only those', async () => {
  const bench = await Workbench.open('rate-limit', rateLimit, { options: 'concurrent = 2\nper = "pipeline"' })
  const seen = await Promise.all([bench.run(alice), bench.run(bob), bench.run(alice)])
  expect(seen.map(({ reply, failure }) => reply?.status ?? statusOf(failure))).toEqual([200, 200, 429])
  expect(seen[2].failure).toMatchObject({ retryAfterMs: 1000, message: expect.stringContaining('2 calls at a time') })
  expect((await bench.run(bob)).reply?.status).toBe(200)
  await bench.close()
})

test('rate-limit loses neither slots nor tokens, however calls end', async () => {
  const ending = fc.constantFrom<CallSketch>(
    { stream: true },
    { stream: true, reads: 'half' },
    { stream: false },
    { leaves: 'while-waiting' },
    { leaves: 'before' },
  )
  const replies = fc.constantFrom<readonly ScriptedReply[]>(
    [{ text: 'ok', usage: { input: 0, output: 0 } }],
    [{ failure: 'reset' }],
    [{ hangs: true }],
    [{ throws: new Refusal(400, 'rate_limited', 'no') }],
  )
  await fc.assert(
    fc.asyncProperty(fc.array(ending, { minLength: 1, maxLength: 8 }), replies, async (endings, script) => {
      const options = 'concurrent = 1\ntokens_per_minute = 5_000\noutput_estimate = 100'
      const bench = await Workbench.open('rate-limit', rateLimit, { options, replies: script })
      const hangs = script.some(reply => 'hangs' in reply)
      for (const each of endings) {
        await bench.run({ ...alice, ...each, ...(hangs && { leaves: 'while-waiting' as const }) })
      }
      const [tokens, seats] = (
        await bench.store.reserve([
          { key: 'tokens_per_minute:key:alice', cost: 0, capacity: 5000, refill: 0, periodMs: 60_000 },
          { key: 'concurrent:key:alice', slots: 1 },
        ])
      ).buckets
      expect(seats?.remaining).toBe(0)
      expect(tokens?.remaining).toBeGreaterThan(5000 - 100 * endings.length)
      await bench.close()
    }),
    { numRuns: 60 },
  )
})
