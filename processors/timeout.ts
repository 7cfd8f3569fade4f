import { defineProcessor, type FailureClass, type Progress, type Reply, UpstreamError } from 'sluice'

export default defineProcessor({
  summary: 'Gives a reply up that does not begin, does not end, falls silent or becomes too slow.',
  description: `
The timeouts of a provider hold for all of its calls; these hold for a pipeline, and they look at what a client can use:
heartbeats do not count. Behind \`retry\` and \`fallback\` they are those of one attempt, and what fails here is tried again
or elsewhere; before them they are those of the call as a whole, and attempts that would come too late are not made.

Before its first byte a reply that is given up is a failure like any other (504 \`upstream_timeout\`, of the class
\`first_token_timeout\`, \`total_timeout\` or \`idle_timeout\`). After it, the stream ends with an error event of the client's
format, never with a finish. Time in which the client does not read is not counted against the provider, save for \`total\`.

\`first_token\`, \`idle\` and \`min_events\` are for streams: a whole reply is silent until it is there.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      first_token: { type: 'string', format: 'duration', description: 'Until the first content of a stream.' },
      total: { type: 'string', format: 'duration', description: 'Until the end of the reply.' },
      idle: { type: 'string', format: 'duration', description: 'Between two events of a stream.' },
      min_events: {
        type: 'number',
        exclusiveMinimum: 0,
        description: 'The fewest events in a second of a stream. Most providers put about one token into each.',
      },
      min_events_over: {
        type: 'string',
        format: 'duration',
        default: '20s',
        description: 'The time over which `min_events` is an average. A stream has that long before it is judged.',
      },
    },
  },
  examples: [
    { title: 'An answer begins within ten seconds', toml: 'first_token = "10s"' },
    { title: 'No stream that trickles', toml: 'idle = "30s"\nmin_events = 2\ntotal = "10m"' },
  ],
  refusals: {
    upstream_timeout: { status: 504, kind: 'timeout', when: 'The provider was too slow, for the times of `timeout`.' },
  },
  setup({ options, clock, metrics }) {
    const { first_token, idle, min_events, min_events_over, total } = options
    if ((first_token ?? idle ?? min_events ?? total) === undefined) {
      throw new Error('no time is set; give at least one, for example first_token = "30s"')
    }
    const timeouts = metrics.counter('timeouts_total', 'Replies given up for being too slow.', { limit: LIMITS })
    const floor = min_events === undefined ? undefined : { events: min_events, overMs: min_events_over }

    return {
      async handle(call, next) {
        if (call.operation === 'list-models') return next(call)
        const attempt = new AbortController()
        const giveUp = (limit: Limit): void => {
          timeouts.add(1, { limit })
          attempt.abort(failure(call.provider, limit))
        }
        const startedAt = performance.now()
        const end: Due = { at: startedAt + (total ?? NEVER), limit: 'total' }
        const beginning: Due = { at: startedAt + (call.stream ? (first_token ?? NEVER) : NEVER), limit: 'first_token' }
        const soonest = sooner(beginning, end)
        const deadline = clock.now() + (soonest.at - startedAt)
        const stop = watch(() => soonest, giveUp)
        let reply: Reply
        try {
          reply = await next(call.with({ signal: attempt.signal, deadline }))
        } finally {
          stop()
        }
        if (!reply.stream) return reply
        const { progress, ended } = reply
        const slow = floor && pace(progress, floor)
        const silent = (): Due => ({ at: progress.lastAt + (idle ?? NEVER), limit: 'idle' })
        void ended.then(watch(() => sooner(sooner(end, silent()), slow?.() ?? end), giveUp))
        return reply
      },
    }
  },
})

const LIMITS = ['first_token', 'total', 'idle', 'min_events'] as const
type Limit = (typeof LIMITS)[number]

const FAILURES: Readonly<Record<Limit, readonly [failure: FailureClass, words: string]>> = {
  first_token: ['first_token_timeout', 'did not begin to answer in time'],
  total: ['total_timeout', 'took longer than it may in all'],
  idle: ['idle_timeout', 'stopped answering'],
  min_events: ['idle_timeout', 'answered too slowly'],
}

function failure(provider: string, limit: Limit): UpstreamError {
  const [failure, words] = FAILURES[limit]
  const message = `The provider "${provider}" ${words}.`
  return new UpstreamError({ kind: 'timeout', status: 504, code: 'upstream_timeout', message }, { failure, provider })
}

const NEVER = Number.POSITIVE_INFINITY

/** When which limit will be passed, by `performance.now`. */
interface Due {
  readonly at: number
  readonly limit: Limit
}

function sooner(one: Due, other: Due): Due {
  return other.at < one.at ? other : one
}

/**
 * Waits with one timer until a limit is passed. What is due may move on meanwhile: it is asked again when the timer fires.
 *
 * @returns ends the watch
 */
function watch(next: () => Due, expire: (limit: Limit) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const arm = (ms: number): void => {
    // Node takes a longer time than this for 1 ms.
    if (ms < NEVER) timer = setTimeout(() => setImmediate(look), Math.min(ms, 2 ** 31 - 1))
  }
  // Not in the timer itself: after a stall of the event loop, what has arrived by then has its turn first.
  const look = (): void => {
    if (isOver) return
    const { at, limit } = next()
    const ms = at - performance.now()
    if (ms > 0) arm(ms)
    else expire(limit)
  }
  arm(next().at - performance.now())
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

/** When the stream will have been too slow, unless enough of it comes until then. */
function pace(progress: Progress, { events, overMs }: { readonly events: number; readonly overMs: number }): () => Due {
  const mark = () => ({ at: performance.now(), events: progress.events, heldMs: progress.heldMs })
  let since = mark()
  return () => {
    const at = since.at + overMs + progress.heldMs - since.heldMs
    const isTooSlow = (progress.events - since.events) * 1000 < events * overMs
    if (at > performance.now() || isTooSlow) return { at, limit: 'min_events' }
    since = mark()
    return { at: since.at + overMs, limit: 'min_events' }
  }
}
