import { type Call, defineProcessor, matchGlob, type Next, Refusal, type Reply, UpstreamError } from 'sluice'

/** Failures that are not the call's own fault: another provider may well answer it. */
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
  'status_401',
  'status_408',
  'status_429',
  'status_500',
  'status_529',
  'context_length',
] as const

export default defineProcessor({
  summary: 'Sends a call on to other providers or models when the first one fails before its first byte.',
  description: `
Stands behind what chooses the provider (\`models\`, \`balance\`), and before \`convert\`, \`retry\` and \`breaker\`: each place is
asked in its own format, with its own attempts. Places are asked in order, at once, without a wait; where the call has
been already, what its key may not use and what has no key of its own is left out. A reply from another place than the
first says so in the header \`x-sluice-fallback\`, with the provider's name.

A failure that is the call's own fault goes to the client, with one exception: a call that is too long for a model goes
on to the places that are marked \`larger\`. Once a first place has failed, what a stand-in objects to in the call is no
reason to stop.

Refusals of processors behind this one count as failures if \`on_refusal\` names their code. One with status 503, such as
an open \`breaker\`, is a "not now": such a place is asked once more when all others have failed, as the last hope.

A call is not sent on if the provider may have acted on it and it adds to something kept there, nor if it builds on
something that only its provider keeps (\`previous_response_id\` and the like). When every place has failed, the client
gets the last failure, with \`x-should-retry: false\`; the log has what was tried.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['to'],
    properties: {
      to: {
        type: 'array',
        minItems: 1,
        maxItems: 16,
        description: 'The other places, in the order in which they are tried.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['provider'],
          properties: {
            provider: { type: 'string', refersTo: 'provider', description: 'Where the call goes.' },
            model: {
              type: 'string',
              minLength: 1,
              refersTo: 'model',
              description: "The provider's name for a model. Absent: the one that is asked for.",
            },
            larger: { type: 'boolean', default: false, description: 'Takes longer calls than the first place.' },
          },
        },
      },
      match: { type: 'string', format: 'glob', default: '*', description: 'The models that this is for.' },
      on: {
        type: 'array',
        items: { type: 'string', enum: FAILURES },
        uniqueItems: true,
        default: FAILURES,
        description: 'Classes of failure after which another place is tried. `context_length` needs a `larger` one.',
      },
      on_refusal: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        uniqueItems: true,
        default: ['breaker_open', 'provider_without_key'],
        description: 'Codes of refusals, of the gateway and of processors behind this one, which count as failures.',
      },
    },
  },
  examples: [
    { title: 'A second provider for everything', toml: 'to = [{ provider = "main", model = "gpt-5-mini" }]' },
    {
      title: 'A model with a larger context for calls that are too long, and nothing else',
      toml: 'match = "gpt-*"\non = ["context_length"]\nto = [{ provider = "main", model = "gpt-4.1", larger = true }]',
    },
  ],
  setup({ options, keyless, providers, metrics }) {
    const places = options.to.filter(({ provider }) => !keyless.has(provider))
    const fallbacks = metrics.counter('fallbacks_total', 'Calls sent on to another place, by what the last one did.', {
      provider: [...providers.keys()],
      failure: [...FAILURES, 'refusal', 'other'],
    })

    /** Where else the call may go. */
    function placesFor(call: Call): readonly Place[] {
      const allowed = call.client.identity?.providers
      return places
        .map(({ provider, model = call.model, larger }) => ({ provider, model, larger }))
        .filter(({ provider, model }) => provider !== call.provider || model !== call.model)
        .filter(({ provider }) => allowed?.includes(provider) ?? true)
    }

    /** What failed, with its cause if that is one after which another place may help. @throws what is no failure */
    function failed({ provider }: Place, error: unknown): Failed {
      if (!(error instanceof Refusal)) throw error
      if (!(error instanceof UpstreamError)) {
        return { provider, error, cause: options.on_refusal.includes(error.code) ? 'refusal' : undefined }
      }
      const cause = error.kind === 'context-length' ? 'context_length' : error.failure
      return { provider, error, cause: options.on.find(each => each === cause) }
    }

    async function ask(call: Call, next: Next, here: Place, left: Left, tried: readonly Failed[]): Promise<Reply> {
      const { provider, model } = here
      const others = left.isLast ? 0 : left.later.length + left.refused.length
      const alternatives = others + (call.alternatives ?? 0)
      try {
        const reply = await next(call.with({ provider, model, alternatives }))
        return tried.length === 0 ? reply : reply.with({ headers: { 'x-sluice-fallback': provider } })
      } catch (error) {
        const failure = failed(here, error)
        const all = [...tried, failure]
        const remaining = leftAfter(left, here, failure)
        const [following, ...later] = isFinal(call, all) ? [] : remaining.later
        if (!following) throw lastWord(call, all)
        const { cause = 'other' } = failure
        fallbacks.add(1, { provider: following.provider, failure: cause })
        call.log.info('falling back', { failure: cause, from: provider, to: following.provider })
        return ask(call, next, following, { ...remaining, later }, all)
      }
    }

    return {
      async handle(call, next) {
        if (call.operation === 'list-models' || !matchGlob(options.match, call.model)) return next(call)
        const { provider, model } = call
        const left = { later: placesFor(call), refused: [], isLast: false }
        return ask(call, next, { provider, model, larger: false }, left, [])
      },
    }
  },
})

interface Place {
  readonly provider: string
  readonly model: string
  readonly larger: boolean
}

/** Places that are left to ask. */
interface Left {
  readonly later: readonly Place[]
  /** They said "not now": for the last round. */
  readonly refused: readonly Place[]
  readonly isLast: boolean
}

interface Failed {
  readonly provider: string
  readonly error: Refusal
  /** Absent where it was the call's own fault, or nothing that another place would mend. */
  readonly cause: (typeof FAILURES)[number] | 'refusal' | undefined
}

function leftAfter({ later, refused, isLast }: Left, here: Place, { cause, error }: Failed): Left {
  const waitsForLast = cause === 'refusal' && error.status === 503 && !isLast
  const isFitting = (place: Place): boolean => cause !== 'context_length' || place.larger
  const left = {
    later: later.filter(isFitting),
    refused: (waitsForLast ? [...refused, here] : refused).filter(isFitting),
  }
  return left.later.length > 0 ? { ...left, isLast } : { later: left.refused, refused: [], isLast: true }
}

/** Whether nobody else may, or can, answer the call after what happened. */
function isFinal(call: Call, failures: readonly Failed[]): boolean {
  const isItsOwnFault = failures.every(({ cause }) => cause === undefined)
  if (isItsOwnFault || call.signal.aborted) return true
  if (!call.stateful) return false
  if (failures.some(({ error }) => error instanceof UpstreamError && error.maybeProcessed)) return true
  const { previousId, conversation, thread } = call.conversation.state ?? {}
  return previousId !== undefined || conversation !== undefined || thread !== undefined
}

/** What the client is told: the last failure; what stand-ins object to in the call itself says little about it. */
function lastWord(call: Call, failures: readonly Failed[]): unknown {
  const { error } = failures.findLast(({ cause }) => cause !== undefined) ?? failures[0] ?? {}
  if (failures.length < 2 || error === undefined) return error
  const tried = failures.map(failure => `${failure.provider} ${failure.cause ?? failure.error.code}`).join(', ')
  call.log.warn('every place has failed', { tried })
  return error.withHeaders({ 'x-should-retry': 'false' })
}
