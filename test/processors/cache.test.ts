import type { ReplyEvent } from 'sluice'
import { testProcessor } from 'sluice/testing'
import { expect, test } from 'vitest'
import cache from '../../processors/cache.ts'

const usage = { input: 3, output: 2 }
const alice = { name: 'alice', team: 'core' }
const bob = { name: 'bob', team: 'core' }

/** What each client was told of the cache. */
function results(calls: readonly { readonly reply?: { readonly headers: Readonly<Record<string, string>> } }[]) {
  return calls.map(({ reply }) => reply?.headers['x-sluice-cache'])
}

const brokenOff: readonly ReplyEvent[] = [
  { type: 'start', id: 'r', model: 'm' },
  { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: 'half' } },
]

testProcessor(test, 'cache', cache, {
  accepts: ['', 'max_age = "1s"\nmax_bytes = "1KiB"\nmax_reply = "1B"\nscope = "team"\nwait = "0s"\nmodels = ["*"]'],
  rejects: {
    'scope = "all"': 'must be one of "key", "team", "shared"',
    'max_age = 5': 'duration',
    'models = []': 'must not be empty',
  },
  calls: {
    'answers the same call from memory, and says so': {
      replies: [{ text: 'one', usage }, { text: 'two' }],
      calls: [{}, { after: 61_500 }, { prompt: 'other' }],
      expect({ calls, sent, metrics }) {
        expect(results(calls)).toEqual(['miss', 'hit', 'miss'])
        expect(calls.map(({ reply }) => reply?.text)).toEqual(['one', 'one', 'two'])
        expect(calls[1]?.reply?.headers.age).toBe('61')
        expect(calls[1]?.reply?.events).toContainEqual({ type: 'usage', usage })
        expect(sent).toHaveLength(2)
        const lookups = metrics.filter(({ name }) => name.includes('lookups'))
        expect(lookups.map(({ labels }) => labels.result)).toEqual(['miss', 'hit', 'miss'])
      },
    },
    'repeats a stream as a stream, event for event': {
      replies: [{ text: 'one', usage }],
      calls: [{ stream: true }, { stream: true }, {}],
      expect({ calls }) {
        expect(results(calls)).toEqual(['miss', 'hit', 'miss'])
        expect(calls[1]?.reply?.events).toEqual(calls[0]?.reply?.events)
      },
    },
    'takes no notice of what does not change the answer': {
      calls: [
        { conversation: { endUser: 'a', metadata: { b: 'c', d: 'e' }, sampling: { temperature: 0, seed: 1 } } },
        { conversation: { cacheKey: 'x', sampling: { seed: 1, temperature: 0 } } },
      ],
      expect: ({ calls }) => expect(results(calls)).toEqual(['miss', 'hit']),
    },
    'takes notice of everything else': {
      providers: { main: 'openai-chat', other: 'openai-chat' },
      calls: [
        {},
        { model: 'other' },
        { provider: 'other' },
        { format: 'gemini' },
        { stream: true },
        { operation: 'embed' },
        { maxOutputTokens: 5 },
        { conversation: { sampling: { seed: 1 } } },
        { conversation: { tools: [{ kind: 'function', name: 'f' }] } },
        { conversation: { extensions: { 'openai-chat': { new: '1' } } } },
      ],
      expect: ({ calls }) => expect(results(calls)).toEqual(Array(10).fill('miss')),
    },
    'keeps the replies of each key for that key': {
      calls: [
        { identity: alice },
        { identity: bob },
        { identity: alice },
        { credential: 'a-key' },
        { credential: 'b-key' },
        {},
      ],
      expect: ({ calls }) => expect(results(calls)).toEqual(['miss', 'miss', 'hit', 'miss', 'miss', 'miss']),
    },
    'keeps them for a team, in which a key may do the same': {
      options: 'scope = "team"',
      calls: [
        { identity: alice },
        { identity: bob },
        { identity: { ...bob, providers: ['main'] } },
        { identity: { name: 'core' } },
      ],
      expect: ({ calls }) => expect(results(calls)).toEqual(['miss', 'hit', 'miss', 'miss']),
    },
    'keeps them for all': {
      options: 'scope = "shared"',
      calls: [{ identity: alice }, { credential: 'a-key' }, { identity: { name: 'x', models: ['test-*'] } }],
      expect: ({ calls }) => expect(results(calls)).toEqual(['miss', 'hit', 'miss']),
    },
    'forgets what is too old': {
      options: 'max_age = "1m"',
      calls: [{}, { after: 59_999 }, { after: 1 }, { after: 59_999 }],
      expect: ({ calls }) => expect(results(calls)).toEqual(['miss', 'hit', 'miss', 'hit']),
    },
    'does as the client says': {
      replies: [{ text: 'one' }, { text: 'two' }, { text: 'three' }, { text: 'four' }],
      calls: [
        { headers: { 'cache-control': 'no-store' } },
        { headers: { 'x-sluice-cache': 'OFF' } },
        {},
        { headers: { 'cache-control': 'max-age=0, No-Cache' } },
        {},
      ],
      expect({ calls }) {
        expect(results(calls)).toEqual([undefined, undefined, 'miss', 'miss', 'hit'])
        expect(calls.at(-1)?.reply?.text).toBe('four')
      },
    },
    'keeps no failures': {
      replies: [{ failure: 'connect' }, { events: brokenOff }, { text: 'ok' }],
      calls: [{ stream: true }, { stream: true }, { stream: true }, { stream: true }],
      expect: ({ calls }) => expect(results(calls)).toEqual([undefined, 'miss', 'miss', 'hit']),
    },
    'keeps no reply that its client left': {
      replies: [{ text: 'a long reply' }],
      calls: [{ stream: true, reads: 'half' }, { stream: true }],
      expect: ({ calls }) => expect(results(calls)).toEqual(['miss', 'miss']),
    },
    'keeps no reply that is too large': {
      options: 'max_reply = "1KiB"',
      replies: [{ text: 'x'.repeat(600) }, { text: 'x' }],
      calls: [{}, {}, {}],
      expect: ({ calls }) => expect(results(calls)).toEqual(['miss', 'miss', 'hit']),
    },
    'makes room by letting go of what was not used for longest': {
      options: 'max_bytes = "1200B"',
      calls: [{ prompt: 'a' }, { prompt: 'b' }, { prompt: 'a' }, { prompt: 'c' }, { prompt: 'a' }, { prompt: 'b' }],
      expect({ calls, metrics }) {
        expect(results(calls)).toEqual(['miss', 'miss', 'hit', 'miss', 'hit', 'miss'])
        const sizes = metrics.filter(({ name }) => name.includes('bytes')).map(({ value }) => value)
        expect(Math.max(...sizes)).toBeLessThanOrEqual(1200)
      },
    },
    'lets the next call ask when one failed': {
      replies: [{ failure: 'connect' }, { text: 'ok' }],
      calls: [{}, {}],
      expect: ({ reply }) => expect(reply?.text).toBe('ok'),
    },
    'keeps nothing that changes what the provider keeps': {
      calls: [
        { format: 'openai-responses', conversation: { state: { previousId: 'r' } } },
        { format: 'openai-responses', conversation: { state: { previousId: 'r' } } },
      ],
      expect: ({ calls }) => expect(results(calls)).toEqual([undefined, undefined]),
    },
    'keeps only what it is told to, and nothing but answers': {
      options: 'models = ["gpt-*"]',
      replies: [{ text: 'a' }, { text: 'a' }, { tokens: 1 }],
      calls: [{}, { model: 'gpt-5' }, { operation: 'count-tokens', model: 'gpt-5' }],
      expect: ({ calls }) => expect(results(calls)).toEqual([undefined, 'miss', undefined]),
    },
  },
})
