import {
  type Call,
  type Clock,
  defineProcessor,
  Flights,
  fingerprintOf,
  type Landing,
  matchGlob,
  type RecordedReply,
  type Reply,
  recordedFromText,
  recordReply,
  type Store,
  type TextBounds,
  textOfRecorded,
} from 'sluice'

export default defineProcessor({
  summary: 'Answers a call that has been answered before with the same reply again.',
  description: `
Stands behind what decides whether a call may be made (\`auth\`, \`rate-limit\`, \`guard\`) and which model it goes to
(\`models\`). Two calls are the same if they ask the same model at the same provider for the same, word by word; the
end user, \`metadata\` and the name of the provider's prompt cache do not count. Calls that build on what a provider
keeps, or that leave something there, are not cached.

Whole replies are answered whole, and streams as streams. Only replies that came to their end are kept, none that failed
and none that a client left. While a call is under way, others like it in the same process wait for its reply. Where no
\`auth\` stands before, the client's own credential takes the place of the key's name.

Replies are kept in the memory of this process, or with \`keep_in = "store"\` in the store that all instances and workers
share (\`[store]\`); either way older ones make room for new ones. In the store nothing can be read of the calls, but the
replies stand there as they are: give it the care that they need. While it is out of reach, providers are asked.

The response header \`x-sluice-cache\` says \`hit\` or \`miss\`, and \`age\` how old the reply is, in seconds. A client that
sends \`x-sluice-cache: off\` or \`cache-control: no-store\` goes by the cache; one that sends \`cache-control: no-cache\` gets
a new reply, which is kept. Answers from the cache carry the usage of the reply that they repeat, but cost nothing: limits
and budgets in front count them as requests, and charge neither tokens nor dollars.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      keep_in: {
        type: 'string',
        enum: ['memory', 'store'],
        default: 'memory',
        description: 'Where replies are kept: in this process, or in the store that instances share.',
      },
      max_age: { type: 'string', format: 'duration', default: '10m', description: 'How long a reply is used.' },
      max_bytes: { type: 'string', format: 'size', default: '64MiB', description: 'Room for all replies.' },
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
    { title: 'An hour, for all instances', toml: 'keep_in = "store"\nmax_age = "1h"\nmax_bytes = "256MiB"' },
    {
      title: 'A day of embeddings for everybody',
      toml: 'max_age = "24h"\nscope = "shared"\nmodels = ["text-embedding-*"]',
    },
  ],
  setup({ options, clock, metrics, store }) {
    const lookups = metrics.counter('cache_lookups_total', 'Calls that were looked up.', { result: ['hit', 'miss'] })
    const size = metrics.gauge('cache_bytes', 'Size of the replies that are kept in this process.')
    const failures = metrics.counter('cache_store_failures_total', 'Replies that the store could not give or keep.', {
      reason: ['recall', 'remember', 'unreadable'],
    })
    const bounds = { ttlMs: options.max_age, maxBytes: options.max_bytes }
    const replies =
      options.keep_in === 'store'
        ? inStore(store, bounds, reason => void failures.add(1, { reason }))
        : inMemory(clock, bounds, bytes => size.set(bytes))
    const flights = new Flights<RecordedReply>(clock, options.wait)

    async function ask(key: string, land: Landing<RecordedReply>, running: Promise<Reply>): Promise<Reply> {
      try {
        const { reply, recorded } = recordReply(await running, options.max_reply, () => clock.date())
        void recorded.then(whole => land(whole, whole && replies.keep(key, whole)))
        return reply.with({ headers: { 'x-sluice-cache': 'miss' } })
      } catch (error) {
        void land()
        throw error
      }
    }

    return {
      deadlineMs: options.wait + 60_000,
      async handle(call, next) {
        const wish = wishOf(call)
        if (wish === 'off' || !isCacheable(call, options.models)) return next(call)
        const key = fingerprintOf(call, scopeOf(call, options.scope))
        const wanted =
          wish === 'new'
            ? { land: flights.takeOff(key) }
            : await flights.findOrTakeOff(key, () => replies.find(key), call.signal)
        lookups.add(1, { result: 'land' in wanted ? 'miss' : 'hit' })
        if ('land' in wanted) return ask(key, wanted.land, next(call))
        const { events, at } = wanted.found
        const age = String(Math.max(0, Math.floor((clock.date() - at) / 1000)))
        return call.answer({ events, headers: { 'x-sluice-cache': 'hit', age } })
      },
    }
  },
})

/** Where replies are kept. Neither of its methods rejects. */
interface Replies {
  find(key: string): Promise<RecordedReply | undefined>
  keep(key: string, reply: RecordedReply): Promise<void>
}

/** @param tell is told how many bytes there are */
function inMemory(clock: Clock, { ttlMs, maxBytes }: TextBounds, tell: (bytes: number) => void): Replies {
  /** Least recently used first. */
  const kept = new Map<string, { readonly reply: RecordedReply; readonly until: number }>()
  let bytes = 0
  function remove(key: string): void {
    bytes -= kept.get(key)?.reply.bytes ?? 0
    kept.delete(key)
  }
  return {
    async find(key) {
      const entry = kept.get(key)
      if (!entry || entry.until <= clock.now()) return undefined
      kept.delete(key)
      kept.set(key, entry)
      return entry.reply
    },
    async keep(key, reply) {
      remove(key)
      kept.set(key, { reply, until: clock.now() + ttlMs })
      bytes += reply.bytes
      for (const oldest of kept.keys()) if (bytes > maxBytes) remove(oldest)
      tell(bytes)
    },
  }
}

/** @param failed is told of what the store could not do */
function inStore(store: Store, bounds: TextBounds, failed: (reason: string) => undefined): Replies {
  return {
    async find(key) {
      const text = await store.recall(key).catch(() => failed('recall'))
      return text === undefined ? undefined : (recordedFromText(key, text) ?? failed('unreadable'))
    },
    async keep(key, reply) {
      try {
        await store.remember(key, textOfRecorded(key, reply), bounds)
      } catch {
        failed('remember')
      }
    },
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

function scopeOf({ client }: Call, scope: 'key' | 'team' | 'shared'): readonly unknown[] {
  const { identity, credential } = client
  // What a key may use is part of its scope: a reply must not be had where the call itself would be refused.
  const rights = [identity?.models, identity?.providers]
  if (scope === 'shared') return ['shared', rights]
  if (scope === 'team' && identity?.team !== undefined) return ['team', identity.team, rights]
  return identity ? ['key', identity.name] : ['credential', credential]
}
