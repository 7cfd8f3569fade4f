import {
  type Call,
  type Demand,
  defineProcessor,
  type EstimatedUsage,
  estimateUsage,
  limitHeaders,
  Refusal,
  type Reply,
  type Reservation,
  SUBJECTS,
  type SubjectKind,
  settledUsage,
  subjectOf,
  type Usage,
} from 'sluice'

const UNITS = ['requests', 'input_tokens', 'output_tokens', 'tokens', 'dollars', 'concurrent'] as const
const PERIODS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
/** Values of a metric's label: a closed list. */
const LIMIT_NAMES = [
  ...UNITS.slice(0, -1).flatMap(unit => [...Object.keys(PERIODS), 'other'].map(period => `${unit}_per_${period}`)),
  'concurrent',
]

export default defineProcessor({
  summary: 'Refuses calls of a caller who makes too many of them, or uses too much, in a time or at a time.',
  description: `
Stands behind \`auth\`, so that it knows the caller. Counts calls that generate or embed; listing models and counting
tokens are free.

Every limit is a bucket that starts full and refills evenly: 60 requests a minute are one each second, after a first
\`burst\`. Of several limits all must have room; a refused call takes from none of them.

Nobody knows what a call will use. So tokens and dollars are reserved when it comes: its input as estimated from its size,
and as much output as it lets the model write, or \`output_estimate\`. When the reply has ended, what the provider reports
is charged instead. A call that fails or is refused further on is given back what it did not use; only its request counts.
Where a provider reports nothing, the estimate stays charged. Dollars are counted where the price is known (\`[prices]\`).

\`concurrent\` counts calls that are under way, from their arrival to the last byte of their reply.

Replies and refusals carry the state of the tightest limits in the headers that the caller's SDK knows:
\`x-ratelimit-*\` for OpenAI's formats, \`anthropic-ratelimit-*\` for Anthropic's.

With \`[store] driver = "redis"\` several instances share their limits. While the store is out of reach, each of them
keeps its share of every limit.
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
      concurrent: { type: 'integer', minimum: 1, description: 'Calls under way at a time.' },
      burst: {
        type: 'integer',
        minimum: 1,
        description: 'How many calls may come at once, of the request limit with the shortest time. Absent: all of it.',
      },
      per: {
        type: 'string',
        enum: SUBJECTS,
        default: 'key',
        description:
          'What has a bucket of its own, for the options above: each key (each address, where `auth` does not stand ' +
          'before), each team (each key without one), each model, each provider, each client address (an IPv6 network ' +
          'of 64 bits counts as one), or the pipeline as a whole.',
      },
      limits: {
        type: 'array',
        default: [],
        description: 'Any number of further limits, each with words of its own.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['of', 'amount'],
          properties: {
            of: { type: 'string', enum: UNITS, description: 'What is limited.' },
            amount: { type: 'number', exclusiveMinimum: 0, description: 'How much of it.' },
            every: {
              type: 'string',
              format: 'duration',
              default: '1m',
              description: 'In what time. Not for `concurrent`.',
            },
            burst: { type: 'number', exclusiveMinimum: 0, description: 'How much of it at once. Absent: all of it.' },
            per: { type: 'string', enum: SUBJECTS, default: 'key', description: 'What has a bucket of its own.' },
          },
        },
      },
      output_estimate: {
        type: 'integer',
        minimum: 0,
        description: 'Output tokens to reserve at most. Absent: what the call lets the model write, or 1,024.',
      },
      shadow: { type: 'boolean', default: false, description: 'Counts what would be refused, and refuses nothing.' },
    },
  },
  examples: [
    { title: 'Sixty calls a minute for each key', toml: 'requests_per_minute = 60' },
    {
      title: 'A day limit that cannot be used up in one go',
      toml: 'requests_per_day = 5_000\nrequests_per_second = 2\nburst = 20\ntokens_per_minute = 100_000',
    },
    {
      title: 'Limits of teams and models, ten calls of a key at a time',
      toml: `concurrent = 10
limits = [
  { of = "dollars", amount = 20, every = "1h", per = "team" },
  { of = "output_tokens", amount = 200_000, per = "model" },
]`,
    },
  ],
  refusals: {
    rate_limited: { status: 429, kind: 'rate-limit', when: 'A limit is used up; `retry-after` says until when.' },
  },
  setup({ options, store, clock, prices, metrics }) {
    const limits = readLimits(options)
    const refused = metrics.counter('rate_limit_refusals_total', 'Calls refused by a rate limit.', {
      limit: LIMIT_NAMES,
    })
    const shadowed = metrics.counter(
      'rate_limit_shadow_refusals_total',
      'Calls that a rate limit on trial would refuse.',
      {
        limit: LIMIT_NAMES,
      },
    )
    const needsEstimate = limits.some(({ unit }) => unit !== 'requests' && unit !== 'concurrent')

    function estimated(call: Call): Amounts {
      if (!needsEstimate) return { usage: { input: 0, output: 0 }, dollars: 0 }
      const usage = estimateUsage(call, options.output_estimate)
      return { usage, dollars: prices.cost(call.provider, call.model, usage) ?? 0 }
    }

    /** Charges what the call has used in the end. */
    async function settle(reservation: Reservation, call: Call, reply: Reply, estimate: EstimatedUsage): Promise<void> {
      const usage = await settledUsage(reply, estimate)
      const dollars = (await reply.cost) ?? prices.cost(call.provider, call.model, usage) ?? 0
      await reservation.settle(limits.map(({ unit }) => amountOf(unit, { usage, dollars })))
    }

    return {
      async handle(call, next) {
        if (call.operation !== 'generate' && call.operation !== 'embed') return next(call)
        const estimate = estimated(call)
        const reservation = await store.reserve(limits.map(limit => demandOf(limit, call, estimate)))
        const states = limits.map((limit, index) => ({
          ...limit,
          remaining: 0,
          resetMs: 0,
          ...reservation.buckets[index],
        }))
        const headers = options.shadow ? {} : limitHeaders(call.format, states, clock.date())
        if (!reservation.taken) {
          const limit = tightest(states, estimate)
          const counter = options.shadow ? shadowed : refused
          counter.add(1, { limit: limit.name })
          if (options.shadow) return next(call)
          throw refusal(limit, call, reservation.waitMs).withHeaders(headers)
        }
        try {
          const reply = await next(call)
          void settle(reservation, call, reply, estimate.usage)
          return reply.with({ headers })
        } catch (error) {
          await reservation.settle(limits.map(({ unit }) => (unit === 'requests' ? 1 : 0)))
          throw error
        }
      },
    }
  },
})

type Unit = (typeof UNITS)[number]

interface Limit {
  /** A value of the metrics' label. */
  readonly name: string
  readonly unit: Unit
  readonly words: string
  readonly amount: number
  readonly capacity: number
  /** 0: at a time. */
  readonly periodMs: number
  readonly per: SubjectKind
}

/** A limit as one caller stands to it. */
interface LimitState extends Limit {
  readonly remaining: number
  readonly resetMs: number
}

/** What a call uses. */
interface Amounts {
  readonly usage: Pick<Usage, 'input' | 'output'>
  readonly dollars: number
}

interface LimitOptions {
  readonly per: SubjectKind
  readonly burst?: number
  readonly concurrent?: number
  readonly limits: readonly { of: Unit; amount: number; every: number; burst?: number; per: SubjectKind }[]
}

/** Request limits before token limits, short times before long ones, then those of the list. @throws Error */
function readLimits(options: LimitOptions & Readonly<Record<string, unknown>>): readonly Limit[] {
  const simple = (['requests', 'tokens'] as const).flatMap(unit =>
    Object.entries(PERIODS).flatMap(([period, periodMs]) => {
      const amount = options[`${unit}_per_${period}`]
      return typeof amount === 'number' ? [limitOf(unit, amount, periodMs, options.per)] : []
    }),
  )
  const [first, ...others] = simple
  if (options.burst !== undefined && first?.unit !== 'requests')
    throw new Error('burst needs a request limit to belong to')
  const limits = [
    ...(first ? [{ ...first, capacity: options.burst ?? first.capacity }, ...others] : []),
    ...(options.concurrent === undefined ? [] : [limitOf('concurrent', options.concurrent, 0, options.per)]),
    ...options.limits.map(({ of, amount, every, burst, per }) => limitOf(of, amount, every, per, burst)),
  ]
  if (limits.length === 0) throw new Error('no limit is set; give at least one, for example requests_per_minute = 60')
  const twice = limits.find((limit, index) => limits.some((other, at) => at > index && isSame(limit, other)))
  if (twice)
    throw new Error(`${twice.unit} are limited twice in the same time for each ${twice.per}; leave one of them`)
  return limits
}

function limitOf(unit: Unit, amount: number, every: number, per: SubjectKind, burst?: number): Limit {
  if (unit === 'concurrent') {
    if (!Number.isInteger(amount)) throw new Error(`of concurrent calls there can be no ${amount}; give a whole number`)
    return { name: unit, unit, words: `${amount} calls at a time`, amount, capacity: amount, periodMs: 0, per }
  }
  const period = Object.entries(PERIODS).find(([, periodMs]) => periodMs === every)?.[0]
  const time = period === undefined ? `in ${every / 1000} s` : period === 'hour' ? 'an hour' : `a ${period}`
  const [name, words] = [`${unit}_per_${period ?? 'other'}`, `${amount} ${unit.replace('_', ' ')} ${time}`]
  return { name, unit, words, amount, capacity: burst ?? amount, periodMs: every, per }
}

function isSame(one: Limit, other: Limit): boolean {
  return one.unit === other.unit && one.periodMs === other.periodMs && one.per === other.per
}

/** A call that is larger than a bucket gets it whole: it has to wait until the bucket is full, and not for ever. */
function demandOf(limit: Limit, call: Call, amounts: Amounts): Demand {
  const { name, unit, amount, capacity, periodMs, per } = limit
  const key = `${name}${name.endsWith('other') ? periodMs : ''}:${subjectOf(call, per).key}`
  if (unit === 'concurrent') return { key, slots: amount }
  return { key, cost: Math.min(amountOf(unit, amounts), capacity), capacity, refill: amount, periodMs }
}

function amountOf(unit: Unit, { usage, dollars }: Amounts): number {
  const amounts = {
    requests: 1,
    input_tokens: usage.input,
    output_tokens: usage.output,
    tokens: usage.input + usage.output,
    dollars,
    concurrent: 0,
  }
  return amounts[unit]
}

/** The limit that the call has to wait for longest. */
function tightest(states: readonly LimitState[], amounts: Amounts): LimitState {
  return states.reduce((one, other) => (shortfall(other, amounts) > shortfall(one, amounts) ? other : one))
}

/** How long a limit is short of what a call costs, in milliseconds; below 0 when it has more than that. */
function shortfall({ unit, remaining, resetMs, capacity, periodMs, amount }: LimitState, amounts: Amounts): number {
  if (unit === 'concurrent') return remaining >= 1 ? Number.NEGATIVE_INFINITY : 1000
  // Of a bucket in debt, `remaining` says no more than 0.
  return resetMs - ((capacity - Math.min(amountOf(unit, amounts), capacity)) * periodMs) / amount
}

function refusal({ words, per }: Limit, call: Call, waitMs: number): Refusal {
  const message = `The limit of ${words} for ${subjectOf(call, per).words} is used up.`
  return new Refusal(429, 'rate_limited', `${message} Try again in ${Math.ceil(waitMs / 1000)} s.`, {
    retryAfterMs: waitMs,
  })
}
