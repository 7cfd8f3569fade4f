import { type Bucket, type Call, type Clock, defineProcessor, networkOf, Refusal } from 'sluice'

export default defineProcessor({
  summary: 'Refuses calls of a caller who makes too many of them, or uses too many tokens, in a time.',
  description: `
Stands behind \`auth\`, so that it knows the caller. Counts calls that generate or embed; listing models and counting
tokens are free.

Every limit is a bucket that starts full and refills evenly: 60 requests a minute are one each second, after a first
\`burst\`. Of several limits all must have room; a refused call takes from none of them.

Tokens are counted as the provider reports them when a reply has ended, since nobody knows them before. So a call is let
in as long as its caller is not in debt, and a long reply may take the bucket below zero; the caller then waits until it
has refilled. What a provider does not report is not counted.

Replies and refusals carry the state of the tightest request limit, and of the token limit, in the headers that the
caller's SDK knows: \`x-ratelimit-*\` for OpenAI's formats, \`anthropic-ratelimit-*\` for Anthropic's.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      requests_per_second: { type: 'integer', minimum: 1, description: 'Calls in a second.' },
      requests_per_minute: { type: 'integer', minimum: 1, description: 'Calls in a minute.' },
      requests_per_hour: { type: 'integer', minimum: 1, description: 'Calls in an hour.' },
      requests_per_day: { type: 'integer', minimum: 1, description: 'Calls in 24 hours.' },
      tokens_per_minute: { type: 'integer', minimum: 1, description: 'Tokens in a minute, input and output together.' },
      burst: {
        type: 'integer',
        minimum: 1,
        description: 'How many calls may come at once, of the request limit with the shortest time. Absent: all of it.',
      },
      per: {
        type: 'string',
        enum: ['key', 'address', 'pipeline'],
        default: 'key',
        description:
          'What has a bucket of its own: each key (each address, where `auth` does not stand before), each client ' +
          'address (an IPv6 network of 64 bits counts as one), or the pipeline as a whole.',
      },
    },
  },
  examples: [
    { title: 'Sixty calls a minute for each key', toml: 'requests_per_minute = 60' },
    {
      title: 'A day limit that cannot be used up in one go',
      toml: 'requests_per_day = 5_000\nrequests_per_second = 2\nburst = 20\ntokens_per_minute = 100_000',
    },
  ],
  refusals: {
    rate_limited: { status: 429, kind: 'rate-limit', when: 'A limit is used up; `retry-after` says until when.' },
  },
  setup({ options, store, clock, log, metrics }) {
    const limits = readLimits(options)
    const tokenLimit = limits.find(({ unit }) => unit === 'tokens')
    const refused = metrics.counter('rate_limit_refusals_total', 'Calls refused by a rate limit.', {
      limit: LIMIT_NAMES,
    })

    async function charge(limit: Limit, caller: string, tokens: number): Promise<void> {
      try {
        await store.take([{ ...bucketOf(limit, caller), cost: tokens, overdraw: true }])
      } catch (cause) {
        log.error('tokens could not be charged', { reason: String(cause) })
      }
    }

    return {
      async handle(call, next) {
        if (call.operation !== 'generate' && call.operation !== 'embed') return next(call)
        const caller = callerOf(call, options.per)
        const { taken, waitMs, buckets } = await store.take(limits.map(limit => bucketOf(limit, caller.key)))
        const states = limits.map((limit, index) => ({ limit, remaining: 0, resetMs: 0, ...buckets[index] }))
        const headers = limitHeaders(call.format, states, clock)
        if (!taken) {
          const { limit } = states.reduce((one, other) => (shortfall(other) > shortfall(one) ? other : one))
          refused.add(1, { limit: limit.name })
          throw refusal(limit, caller.words, waitMs).withHeaders(headers)
        }
        const reply = await next(call)
        if (tokenLimit) {
          void reply.usage.then(usage => usage && charge(tokenLimit, caller.key, usage.input + usage.output))
        }
        return reply.with({ headers })
      },
    }
  },
})

interface Limit {
  /** The option that set it. */
  readonly name: string
  readonly unit: 'requests' | 'tokens'
  readonly words: string
  readonly amount: number
  readonly capacity: number
  readonly periodMs: number
}

/** A limit as one caller stands to it. */
interface LimitState {
  readonly limit: Limit
  readonly remaining: number
  readonly resetMs: number
}

const UNITS = ['requests', 'tokens'] as const
const PERIODS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const LIMIT_NAMES = UNITS.flatMap(unit => Object.keys(PERIODS).map(period => `${unit}_per_${period}`))

/** Request limits before token limits, short times before long ones. @throws Error when there is none */
function readLimits(options: Readonly<Record<string, number | string>>): readonly Limit[] {
  const limits = UNITS.flatMap(unit =>
    Object.entries(PERIODS).flatMap(([period, periodMs]): Limit[] => {
      const name = `${unit}_per_${period}`
      const amount = options[name]
      if (typeof amount !== 'number') return []
      return [{ name, unit, words: `${amount} ${unit} a ${period}`, amount, capacity: amount, periodMs }]
    }),
  )
  const [first, ...others] = limits
  if (!first) throw new Error('no limit is set; give at least one, for example requests_per_minute = 60')
  if (typeof options.burst !== 'number') return limits
  if (first.unit !== 'requests') throw new Error('burst needs a request limit to belong to')
  return [{ ...first, capacity: options.burst }, ...others]
}

function bucketOf({ name, unit, capacity, amount, periodMs }: Limit, caller: string): Bucket {
  return { key: `${name}:${caller}`, cost: costOf(unit), capacity, refill: amount, periodMs }
}

/** Nobody knows the tokens of a call before its end: until then it is only asked whether the caller is in debt. */
function costOf(unit: Limit['unit']): number {
  return unit === 'requests' ? 1 : 0
}

/** How long a limit is short of what a call costs, in milliseconds; below 0 when it has more than that. */
function shortfall({ limit, resetMs }: LimitState): number {
  // Of a bucket in debt, `remaining` says no more than 0.
  return resetMs - ((limit.capacity - costOf(limit.unit)) * limit.periodMs) / limit.amount
}

/** Whose bucket it is: a key for the store and words for a message. Both hold only names of the config and addresses. */
function callerOf(call: Call, per: 'key' | 'address' | 'pipeline'): { readonly key: string; readonly words: string } {
  if (per === 'pipeline') return { key: 'all', words: 'this route' }
  const { identity, address } = call.client
  if (per === 'key' && identity) return { key: `key:${identity.name}`, words: `the key "${identity.name}"` }
  return { key: `address:${networkOf(address)}`, words: 'your address' }
}

function refusal({ words }: Limit, caller: string, waitMs: number): Refusal {
  const message = `The limit of ${words} for ${caller} is used up. Try again in ${Math.ceil(waitMs / 1000)} s.`
  return new Refusal(429, 'rate_limited', message, { retryAfterMs: waitMs })
}

/** The state of the limits in the headers that the caller's SDK reads; none for a format that has no such headers. */
function limitHeaders(format: string, states: readonly LimitState[], clock: Clock): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const unit of UNITS) {
    const ofUnit = states.filter(({ limit }) => limit.unit === unit)
    const [tightest] = ofUnit.toSorted((one, other) => one.remaining - other.remaining)
    if (!tightest) continue
    const { limit, resetMs } = tightest
    const remaining = String(Math.max(0, Math.floor(tightest.remaining)))
    if (format === 'anthropic-messages') {
      headers[`anthropic-ratelimit-${unit}-limit`] = String(limit.amount)
      headers[`anthropic-ratelimit-${unit}-remaining`] = remaining
      headers[`anthropic-ratelimit-${unit}-reset`] = new Date(clock.date() + resetMs).toISOString()
    } else if (format.startsWith('openai-')) {
      headers[`x-ratelimit-limit-${unit}`] = String(limit.amount)
      headers[`x-ratelimit-remaining-${unit}`] = remaining
      headers[`x-ratelimit-reset-${unit}`] = durationOf(resetMs)
    }
  }
  return headers
}

/** OpenAI writes times as Go does: `20ms`, `15s`, `6m0s`. */
function durationOf(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
