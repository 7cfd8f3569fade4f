import { type Call, defineProcessor, type FailureClass, Refusal, UpstreamError } from 'sluice'

/** Failures that say something of the provider's health, and not of the call or of the caller's limits. */
const FAILURES = [
  'connect',
  'dns',
  'tls',
  'stale',
  'reset',
  'first_token_timeout',
  'idle_timeout',
  'total_timeout',
  'truncated',
  'protocol',
  'parse',
  'oversize',
  'error_in_200',
  'status_500',
  'status_529',
] as const satisfies readonly FailureClass[]

export default defineProcessor({
  summary: 'Stops asking a provider that keeps failing, and finds out when it works again.',
  description: `
Stands last, behind \`retry\`, so that it sees each attempt. Each provider and model has a breaker of its own. It opens
after \`failures\` in a row, or when \`error_rate\` of at least \`min_calls\` within \`window\` have failed. Calls are then
refused at once, with 503 \`breaker_open\`, which \`fallback\` acts on. After \`open_for\` a single call is let through: if it
succeeds the breaker closes, else it stays open for twice as long, up to \`max_open\`. Times vary by a fifth, so that
several gateways do not come back in the same moment. Each process has its own, and none asks the store: see
"Processes and instances" in docs/deploy.

A reply that has begun is a success, whatever becomes of it. What is the call's own fault (4xx), a limit of its key (429)
or a client that left says nothing of a provider, and counts neither way.

With \`keep = true\` a call for which \`fallback\` has no other place left is let through all the same: trying is then better
than refusing. Where no \`fallback\` stands before, that is every call, and the breaker only watches.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      failures: { type: 'integer', minimum: 1, default: 5, description: 'Failures in a row that open it.' },
      error_rate: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'Share of failed attempts within the window that opens it.',
      },
      min_calls: { type: 'integer', minimum: 1, default: 20, description: 'Attempts before the share counts.' },
      window: { type: 'string', format: 'duration', default: '30s', description: 'How far back the share looks.' },
      open_for: { type: 'string', format: 'duration', default: '5s', description: 'How long it is open at first.' },
      max_open: { type: 'string', format: 'duration', default: '60s', description: 'How long it is open at most.' },
      keep: { type: 'boolean', default: false, description: 'Lets calls through that have nowhere else to go.' },
      on: {
        type: 'array',
        items: { type: 'string', enum: FAILURES },
        uniqueItems: true,
        default: FAILURES,
        description: 'Classes of failure that count.',
      },
    },
  },
  examples: [
    { title: 'As it comes', toml: 'failures = 5' },
    { title: 'Patient, and never the one to say no', toml: 'failures = 10\nopen_for = "2s"\nkeep = true' },
  ],
  refusals: {
    breaker_open: { status: 503, kind: 'overloaded', when: 'The provider has failed too often; nobody asks it now.' },
  },
  setup({ options, clock, metrics, providers, log }) {
    if (options.max_open < options.open_for) throw new Error('max_open is below open_for; raise it')
    const labels = { provider: [...providers.keys()] }
    const state = metrics.gauge('breaker_state', 'Of each provider, the worst: 0 closed, 1 half-open, 2 open.', labels)
    const opened = metrics.counter('breaker_opened_total', 'How often a breaker opened.', labels)
    const refused = metrics.counter('breaker_refusals_total', 'Calls refused by an open breaker.', labels)
    const breakers = new Map<string, Breaker>()

    const breakerOf = (call: Call): Breaker => breakers.get(keyOf(call)) ?? CLOSED

    /** Changed ones stand last; when there are too many, closed ones are forgotten first, and then the oldest. */
    function change(call: Call, breaker: Breaker): void {
      const { provider } = call
      const before = breakers.get(keyOf(call))
      if (breaker === (before ?? CLOSED)) return
      breakers.delete(keyOf(call))
      breakers.set(keyOf(call), breaker)
      if (breakers.size > MAX_BREAKERS) breakers.delete(leastNeeded(breakers))
      if (before?.state === breaker.state) return
      if (before !== undefined) log.warn(`breaker is ${breaker.state}`, { provider })
      if (breaker.state === 'open' && before?.state !== 'open') opened.add(1, { provider })
      const levels = [...breakers].map(([key, each]) => (key.startsWith(`${provider}\n`) ? LEVELS[each.state] : 0))
      state.set(Math.max(...levels), { provider })
    }

    function verdictOn(error: unknown): Verdict {
      const counts = error instanceof UpstreamError && options.on.some(each => each === error.failure)
      return counts ? 'bad' : 'none'
    }

    return {
      async handle(call, next) {
        // Memory and labels are for providers that exist; the end of the chain knows what to say of others.
        if (!providers.has(call.provider) || call.operation === 'list-models') return next(call)
        const wait = waitMs(breakerOf(call), clock.now())
        if (wait > 0 && !(options.keep && (call.alternatives ?? 0) === 0)) {
          refused.add(1, { provider: call.provider })
          const message = `The provider "${call.provider}" has failed too often and is left alone for a while.`
          throw new Refusal(503, 'breaker_open', message, { retryAfterMs: wait })
        }
        const isProbe = wait === 0 && breakerOf(call).state === 'open'
        if (isProbe) change(call, { ...breakerOf(call), state: 'half-open' })
        const end = (verdict: Verdict): void =>
          change(call, after(verdict, isProbe, breakerOf(call), options, clock.now()))
        try {
          const reply = await next(call)
          end('good')
          return reply
        } catch (error) {
          end(verdictOn(error))
          throw error
        }
      },
    }
  },
})

/** Good, bad, or nothing that says anything of the provider. */
type Verdict = 'good' | 'bad' | 'none'

interface Breaker {
  /** Half-open is it while its one probe is under way. */
  readonly state: 'closed' | 'half-open' | 'open'
  readonly openUntil: number
  /** How often it has opened since it was closed. */
  readonly openings: number
  readonly inARow: number
  /** Attempts within the window, in slots of a tenth of it. */
  readonly slots: readonly { readonly slot: number; readonly calls: number; readonly failed: number }[]
}

const CLOSED: Breaker = { state: 'closed', openUntil: 0, openings: 0, inARow: 0, slots: [] }
const LEVELS = { closed: 0, 'half-open': 1, open: 2 } as const

/** Models are named by clients: what is remembered of them has an end. */
const MAX_BREAKERS = 1000

function keyOf({ provider, model }: Call): string {
  return `${provider}\n${model}`
}

function leastNeeded(breakers: ReadonlyMap<string, Breaker>): string {
  for (const [key, { state }] of breakers) if (state === 'closed') return key
  const [[oldest] = ['']] = breakers
  return oldest
}

/** How long nobody is let through, in milliseconds. Nobody knows how long a probe takes: a second. */
function waitMs({ state, openUntil }: Breaker, now: number): number {
  if (state === 'half-open') return 1000
  return state === 'closed' ? 0 : Math.max(0, openUntil - now)
}

interface Limits {
  readonly failures: number
  readonly error_rate: number
  readonly min_calls: number
  readonly window: number
  readonly open_for: number
  readonly max_open: number
}

/** What began before the breaker opened has no say in when it closes. */
function after(verdict: Verdict, isProbe: boolean, breaker: Breaker, limits: Limits, now: number): Breaker {
  if (isProbe && verdict === 'good') return CLOSED
  if (isProbe && verdict === 'none') return { ...breaker, state: 'open', openUntil: now }
  if (isProbe) return opened(breaker, limits, now)
  if (breaker.state !== 'closed' || verdict === 'none') return breaker
  const counted = count(breaker, verdict === 'bad', Math.floor((now / limits.window) * 10))
  return isTooMuch(counted, limits) ? opened(counted, limits, now) : counted
}

function count({ inARow, slots, ...rest }: Breaker, isFailure: boolean, slot: number): Breaker {
  const failed = Number(isFailure)
  const others = slots.filter(each => each.slot > slot - 10 && each.slot !== slot)
  const current = slots.find(each => each.slot === slot) ?? { slot, calls: 0, failed: 0 }
  const updated = { slot, calls: current.calls + 1, failed: current.failed + failed }
  return { ...rest, inARow: isFailure ? inARow + 1 : 0, slots: [...others, updated] }
}

function isTooMuch({ inARow, slots }: Breaker, { failures, min_calls, error_rate }: Limits): boolean {
  const calls = slots.reduce((sum, each) => sum + each.calls, 0)
  const failed = slots.reduce((sum, each) => sum + each.failed, 0)
  return inARow >= failures || (calls >= min_calls && failed / calls >= error_rate)
}

function opened({ openings }: Breaker, { open_for, max_open }: Limits, now: number): Breaker {
  const ms = Math.min(max_open, open_for * 2 ** openings) * (0.8 + 0.4 * Math.random())
  return { ...CLOSED, state: 'open', openUntil: now + ms, openings: openings + 1 }
}
