import { createHash } from 'node:crypto'
import { type Call, type Clock, defineProcessor, matchGlob, Refusal } from 'sluice'

/** What a failure counts as, in milliseconds. */
const FAILURE_MS = 10_000

export default defineProcessor({
  summary: 'Spreads calls over several providers or models.',
  description: `
Stands before \`fallback\`, \`convert\` and \`retry\`: it only chooses where a call goes first, and \`fallback\` with the same
places does the rest. What a key may not use and what has no key of its own is left out of the choice.

* \`weighted\`: in turn, each place as often as its \`weight\` says.
* \`least-busy\`: the place with the fewest calls under way for its weight.
* \`latency\`: of two places drawn at random, the one where the next answer is likely to begin sooner: by a moving average
  of what they took, times the calls under way. A failure counts as a slow answer. What is remembered fades with
  \`half_life\`, so that a place that was slow is tried again.

With \`affinity\` calls that belong together go to the same place, as long as the places stay the same: prompt caches
work, and state that only one provider can read comes back to it. When a place is added or taken away, only its own share
moves (rendezvous hashing). Calls without the value are spread by \`strategy\`. \`cache-key\` and \`end-user\` look into
the call, which costs a decoding.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['targets'],
    properties: {
      targets: {
        type: 'array',
        minItems: 1,
        maxItems: 64,
        description: 'The places to choose from.',
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
              description: 'Absent: the one that is asked for.',
            },
            weight: { type: 'number', exclusiveMinimum: 0, default: 1, description: 'Its share, next to the others.' },
          },
        },
      },
      strategy: {
        type: 'string',
        enum: ['weighted', 'least-busy', 'latency'],
        default: 'weighted',
        description: 'How a place is chosen.',
      },
      affinity: {
        type: 'string',
        pattern: '^(key|end-user|cache-key|header:[a-z0-9-]+)$',
        description:
          'What calls have in common that are to go to the same place: `key`, `end-user`, `cache-key` or the value of a ' +
          'header, as `header:x-session-id`. Absent: nothing.',
      },
      half_life: { type: 'string', format: 'duration', default: '10s', description: 'How fast `latency` forgets.' },
      match: { type: 'string', format: 'glob', default: '*', description: 'The models that this is for.' },
    },
  },
  examples: [
    { title: 'One place for now', toml: 'targets = [{ provider = "main" }]' },
    {
      title: 'Two models by how quick they are, conversations with a session at one of them',
      toml: `strategy = "latency"
affinity = "header:x-session-id"
targets = [{ provider = "main", model = "gpt-5" }, { provider = "main", model = "gpt-5-mini", weight = 2 }]`,
    },
  ],
  setup({ options, keyless, clock, metrics, providers }) {
    const choices = metrics.counter('balance_choices_total', 'Calls sent to each provider.', {
      provider: [...providers.keys()],
      by: ['affinity', 'strategy'],
    })
    const usable = options.targets.filter(({ provider }) => !keyless.has(provider))
    // Without any key the first call says which variable to set; leaving all out would say nothing.
    const average = (): Average => newAverage(options.half_life, clock)
    const places = (usable.length > 0 ? usable : options.targets).map(
      (target): Place => ({ ...target, owed: 0, busy: 0, streamed: average(), whole: average() }),
    )
    const choose = STRATEGIES[options.strategy]

    return {
      async handle(call, next) {
        if (call.operation === 'list-models' || !matchGlob(options.match, call.model)) return next(call)
        const allowed = call.client.identity?.providers
        const open = places.filter(({ provider }) => allowed?.includes(provider) ?? true)
        const session = sessionOf(call, options.affinity)
        const place = session === undefined ? choose(open, call.stream) : best(open, each => affinity(each, session))
        // Where none is allowed, the end of the chain judges where the call was heading.
        if (place === undefined) return next(call)
        const { provider, model = call.model } = place
        choices.add(1, { provider, by: session === undefined ? 'strategy' : 'affinity' })
        const startedAt = clock.now()
        const latency = call.stream ? place.streamed : place.whole
        place.busy++
        try {
          const reply = await next(call.with({ provider, model }))
          // Somebody else answered for it: it has failed. A reply of no provider says nothing.
          if (reply.provider === provider) latency.add(clock.now() - startedAt)
          else if (reply.provider !== '') latency.add(FAILURE_MS)
          void reply.ended.then(() => place.busy--)
          return reply
        } catch (error) {
          place.busy--
          if (error instanceof Refusal && (error.status >= 500 || error.status === 429)) latency.add(FAILURE_MS)
          throw error
        }
      },
    }
  },
})

interface Place {
  readonly provider: string
  readonly model?: string
  readonly weight: number
  /** Of smooth weighted round robin: what it is owed. */
  owed: number
  /** Calls under way. */
  busy: number
  /** How long streams and whole replies take to begin. */
  readonly streamed: Average
  readonly whole: Average
}

const STRATEGIES = {
  weighted: inTurn,
  'least-busy'(places: readonly Place[]) {
    const least = Math.min(...places.map(load))
    return inTurn(places.filter(place => load(place) === least))
  },
  latency: (places: readonly Place[], stream: boolean) => best(drawTwo(places), place => -cost(place, stream)),
} as const

/** Smooth weighted round robin (nginx): even also within a few calls. */
function inTurn(places: readonly Place[]): Place | undefined {
  for (const place of places) place.owed += place.weight
  const chosen = best(places, ({ owed }) => owed)
  if (chosen) chosen.owed -= places.reduce((sum, { weight }) => sum + weight, 0)
  return chosen
}

function load({ busy, weight }: Place): number {
  return busy / weight
}

function drawTwo(places: readonly Place[]): readonly Place[] {
  const first = Math.floor(Math.random() * places.length)
  const second = Math.floor(Math.random() * (places.length - 1))
  return [places[first], places[second < first ? second : second + 1]].filter(place => place !== undefined)
}

/** How long the next answer is likely to take to begin. A place of which nothing is known costs a millisecond. */
function cost({ streamed, whole, busy, weight }: Place, stream: boolean): number {
  return ((1 + (stream ? streamed : whole).left()) * (1 + busy)) / weight
}

function best(places: readonly Place[], score: (place: Place) => number): Place | undefined {
  const scores = places.map(score)
  return places[scores.indexOf(Math.max(...scores))]
}

/** Rendezvous hashing with weights: the place with the highest score for a session has it. */
function affinity({ provider, model = '', weight }: Place, session: string): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([session, provider, model]))
    .digest()
  return -weight / Math.log((digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1))
}

function sessionOf(call: Call, by = ''): string | undefined {
  if (by === 'key') return call.client.identity?.name
  if (by === 'end-user') return call.conversation.endUser
  if (by === 'cache-key') return call.conversation.cacheKey
  return call.client.headers[by.slice('header:'.length)]?.slice(0, 256)
}

type Average = ReturnType<typeof newAverage>

/** A moving average over time that jumps up at once, comes down slowly, and fades (Finagle's "peak EWMA"). */
function newAverage(halfLifeMs: number, clock: Clock) {
  let value = 0
  let at = 0
  const left = (): number => value * 2 ** ((at - clock.now()) / Math.max(1, halfLifeMs))
  return {
    left,
    add(sample: number) {
      const rest = left()
      value = sample >= rest ? sample : rest + sample * (1 - rest / value)
      at = clock.now()
    },
  }
}
