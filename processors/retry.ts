import pRetry from 'p-retry'
import { type Call, defineProcessor, UpstreamError } from 'sluice'

/** Failures that another attempt may mend. */
const RETRYABLE = [
  'connect',
  'dns',
  'tls',
  'stale',
  'reset',
  'first_token_timeout',
  'truncated',
  'protocol',
  'parse',
  'error_in_200',
  'status_408',
  'status_429',
  'status_500',
  'status_529',
] as const

export default defineProcessor({
  summary: 'Tries a call again when its provider failed before the first byte of a reply.',
  description: `
Stands near the end of the chain, behind what should happen once for each call (\`auth\`, \`rate-limit\`). A reply that
has begun is final: nothing is tried again once there is a first event, so a client never sees two beginnings.

Before each further attempt it waits a random time up to \`base_delay\`, doubled each time, never over \`max_delay\`.
A provider's \`retry-after\` comes on top, so that callers who were told the same moment do not all return in it. If it
asks for more than \`max_retry_after\`, the failure goes to the client at once, with that \`retry-after\`.

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
        items: {
          type: 'string',
          enum: RETRYABLE,
        },
        uniqueItems: true,
        default: [
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
        ],
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
    },
  },
  examples: [
    { title: 'As it comes', toml: 'attempts = 3' },
    {
      title: 'Only where the provider never saw the call',
      toml: 'attempts = 5\non = ["connect", "dns", "tls"]\nmax_delay = "2s"',
    },
  ],
  setup({ options, clock, metrics }) {
    const retries = metrics.counter('retries_total', 'Attempts after the first.', { failure: RETRYABLE })

    /** How long to wait before the next attempt, in milliseconds; `undefined` when there must not be one. */
    function waitBefore(attempt: number, error: UpstreamError): number | undefined {
      const { retryAfterMs = 0 } = error
      if (retryAfterMs > options.max_retry_after) return undefined
      // Half of a long retry-after: callers who were all told "in 20 s" must not come back within a quarter second.
      const spread = Math.max(options.base_delay * 2 ** (attempt - 1), retryAfterMs / 2)
      return retryAfterMs + Math.random() * Math.min(options.max_delay, spread)
    }

    async function shouldRetry(call: Call, error: Error, attempt: number): Promise<boolean> {
      if (!(error instanceof UpstreamError) || !isWorthIt(error, options.on) || !isHarmless(call, error)) return false
      const waitMs = waitBefore(attempt, error)
      if (waitMs === undefined) return false
      call.log.info('trying again', { failure: error.failure, attempt, wait_ms: Math.round(waitMs) })
      await clock.sleep(waitMs, call.signal)
      retries.add(1, { failure: error.failure })
      return true
    }

    return {
      deadlineMs: options.max_retry_after + options.max_delay + 1000,
      async handle(call, next) {
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

/** The provider may have acted on the call before these. */
const MAYBE_PROCESSED: readonly string[] = ['stale', 'reset', 'first_token_timeout', 'truncated', 'protocol', 'parse']

function isWorthIt(error: UpstreamError, classes: readonly string[]): boolean {
  return classes.includes(error.failure)
}

function isHarmless(call: Call, error: UpstreamError): boolean {
  return error.unsent || !MAYBE_PROCESSED.includes(error.failure) || !isStateful(call)
}

/** Whether a second run of the call would leave something behind at the provider. Looks at formats that can say so. */
function isStateful(call: Call): boolean {
  if (call.operation !== 'generate') return false
  if (call.format !== 'openai-responses' && call.format !== 'anthropic-messages') return false
  const { state, extensions } = call.conversation
  if (extensions?.['openai-responses']?.background === 'true') return true
  return (
    state !== undefined &&
    (state.store === true ||
      state.previousId !== undefined ||
      state.conversation !== undefined ||
      state.thread !== undefined)
  )
}
