import {
  amountOf,
  type Bucket,
  type Call,
  type CallAmounts,
  type Demand,
  defineProcessor,
  demandOf,
  estimateAmounts,
  LIMIT_NAMES,
  LIMIT_PERIODS,
  LIMIT_UNITS,
  type Limit,
  type LimitUnit,
  limitHeaders,
  limitOf,
  limitStates,
  Refusal,
  type Reservation,
  SUBJECTS,
  type SubjectKind,
  scarcest,
  settledAmounts,
  subjectOf,
  type TakeResult,
} from 'sluice'

export default defineProcessor({
  summary: 'Refuses calls of a caller who makes too many of them, or uses too much, in a time or at a time.',
  description: `
Stands behind \`auth\`, so that it knows the caller. Listing models and counting tokens are free.

Every limit is a bucket that starts full and refills evenly: 60 requests a minute are one each second, after a first
\`burst\`. Of several limits all must have room; a refused call takes from none of them.

Nobody knows what a call will use. So tokens and dollars are reserved when it comes: its input as estimated from its size,
and as much output as it lets the model write, or \`output_estimate\`. When the reply has ended, what the provider reports
is charged instead. A call that fails or is refused further on is given back what it did not use; only its request counts.
Where a provider reports nothing, the estimate stays charged. A reply out of a \`cache\` is a request, and nothing else. Dollars are counted where the price is known (\`[prices]\`).

\`concurrent\` counts calls that are under way, from their arrival to the last byte of their reply.

Replies and refusals carry the state of the tightest limits in the headers that the caller's SDK knows:
\`x-ratelimit-*\` for OpenAI's formats, \`anthropic-ratelimit-*\` for Anthropic's.

With \`[store] driver = "redis"\` instances share their limits; while that is out of reach, each keeps its share.
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
            of: { type: 'string', enum: LIMIT_UNITS, description: 'What is limited.' },
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
      title: 'Ten calls of a key at a time, twenty dollars of a team in an hour',
      toml: 'concurrent = 10\nlimits = [{ of = "dollars", amount = 20, every = "1h", per = "team" }]',
    },
  ],
  refusals: {
    rate_limited: { status: 429, kind: 'rate-limit', when: 'A limit is used up; `retry-after` says until when.' },
  },
  setup({ options, store, clock, prices, metrics }) {
    const limits = readLimits(options)
    const labels = { limit: LIMIT_NAMES }
    const refused = metrics.counter('rate_limit_refusals_total', 'Calls refused by a rate limit.', labels)
    const onTrial = 'Calls that a rate limit on trial would refuse.'
    const shadowed = metrics.counter('rate_limit_shadow_refusals_total', onTrial, labels)
    const needsEstimate = limits.some(({ unit }) => unit !== 'requests' && unit !== 'concurrent')

    // Requests stay charged, whatever comes of the call: only of what else there is something to settle.
    const settles = limits.some(({ unit }) => unit !== 'requests')
    const take = (demands: readonly Demand[]): Promise<TakeResult | Reservation> =>
      settles ? store.reserve(demands) : store.take(demands as readonly Bucket[])

    return {
      async handle(call, next) {
        if (call.operation !== 'generate' && call.operation !== 'embed') return next(call)
        const estimate = needsEstimate ? estimateAmounts(call, prices, options.output_estimate) : NOTHING
        const reservation = await take(limits.map(limit => demandOf(limit, call, estimate)))
        const headers = options.shadow ? {} : limitHeaders(call.format, limitStates(limits, reservation), clock.date())
        if (!reservation.taken) {
          const limit = scarcest(limits, reservation, estimate)
          const counter = options.shadow ? shadowed : refused
          counter.add(1, { limit: limit?.name ?? '' })
          if (options.shadow) return next(call)
          throw refusal(limit, call, reservation.waitMs).withHeaders(headers)
        }
        if (!('settle' in reservation)) return (await next(call)).with({ headers })
        try {
          const reply = await next(call)
          const amounts = needsEstimate
            ? settledAmounts(call, reply, prices, estimate)
            : reply.ended.then(() => NOTHING)
          void amounts.then(used => reservation.settle(limits.map(limit => amountOf(limit, used))))
          return reply.with({ headers })
        } catch (error) {
          await reservation.settle(limits.map(({ unit }) => (unit === 'requests' ? 1 : 0)))
          throw error
        }
      },
    }
  },
})

const NOTHING: CallAmounts = { usage: { input: 0, output: 0 }, dollars: 0 }

interface LimitOptions {
  readonly per: SubjectKind
  readonly burst?: number
  readonly concurrent?: number
  readonly limits: readonly { of: LimitUnit; amount: number; every: number; burst?: number; per: SubjectKind }[]
}

/** Request limits before token limits, short times before long ones, then those of the list. @throws Error */
function readLimits(options: LimitOptions & Readonly<Record<string, unknown>>): readonly Limit[] {
  const simple = (['requests', 'tokens'] as const).flatMap(unit =>
    Object.entries(LIMIT_PERIODS).flatMap(([period, periodMs]) => {
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
  const kinds = limits.map(({ unit, periodMs, per }) => `${unit} ${periodMs} ${per}`)
  const twice = limits.find((_, index) => kinds.indexOf(kinds[index] ?? '') !== index)
  if (twice) throw new Error(`${twice.unit} are limited twice in the same time for each ${twice.per}; leave one`)
  return limits
}

function refusal(limit: Limit | undefined, call: Call, waitMs: number): Refusal {
  const whose = limit === undefined ? '' : ` of ${limit.words} for ${subjectOf(call, limit.per).words}`
  const message = `The limit${whose} is used up. Try again in ${Math.ceil(waitMs / 1000)} s.`
  return new Refusal(429, 'rate_limited', message, { retryAfterMs: waitMs })
}
