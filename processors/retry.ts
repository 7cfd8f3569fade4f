import pRetry from 'p-retry'
import { type Call, type Clock, defineProcessor, UpstreamError } from 'sluice'

/** Failures that another attempt is likely to mend. */
const LIKELY = [
  'connect',
  'dns',
  'tls',
  'stale',
  'reset',
  'first_token_timeout',
  'status_408',
  'status_429',
  'status_500',
  'status_529',
] as const
const RETRYABLE = [...LIKELY, 'truncated', 'protocol', 'parse', 'error_in_200'] as const

/** Labels of the metric: the provider's own hint may name any class. */
const COUNTED: readonly string[] = [...RETRYABLE, 'hinted']

export default defineProcessor({
  summary: 'Tries a call again when its provider failed before the first byte of a reply.',
  description: `
Stands near the end of the chain, behind what should happen once for each call (\`auth\`, \`rate-limit\`). A reply that
has begun is final: nothing is tried again once there is a first event, so a client never sees two beginnings.

Before each further attempt it waits a random time up to \`base_delay\`, doubled each time, never over \`max_delay\`.
A provider's \`retry-after\` comes on top, so that callers who were told the same moment do not all return in it. If it
asks for more than \`max_retry_after\`, or for more than the call has left of its deadline, the failure goes on at once,
with that \`retry-after\`; so it does if \`fallback\` has another place to go to. A provider's \`x-should-retry\` decides
over \`on\`.

When a provider is down, attempts make it worse. So they come out of a budget for each provider: a share of its calls,
and some a minute for quiet times, counted in each process. When it is used up, failures go on as they are.

After a \`reset\`, a \`stale\` connection or a \`first_token_timeout\` the provider may already have acted on the call.
Such a call is sent again only if that does no harm: not when it adds to something that the provider keeps (OpenAI
Responses with \`store = true\`, \`background\`, \`conversation\` or \`previous_response_id\`; Anthropic's message threads).

A failure that is given up after all carries \`x-should-retry: false\`, so that the client's SDK does not multiply the
attempts.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      attempts: {
        type: 'integer',
        minimum: 1,
        maximum: 10,
        default: 3,
        description: 'Attempts in all, with the first.',
      },
      on: {
        type: 'array',
        items: { type: 'string', enum: RETRYABLE },
        uniqueItems: true,
        default: LIKELY,
        description:
          'Classes of failure that are worth another attempt. `status_408` stands for 408, 409 and 425, `status_500` ' +
          'for 5xx, `status_529` for 503 and 529.',
      },
      base_delay: {
        type: 'string',
        format: 'duration',
        default: '250ms',
        description: 'Upper bound of the first wait.',
      },
      max_delay: { type: 'string', format: 'duration', default: '8s', description: 'Upper bound of any random wait.' },
      max_retry_after: {
        type: 'string',
        format: 'duration',
        default: '20s',
        description: "The longest `retry-after` that is waited for on the client's behalf.",
      },
      budget: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.2,
        description: 'Further attempts for each call, on average: `0.2` is one for every five calls.',
      },
      budget_per_minute: {
        type: 'integer',
        minimum: 0,
        default: 60,
        description: 'Further attempts in a minute that need no share of calls.',
      },
    },
  },
  examples: [
    { title: 'As it comes', toml: 'attempts = 3' },
    {
      title: 'Only where the provider never saw the call',
      toml: 'attempts = 5\non = ["connect", "dns", "tls"]\nmax_delay = "2s"',
    },
  ],
  setup({ options, clock, metrics, providers }) {
    const provider = [...providers.keys()]
    const retries = metrics.counter('retries_total', 'Attempts after the first, by what the last one did.', {
      provider,
      failure: COUNTED,
    })
    const exhausted = metrics.counter('retry_budget_exhausted_total', 'Attempts for which no budget was left.', {
      provider,
    })
    const { budget, budget_per_minute } = options
    const budgets = new Map(provider.map(name => [name, newBudget(budget, budget_per_minute, clock)]))

    /** How long to wait before the next attempt, in milliseconds; `undefined` when there must not be one. */
    function waitBefore(attempt: number, error: UpstreamError, { alternatives = 0 }: Call): number | undefined {
      const { retryAfterMs = 0 } = error
      if (retryAfterMs > (alternatives > 0 ? options.base_delay : options.max_retry_after)) return undefined
      // Half of a long retry-after: callers who were all told "in 20 s" must not come back within a quarter second.
      const spread = Math.max(options.base_delay * 2 ** (attempt - 1), retryAfterMs / 2)
      return retryAfterMs + Math.random() * Math.min(options.max_delay, spread)
    }

    async function shouldRetry(call: Call, error: Error, attempt: number): Promise<boolean> {
      if (!(error instanceof UpstreamError) || call.signal.aborted) return false
      if (!isWorthIt(error, options.on) || (error.maybeProcessed && call.stateful)) return false
      const waitMs = waitBefore(attempt, error, call)
      if (waitMs === undefined || clock.now() + waitMs >= (call.deadline ?? Number.POSITIVE_INFINITY)) return false
      if (budgets.get(error.provider)?.spend() === false) {
        exhausted.add(1, { provider: error.provider })
        return false
      }
      call.log.info('trying again', { failure: error.failure, attempt, wait_ms: Math.round(waitMs) })
      await clock.sleep(waitMs, call.signal)
      const failure = COUNTED.includes(error.failure) ? error.failure : 'hinted'
      retries.add(1, { provider: error.provider, failure })
      return true
    }

    return {
      deadlineMs: options.max_retry_after + options.max_delay + 1000,
      async handle(call, next) {
        budgets.get(call.provider)?.earn()
        try {
          // The loop is p-retry's, the waiting ours: it must heed retry-after and run on the host's clock.
          return await pRetry(() => next(call), {
            retries: options.attempts - 1,
            minTimeout: 0,
            shouldRetry: ({ error, attemptNumber }) => shouldRetry(call, error, attemptNumber),
          })
        } catch (error) {
          if (!(error instanceof UpstreamError) || !isWorthIt(error, options.on)) throw error
          throw error.withHeaders({ 'x-should-retry': 'false' })
        }
      },
    }
  },
})

/** The provider's own word, where it gave one, goes over what is configured. */
function isWorthIt({ failure, headers }: UpstreamError, classes: readonly string[]): boolean {
  const hint = failure.startsWith('status_') ? headers?.['x-should-retry'] : undefined
  return hint === undefined ? classes.includes(failure) : hint === 'true'
}

interface Budget {
  /** A call came: it earns its share of a further attempt. */
  earn(): void
  /** @returns whether there was enough left for a further attempt */
  spend(): boolean
}

/** What can be saved up: a quiet hour must not pay for a storm. */
const MAX_EARNED = 20

/** What may be tried again at one provider: a share of its calls, and on top a number a minute. */
function newBudget(share: number, perMinute: number, clock: Clock): Budget {
  let earned = 0
  let floor = perMinute
  let filledAt = clock.now()
  return {
    earn() {
      earned = Math.min(MAX_EARNED, earned + share)
    },
    spend() {
      const now = clock.now()
      floor = Math.min(perMinute, floor + ((now - filledAt) / 60_000) * perMinute)
      filledAt = now
      if (floor >= 1) floor--
      else if (earned >= 1) earned--
      else return false
      return true
    },
  }
}
