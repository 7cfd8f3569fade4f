import type { ProcessorDefinition, ReplyEvent, Store } from 'sluice'
import { testProcessor, Workbench } from 'sluice/testing'
import { describe, expect, test } from 'vitest'
import cache from '../../processors/cache.ts'

const usage = { input: 3, output: 2 }
const alice = { name: 'alice', team: 'core' }
const bob = { name: 'bob', team: 'core' }

/** What each client was told of the cache. */
function results(calls: readonly { readonly reply?: { readonly headers: Readonly<Record<string, string>> } }[]) {
  return calls.map(({ reply }) => reply?.headers['x-sluice-cache'])
}

/** The same, but for the usage: nothing is used anew. */
function repeated(events: readonly ReplyEvent[] = []): readonly ReplyEvent[] {
  return events.map(event =>
    event.type === 'usage' ? { ...event, usage: { ...event.usage, repeated: true as const } } : event,
  )
}

const brokenOff: readonly ReplyEvent[] = [
  { type: 'start', id: 'r', model: 'm' },
  { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: 'half' } },
]

testProcessor(test, 'cache', cache, {
  accepts: [
    '',
    'keep_in = "store"',
    'max_age = "1s"\nmax_bytes = "1KiB"\nmax_reply = "1B"\nscope = "team"\nwait = "0s"\nmodels = ["*"]',
  ],
  rejects: {
    'scope = "all"': 'must be one of "key", "team", "shared"',
    'keep_in = "redis"': 'must be one of "memory", "store"',
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
        expect(calls[1]?.reply?.events).toContainEqual({ type: 'usage', usage: { ...usage, repeated: true } })
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
        expect(calls[1]?.reply?.events).toEqual(repeated(calls[0]?.reply?.events))
      },
    },
    'keeps replies in the store, under keys that tell nothing': {
      options: 'keep_in = "store"\nmax_age = "1m"',
      replies: [{ text: 'one', usage }, { text: 'two' }, { text: 'three' }],
      calls: [
        { prompt: 'a secret wish', credential: 'a-client-key', stream: true },
        { prompt: 'a secret wish', credential: 'a-client-key', stream: true, after: 59_999 },
        { prompt: 'a secret wish', credential: 'a-client-key', stream: true, after: 1 },
        { prompt: 'a secret wish', credential: 'b-client-key', stream: true },
      ],
      expect({ calls, storeKeys, metrics }) {
        expect(results(calls)).toEqual(['miss', 'hit', 'miss', 'miss'])
        expect(calls[1]?.reply?.events).toEqual(repeated(calls[0]?.reply?.events))
        expect(calls[1]?.reply?.headers.age).toBe('59')
        expect([...storeKeys]).toEqual([expect.stringMatching(/^[\w-]{43}$/), expect.stringMatching(/^[\w-]{43}$/)])
        expect(metrics.filter(({ name }) => name === 'cache_store_failures_total')).toEqual([])
      },
    },
    'has room for so many bytes in the store, and for no reply that is too large': {
      options: 'keep_in = "store"\nmax_bytes = "2KiB"\nmax_reply = "1500B"',
      replies: [{ text: 'x'.repeat(800) }, { text: 'x'.repeat(50) }],
      calls: ['large', 'large', 'b', 'b', 'c', 'd', 'e', 'b'].map(prompt => ({ prompt })),
      expect({ calls }) {
        expect(results(calls)).toEqual(['miss', 'miss', 'miss', 'hit', 'miss', 'miss', 'miss', 'miss'])
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

describe('a store that', () => {
  /** What two calls, of the same words unless said otherwise, are told, and what is counted, with this in the place of the store. */
  async function twice(change: (store: Store) => Partial<Store>, second: { readonly prompt?: string } = {}) {
    const around: ProcessorDefinition = {
      ...cache,
      setup: tools => cache.setup({ ...tools, store: { ...tools.store, ...change(tools.store) } }),
    }
    const bench = await Workbench.open('cache', around, { options: 'keep_in = "store"' })
    const calls = [await bench.run({}), await bench.run(second)]
    await bench.close()
    const failures = bench.measurements.filter(({ name }) => name === 'cache_store_failures_total')
    return { told: results(calls), counted: failures.map(({ labels }) => labels.reason) }
  }

  test('is out of reach makes every call a miss, and is counted', async () => {
    const out = async () => Promise.reject(new Error('out of reach'))
    const { told, counted } = await twice(() => ({ recall: out, remember: out }))
    expect(told).toEqual(['miss', 'miss'])
    expect(counted).toEqual(['recall', 'remember', 'recall', 'remember'])
  })

  test.each([
    ['of an older version', (text: string) => text.replace(/^1 /, '0 ')],
    ['with one character changed', (text: string) => text.replace('ok', 'oK')],
    ['cut short', (text: string) => text.slice(0, -1)],
    ['of another kind', () => '{"events":[]}'],
    ['that is empty', () => ''],
  ])('gives a text %s makes it a miss, and is counted', async (_, change) => {
    const { told, counted } = await twice(store => ({
      recall: async key => {
        const text = await store.recall(key)
        return text === undefined ? undefined : change(text)
      },
    }))
    expect([told, counted]).toEqual([['miss', 'miss'], ['unreadable']])
  })

  test('mixes its keys up gives nobody the reply of another', async () => {
    const all = 'one key for all'
    const { told, counted } = await twice(
      store => ({ remember: (_, text, bounds) => store.remember(all, text, bounds), recall: () => store.recall(all) }),
      { prompt: 'other words' },
    )
    expect([told, counted]).toEqual([['miss', 'miss'], ['unreadable']])
  })
})
