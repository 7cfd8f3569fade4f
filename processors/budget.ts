import {
  type Call,
  type CallAmounts,
  defineProcessor,
  estimateAmounts,
  Refusal,
  type Reply,
  type Reservation,
  settledAmounts,
  subjectOf,
} from 'sluice'

export default defineProcessor({
  summary: 'Refuses calls of a key, team or pipeline that has spent its dollars of the day or month.',
  description: `
Stands behind \`auth\`, so that it knows who spends, and behind \`models\`, so that it knows what a model costs. Days and
months are those of the calendar, in UTC.

What a call costs is computed from the tokens that the provider reports, with the prices of \`[prices]\` or else the
provider's list prices. When a call comes, what it may cost at most is reserved; it is refused if so much is not left.
When its reply has ended, the reservation gives way to the cost. So calls that come at once cannot overspend together. A
budget can still be overspent by what one call costs more than was estimated; \`output_estimate\` trades this against
calls that ask for far more output than they need. Replies out of a \`cache\` cost nothing.

With \`[store] driver = "memory"\` what was spent is forgotten when the gateway stops. Keep it in Redis. While that is out
of reach, each instance goes on with a share of every budget, for \`grace\`; then calls are refused until it is back.

Several budgets are several tables, each with a \`label\`.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['dollars'],
    properties: {
      dollars: { type: 'number', exclusiveMinimum: 0, description: 'What may be spent, in US dollars.' },
      every: { type: 'string', enum: ['day', 'month'], default: 'month', description: 'In what time.' },
      per: {
        type: 'string',
        enum: ['key', 'team', 'pipeline'],
        default: 'key',
        description:
          'What has a budget of its own: each key (each address, where `auth` does not stand before), each team (each ' +
          'key without one), or the pipeline as a whole.',
      },
      output_estimate: {
        type: 'integer',
        minimum: 0,
        description: 'Output tokens to reserve at most. Absent: what the call lets the model write, or 1,024.',
      },
      unpriced: {
        type: 'string',
        enum: ['allow', 'refuse'],
        default: 'allow',
        description: 'What happens to calls of a model whose price is not known.',
      },
      grace: {
        type: 'string',
        format: 'duration',
        default: '60s',
        description: 'For how long calls are let through while the shared store is out of reach.',
      },
    },
  },
  examples: [
    { title: 'Fifty dollars a month for each key', toml: 'dollars = 50' },
    {
      title: 'A hard day limit for each team, for models with a price only',
      toml: 'dollars = 20\nevery = "day"\nper = "team"\nunpriced = "refuse"',
    },
  ],
  refusals: {
    budget_exhausted: {
      status: 402,
      kind: 'billing',
      when: 'What is left of the budget is less than the call may cost.',
    },
    budget_unavailable: {
      status: 503,
      kind: 'overloaded',
      when: 'What was spent cannot be looked up: the shared store has been out of reach for longer than `grace`.',
    },
    price_unknown: { status: 403, kind: 'permission', when: 'The model has no price, and `unpriced = "refuse"`.' },
  },
  setup({ options, store, prices, clock, metrics }) {
    const refused = metrics.counter('budget_refusals_total', 'Calls refused by a budget.', {
      reason: ['exhausted', 'unavailable', 'unpriced'],
    })
    const unpriced = metrics.counter('budget_unpriced_total', 'Calls that a budget let through and could not price.')

    function reserve(key: string, dollars: number, { name, endsAt }: Period): Promise<Reservation> {
      const bucket = {
        key: `${name}:${key}`,
        cost: Math.min(dollars, options.dollars),
        capacity: options.dollars,
        refill: 0,
        periodMs: 1,
        // Calls that began before the end are settled after it.
        keepMs: endsAt - clock.date() + DAY,
      }
      return store.reserve([bucket], { graceMs: options.grace }).catch((cause: unknown) => {
        refused.add(1, { reason: 'unavailable' })
        const message = 'What was spent of the budget cannot be looked up now. Try again later.'
        throw new Refusal(503, 'budget_unavailable', message, { cause, retryAfterMs: 5000 })
      })
    }

    async function settle(reservation: Reservation, call: Call, reply: Reply, estimate: CallAmounts): Promise<void> {
      const { dollars } = await settledAmounts(call, reply, prices, estimate)
      if (dollars === undefined) unpriced.add(1)
      await reservation.settle([dollars ?? 0])
    }

    return {
      async handle(call, next) {
        if (call.operation !== 'generate' && call.operation !== 'embed') return next(call)
        const estimate = estimateAmounts(call, prices, options.output_estimate)
        const { dollars } = estimate
        if (dollars === undefined && options.unpriced === 'refuse') {
          refused.add(1, { reason: 'unpriced' })
          throw new Refusal(403, 'price_unknown', `The price of ${subjectOf(call, 'model').words} is not known here.`)
        }
        const subject = subjectOf(call, options.per)
        const period = periodAt(clock.date(), options.every)
        const reservation = await reserve(subject.key, dollars ?? 0, period)
        const left = reservation.buckets[0]?.remaining ?? 0
        // A call without a price costs nothing that could be compared: it is let in while anything is left.
        if (!reservation.taken || (dollars === undefined && left <= 0)) {
          await reservation.settle([0])
          refused.add(1, { reason: 'exhausted' })
          throw exhausted(`${options.dollars} dollars a ${options.every} for ${subject.words}`, left, period)
        }
        try {
          const reply = await next(call)
          void settle(reservation, call, reply, estimate)
          return reply.with({ headers: { 'x-sluice-budget-remaining': left.toFixed(4) } })
        } catch (error) {
          await reservation.settle([0])
          throw error
        }
      },
    }
  },
})

/** A day or a month of the calendar, in UTC. */
interface Period {
  /** `2030-01-31`, `2030-01`. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly endsAt: number
}

const DAY = 86_400_000

function periodAt(date: number, every: 'day' | 'month'): Period {
  const now = new Date(date)
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  const text = now.toISOString()
  return every === 'day'
    ? { name: text.slice(0, 10), endsAt: Date.UTC(year, month, day + 1) }
    : { name: text.slice(0, 7), endsAt: Date.UTC(year, month + 1, 1) }
}

function exhausted(budget: string, left: number, { endsAt }: Period): Refusal {
  const anew = new Date(endsAt).toISOString().slice(0, 10)
  const rest = left > 0 ? `not enough is left for this call (${left.toFixed(4)} dollars)` : 'nothing is left'
  return new Refusal(402, 'budget_exhausted', `Of the budget of ${budget}, ${rest}. It begins anew on ${anew} (UTC).`)
}
