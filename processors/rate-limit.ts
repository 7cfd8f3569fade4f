import { isIPv6 } from 'node:net'
import { type Bucket, type Call, type Clock, defineProcessor, Refusal, type TakeResult } from 'sluice'

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
    const refused = metrics.counter('rate_limit_refusals_total', 'Calls refused by a rate limit.', {
      limit: limits.map(limit => limit.name),
    })

    async function charge(call: Call, bucket: Bucket, tokens: number): Promise<void> {
      try {
        await store.take([{ ...bucket, cost: tokens, overdraw: true }])
      } catch (cause) {
        log.error('tokens could not be charged', { call: call.id, reason: String(cause) })
      }
    }

    return {
      async handle(call, next) {
        if (call.operation !== 'generate' && call.operation !== 'embed') return next(call)
        const who = callerOf(call, options.per)
        const buckets = limits.map(limit => bucketOf(limit, who.key))
        const result = await store.take(buckets)
        const headers = limitHeaders(call, limits, result, clock)
        if (!result.taken) {
          const limit = limits[emptiest(buckets, result)]
          if (limit) refused.add(1, { limit: limit.name })
          throw refusal(limit, who.words, result.waitMs).withHeaders(headers)
        }
        const reply = await next(call)
        const tokens = buckets.find((_, index) => limits[index]?.unit === 'tokens')
        if (tokens) {
          void reply.usage.then(usage => usage && charge(call, tokens, usage.input + usage.output))
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

const PERIODS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

type Options = Readonly<Partial<Record<string, number | string>>>

/** The limits from the shortest time to the longest. @throws Error when there is none, or a burst of nothing */
function readLimits(options: Options): readonly Limit[] {
  const burst = Number(options.burst ?? 0)
  const limits: Limit[] = []
  for (const unit of ['requests', 'tokens'] as const) {
    for (const [period, periodMs] of Object.entries(PERIODS)) {
      const amount = options[`${unit}_per_${period}`]
      if (typeof amount !== 'number') continue
      const capacity = burst > 0 && limits.length === 0 && unit === 'requests' ? burst : amount
      limits.push({
        name: `${unit}_per_${period}`,
        unit,
        words: `${amount} ${unit} a ${period}`,
        amount,
        capacity,
        periodMs,
      })
    }
  }
  if (limits.length === 0) throw new Error('no limit is set; give at least one, for example requests_per_minute = 60')
  if (burst > 0 && limits[0]?.unit !== 'requests') throw new Error('burst needs a request limit to belong to')
  return limits
}

function bucketOf(limit: Limit, caller: string): Bucket {
  const { name, unit, capacity, amount, periodMs } = limit
  return { key: `${name}:${caller}`, cost: unit === 'requests' ? 1 : 0, capacity, refill: amount, periodMs }
}

/** Whose bucket it is: a key for the store and words for a message. Both hold only names from the config and IP addresses. */
function callerOf(call: Call, per: 'key' | 'address' | 'pipeline'): { readonly key: string; readonly words: string } {
  if (per === 'pipeline') return { key: 'all', words: 'this route' }
  const { identity, address } = call.client
  if (per === 'key' && identity) return { key: `key:${identity.name}`, words: `the key "${identity.name}"` }
  return { key: `address:${networkOf(address)}`, words: 'your address' }
}

/** One household or host has a whole /64 of IPv6 addresses: counting each would be no limit at all (RFC 6177). */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1]) return mapped[1]
  if (!isIPv6(address)) return address
  const plain = address.split('%')[0] ?? ''
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const whole = [...groups, ...Array<string>(missing).fill('0'), ...(tail ? tail.split(':') : [])]
  return `${whole
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/** The bucket that refused: the one that is shortest of what was asked. */
function emptiest(buckets: readonly Bucket[], result: TakeResult): number {
  const short = buckets.map(
    (bucket, index) => (bucket.cost - (result.buckets[index]?.remaining ?? 0)) * msPerUnit(bucket),
  )
  return short.indexOf(Math.max(...short))
}

function msPerUnit({ periodMs, refill }: Bucket): number {
  return periodMs / refill
}

function refusal(limit: Limit | undefined, caller: string, waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1000)
  const message = `The limit of ${limit?.words ?? 'requests'} for ${caller} is used up. Try again in ${seconds} s.`
  return new Refusal(429, 'rate_limited', message, { retryAfterMs: waitMs })
}

/** The state of the limits in the headers that the caller's SDK reads; none for a format that has no such headers. */
function limitHeaders(
  call: Call,
  limits: readonly Limit[],
  result: TakeResult,
  clock: Clock,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const unit of ['requests', 'tokens'] as const) {
    const states = limits.flatMap((limit, index) => {
      const state = result.buckets[index]
      return limit.unit === unit && state ? [{ limit, ...state }] : []
    })
    const tightest = states.sort((one, other) => one.remaining - other.remaining)[0]
    if (!tightest) continue
    const remaining = String(Math.max(0, Math.floor(tightest.remaining)))
    const { amount } = tightest.limit
    if (call.format === 'anthropic-messages') {
      headers[`anthropic-ratelimit-${unit}-limit`] = String(amount)
      headers[`anthropic-ratelimit-${unit}-remaining`] = remaining
      headers[`anthropic-ratelimit-${unit}-reset`] = new Date(clock.date() + tightest.resetMs).toISOString()
    } else if (call.format.startsWith('openai-')) {
      headers[`x-ratelimit-limit-${unit}`] = String(amount)
      headers[`x-ratelimit-remaining-${unit}`] = remaining
      headers[`x-ratelimit-reset-${unit}`] = durationOf(tightest.resetMs)
    }
  }
  return headers
}

/** OpenAI writes times as Go does: `20ms`, `1.5s`, `6m0s`. */
function durationOf(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
