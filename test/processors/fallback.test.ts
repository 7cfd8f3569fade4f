import { Refusal, UpstreamError } from 'sluice'
import { type CallSketch, type Seen, testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import fallback from '../../processors/fallback.ts'

const ok = { text: 'ok' } as const
const providers = { main: 'openai-chat', second: 'openai-chat', third: 'anthropic-messages' } as const
const options = 'to = [{ provider = "second" }, { provider = "third", model = "claude" }]'
const open = new Refusal(503, 'breaker_open', 'Not now.', { retryAfterMs: 900 })

const places = ({ sent }: Seen): readonly string[] => sent.map(({ provider, model }) => `${provider}/${model}`)

function tooLong(): UpstreamError {
  const view = { kind: 'context-length', status: 400, code: 'context_length_exceeded', message: 'Too long.' } as const
  return new UpstreamError(view, { failure: 'status_400', provider: 'main' })
}

testProcessor(test, 'fallback', fallback, {
  accepts: ['to = [{ provider = "main" }]', 'to = [{ provider = "main" }]\non = []\non_refusal = []'],
  rejects: {
    '': 'to',
    'to = []': 'must not be empty',
    'to = [{ model = "m" }]': 'provider',
    'to = [{ provider = "main" }]\non = ["status_400"]': 'must be one of',
    'to = [{ provider = "main" }]\nmach = "x"': 'did you mean "match"',
  },
  calls: {
    'lets a call that goes well alone': {
      options,
      providers,
      expect(seen) {
        expect(seen.reply?.headers).toEqual({})
        expect(places(seen)).toEqual(['main/test-model'])
      },
    },
    'goes from place to place until one answers, at once': {
      options,
      providers,
      replies: [{ failure: 'connect' }, { failure: 'status_500' }, ok],
      expect(seen) {
        const { reply, clock, metrics, log, sent } = seen
        expect(reply?.text).toBe('ok')
        expect(reply?.headers).toEqual({ 'x-sluice-fallback': 'third' })
        expect(places(seen)).toEqual(['main/test-model', 'second/test-model', 'third/claude'])
        expect(sent.map(({ alternatives }) => alternatives)).toEqual([2, 1, 0])
        expect(sent.map(({ target }) => target)).toEqual(['openai-chat', 'openai-chat', 'anthropic-messages'])
        expect(clock.slept).toEqual([])
        expect(metrics.map(({ labels }) => labels)).toEqual([
          { provider: 'second', failure: 'connect' },
          { provider: 'third', failure: 'status_500' },
        ])
        expect(log.map(({ fields }) => fields.to)).toEqual(['second', 'third'])
      },
    },
    'tells the last failure, and the log what was tried': {
      options,
      providers,
      replies: [
        { failure: 'connect' },
        { failure: 'reset' },
        { failure: 'status_429', status: 429, retryAfterMs: 9000 },
      ],
      expect({ failure, log, sent }) {
        expect(failure).toMatchObject({ status: 429, provider: 'third', retryAfterMs: 9000 })
        expect(failure).toMatchObject({ headers: { 'x-should-retry': 'false' } })
        expect(String(failure)).not.toContain('main')
        expect(sent).toHaveLength(3)
        expect(log.at(-1)?.fields).toEqual({ tried: 'main connect, second reset, third status_429' })
      },
    },
    "stays where the failure is the call's own fault": {
      options,
      providers,
      replies: [{ failure: 'status_400', status: 422 }],
      expect({ failure, sent }) {
        expect(sent).toHaveLength(1)
        expect(failure).toMatchObject({ status: 422 })
        expect(failure).toHaveProperty('headers', undefined)
      },
    },
    'stays where another processor refuses': {
      options,
      providers,
      replies: [{ throws: new Refusal(429, 'rate_limited', 'Too many.') }],
      expect: ({ failure, sent }) => expect([sent.length, failure]).toMatchObject([1, { code: 'rate_limited' }]),
    },
    'does not stop at what a stand-in objects to': {
      options,
      providers,
      replies: [{ failure: 'status_500', status: 500 }, { failure: 'status_400', status: 400 }, ok],
      expect: ({ reply }) => expect(reply?.text).toBe('ok'),
    },
    'does not tell what a stand-in objects to': {
      options,
      providers,
      replies: [
        { failure: 'status_500', status: 500 },
        { failure: 'status_400', status: 400 },
      ],
      expect: ({ failure }) => expect(failure).toMatchObject({ status: 500, provider: 'main' }),
    },
    'acts only on what it is told to': {
      options: `${options}\non = ["connect"]`,
      providers,
      replies: [{ failure: 'connect' }, { failure: 'status_500', status: 500 }, ok],
      expect: ({ sent, reply }) => expect([sent.length, reply?.text]).toEqual([3, 'ok']),
    },
    'leaves other failures alone': {
      options: `${options}\non = ["connect"]`,
      providers,
      replies: [{ failure: 'status_500', status: 500 }, ok],
      expect: ({ sent }) => expect(sent).toHaveLength(1),
    },
    'leaves other models alone': {
      options: `${options}\nmatch = "gpt-*"`,
      providers,
      replies: [{ failure: 'connect' }],
      expect: ({ sent }) => expect(sent).toHaveLength(1),
    },
    'does not go where the call has been': {
      options: 'to = [{ provider = "main" }, { provider = "main", model = "other" }, { provider = "second" }]',
      providers,
      replies: [{ failure: 'connect' }],
      call: { provider: 'second' },
      expect: seen => expect(places(seen)).toEqual(['second/test-model', 'main/test-model', 'main/other']),
    },
    'does not go where the key may not': {
      options,
      providers,
      replies: [{ failure: 'connect' }],
      call: { identity: { name: 'alice', providers: ['main', 'third'] } },
      expect: seen => expect(places(seen)).toEqual(['main/test-model', 'third/claude']),
    },
    'sends what is too long to larger models only': {
      options: 'to = [{ provider = "second" }, { provider = "third", model = "long", larger = true }]',
      providers,
      replies: [{ throws: tooLong() }, ok],
      expect(seen) {
        expect(places(seen)).toEqual(['main/test-model', 'third/long'])
        expect(seen.metrics[0]?.labels).toEqual({ provider: 'third', failure: 'context_length' })
      },
    },
    'says what is too long where nothing is larger': {
      options,
      providers,
      replies: [{ throws: tooLong() }],
      expect: ({ sent, failure }) => expect([sent.length, failure]).toMatchObject([1, { kind: 'context-length' }]),
    },
    'goes on from an open breaker, and comes back to it as the last hope': {
      options,
      providers,
      replies: [{ throws: open }, { failure: 'connect' }, { failure: 'connect' }, ok],
      expect(seen) {
        expect(places(seen)).toEqual(['main/test-model', 'second/test-model', 'third/claude', 'main/test-model'])
        expect(seen.sent.map(({ alternatives }) => alternatives)).toEqual([2, 2, 1, 0])
        expect(seen.reply?.headers).toEqual({ 'x-sluice-fallback': 'main' })
      },
    },
    'ends when all breakers stay open': {
      options,
      providers,
      replies: [{ throws: open }],
      expect({ failure, sent }) {
        expect(sent).toHaveLength(6)
        expect(failure).toMatchObject({ code: 'breaker_open', retryAfterMs: 900 })
      },
    },
    'goes on from a provider without a key': {
      options,
      providers,
      replies: [{ throws: new Refusal(502, 'provider_without_key', 'No key.') }, ok],
      expect: seen => expect(places(seen)).toEqual(['main/test-model', 'second/test-model']),
    },
    'says that there are more places than its own': {
      options,
      providers,
      call: { alternatives: 3 },
      expect: ({ sent }) => expect(sent[0]?.alternatives).toBe(5),
    },
    'leaves a reply that has begun alone': {
      options,
      providers,
      replies: [{ events: [{ type: 'start', id: 'r', model: 'm' }, { type: 'ping' }] }],
      call: { stream: true },
      expect: ({ sent, reply }) => expect([sent.length, reply?.broken]).toMatchObject([1, { failure: 'truncated' }]),
    },
    'stops when the client leaves': {
      options,
      providers,
      replies: [{ failure: 'connect' }, { hangs: true }],
      call: { leaves: 'while-waiting' },
      expect: ({ failure, sent }) => expect([sent.length, failure]).toMatchObject([2, { message: 'the client left' }]),
    },
    'does not look into calls': { options, providers, expect: ({ decoded }) => expect(decoded).toBe(0) },
  },
})

const KEPT: readonly (readonly [string, CallSketch, 'reset' | 'status_500', number])[] = [
  ['a stored call that may have been stored', { conversation: { state: { store: true } } }, 'reset', 1],
  ['a stored call that was refused', { conversation: { state: { store: true } } }, 'status_500', 2],
  ['a call that builds on another', { conversation: { state: { previousId: 'resp_1' } } }, 'status_500', 1],
]

test.each(KEPT)('fallback sends %s on or not', async (_, call, failure, attempts) => {
  const bench = await Workbench.open('fallback', fallback, {
    options: 'to = [{ provider = "second" }]',
    providers,
    replies: [{ failure }, ok],
  })
  await bench.run({ ...call, format: 'openai-responses' })
  expect(bench.script.sent).toHaveLength(attempts)
  await bench.close()
})
