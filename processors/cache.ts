import { createHash } from 'node:crypto'
import { type Call, defineProcessor, matchGlob, type Reply, type ReplyEvent } from 'sluice'

export default defineProcessor({
  summary: 'Answers a call that has been answered before from memory.',
  description: `
Stands behind what decides whether a call may be made (\`auth\`, \`rate-limit\`, \`guard\`) and which model it goes to
(\`models\`). Two calls are the same if they ask the same model at the same provider for the same, word by word; the
end user, \`metadata\` and the name of the provider's prompt cache do not count. Calls that build on what a provider
keeps, or that leave something there, are not cached.

Whole replies are answered whole, and streams as streams. Only replies that came to their end are kept, none that failed
and none that a client left. While a call is under way, others like it wait for its reply. Replies are kept in this
process, the one used longest ago making room for new ones. Where no \`auth\` stands before, the client's own credential
takes the place of the key's name.

The response header \`x-sluice-cache\` says \`hit\` or \`miss\`, and \`age\` how old the reply is, in seconds. A client that
sends \`x-sluice-cache: off\` or \`cache-control: no-store\` goes by the cache; one that sends \`cache-control: no-cache\` gets
a new reply, which is kept. Answers from the cache carry the usage of the reply that they repeat.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      max_age: { type: 'string', format: 'duration', default: '10m', description: 'How long a reply is used.' },
      max_bytes: { type: 'string', format: 'size', default: '64MiB', description: 'Memory for all replies.' },
      max_reply: { type: 'string', format: 'size', default: '1MiB', description: 'The largest reply that is kept.' },
      scope: {
        type: 'string',
        enum: ['key', 'team', 'shared'],
        default: 'key',
        description: 'Who gets the replies to the calls of a key: that key, those of its team, or all.',
      },
      wait: {
        type: 'string',
        format: 'duration',
        default: '30s',
        description: 'How long a call waits for the reply to another one like it.',
      },
      models: {
        type: 'array',
        items: { type: 'string', format: 'glob' },
        minItems: 1,
        description: 'Patterns of the models whose replies are kept; `*` is any text. Absent: all.',
      },
    },
  },
  examples: [
    { title: 'Ten minutes, for each key', toml: 'max_age = "10m"' },
    {
      title: 'A day of embeddings for everybody',
      toml: 'max_age = "24h"\nscope = "shared"\nmodels = ["text-embedding-*"]',
    },
  ],
  setup({ options, clock, metrics }) {
    const lookups = metrics.counter('cache_lookups_total', 'Calls that were looked up.', { result: ['hit', 'miss'] })
    const size = metrics.gauge('cache_bytes', 'Size of the replies that are kept.')
    const replies = new Replies(options.max_bytes)
    const flights = new Map<string, Promise<void>>()

    /** Has other calls wait for this one. @returns lets them go on; may be called again */
    function takeOff(key: string): Landing {
      const { promise, resolve } = Promise.withResolvers<void>()
      flights.set(key, promise)
      return () => {
        if (flights.get(key) === promise) flights.delete(key)
        resolve()
      }
    }

    /** A reply that is there or that another call brings in time; else this call is the one to bring it. */
    async function find(key: string, call: Call): Promise<Kept | Landing> {
      for (const until = clock.now() + options.wait; ; ) {
        const [kept, flight, waitMs] = [replies.get(key), flights.get(key), until - clock.now()]
        if (kept && clock.now() - kept.at < options.max_age) return kept
        if (!flight || waitMs <= 0) return takeOff(key)
        await Promise.race([flight, clock.sleep(waitMs, call.signal)])
      }
    }

    async function ask(key: string, land: Landing, running: Promise<Reply>): Promise<Reply> {
      try {
        const reply = await running
        const { see, whole } = recorder(options.max_reply)
        void reply.ended.then(outcome => {
          const recorded = outcome === 'completed' ? whole() : undefined
          if (recorded) replies.add(key, { ...recorded, at: clock.now() })
          size.set(replies.bytes)
          land()
        })
        return reply.observe(see).with({ headers: { 'x-sluice-cache': 'miss' } })
      } catch (error) {
        land()
        throw error
      }
    }

    return {
      deadlineMs: options.wait + 60_000,
      async handle(call, next) {
        const wish = wishOf(call)
        if (wish === 'off' || !isCacheable(call, options.models)) return next(call)
        const key = keyOf(call, options.scope)
        const found = wish === 'new' ? takeOff(key) : await find(key, call)
        lookups.add(1, { result: typeof found === 'function' ? 'miss' : 'hit' })
        if (typeof found === 'function') return ask(key, found, next(call))
        const age = String(Math.floor((clock.now() - found.at) / 1000))
        return call.answer({ events: found.events, headers: { 'x-sluice-cache': 'hit', age } })
      },
    }
  },
})

type Landing = () => void

/** `at`: when it was kept, on the clock. */
type Kept = { readonly events: readonly ReplyEvent[]; readonly bytes: number; readonly at: number }

/** Replies by their keys, least recently used first. */
class Replies {
  readonly #byKey = new Map<string, Kept>()
  readonly #maxBytes: number
  bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get(key: string): Kept | undefined {
    const kept = this.#byKey.get(key)
    if (kept) this.add(key, kept)
    return kept
  }

  add(key: string, kept: Kept): void {
    this.#remove(key)
    this.#byKey.set(key, kept)
    this.bytes += kept.bytes
    for (const oldest of this.#byKey.keys()) if (this.bytes > this.#maxBytes) this.#remove(oldest)
  }

  #remove(key: string): void {
    this.bytes -= this.#byKey.get(key)?.bytes ?? 0
    this.#byKey.delete(key)
  }
}

/** Gathers the events of one reply; `whole` gives none of one that is too large or has not come to its end. */
function recorder(maxBytes: number) {
  let events: ReplyEvent[] = []
  let bytes = 0
  return {
    see(event: ReplyEvent): void {
      // A whole reply may be shown again, from its start.
      if (event.type === 'start') [events, bytes] = [[], 0]
      bytes += 2 * JSON.stringify(event).length
      if (bytes > maxBytes) events = []
      else events.push(event)
    },
    whole: () => (events.at(-1)?.type === 'end' ? { events, bytes } : undefined),
  }
}

/** What the client says of caching (RFC 9111, section 5.2.1), or of this cache. */
function wishOf({ client }: Call): 'any' | 'new' | 'off' {
  const { 'cache-control': control = '', 'x-sluice-cache': own } = client.headers
  const directives = control.toLowerCase().split(/[\s,]+/)
  if (own?.toLowerCase() === 'off' || directives.includes('no-store')) return 'off'
  return directives.includes('no-cache') ? 'new' : 'any'
}

function isCacheable(call: Call, models: readonly string[] | undefined): boolean {
  if (call.operation !== 'generate' && call.operation !== 'embed') return false
  return (models === undefined || models.some(pattern => matchGlob(pattern, call.model))) && !call.stateful
}

/** SHA-256 of whose call it is and what it asks for: no two callers share a reply that their scope does not let them. */
function keyOf(call: Call, scope: 'key' | 'team' | 'shared'): string {
  const { operation, format, provider, model, stream, conversation } = call
  const { endUser: _, metadata: __, cacheKey: ___, ...asked } = conversation
  const same = [scopeOf(call, scope), operation, format, provider, model, stream, asked]
  return createHash('sha256').update(JSON.stringify(same, sorted)).digest('base64url')
}

function scopeOf({ client }: Call, scope: 'key' | 'team' | 'shared'): readonly unknown[] {
  const { identity, credential } = client
  // What a key may use is part of its scope: a reply must not be had where the call itself would be refused.
  const rights = [identity?.models, identity?.providers]
  if (scope === 'shared') return ['shared', rights]
  if (scope === 'team' && identity?.team !== undefined) return ['team', identity.team, rights]
  return identity ? ['key', identity.name] : ['credential', credential]
}

/** For JSON: objects with their keys in order, so that it does not matter in which one a client wrote them. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
