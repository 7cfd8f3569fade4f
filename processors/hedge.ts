import { type Call, defineProcessor, matchGlob, type Next, type Reply } from 'sluice'

export default defineProcessor({
  summary: 'Asks a second time when an answer is slow to begin, and takes whichever begins first.',
  description: `
Stands before \`convert\`, \`retry\` and \`breaker\`, so that the second attempt has a chain of its own, and behind \`fallback\`.
Without \`after\`, it learns how long answers of each provider and model take to begin, and hedges those that take longer
than \`quantile\` of them. Before it has seen \`min_samples\` answers it hedges nothing.

For streams and embeddings only: how long a whole reply takes depends on what there is to say. Calls that add to something
that a provider keeps are never made twice. The attempt that loses is given up at once, but a provider may charge what it
has begun: \`budget\` bounds how many calls are doubled.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      after: { type: 'string', format: 'duration', description: 'When to ask again. Absent: learned.' },
      quantile: {
        type: 'number',
        minimum: 0.5,
        maximum: 0.999,
        default: 0.95,
        description: 'The share of answers that begin in time, in what is learned.',
      },
      min_samples: {
        type: 'integer',
        minimum: 5,
        maximum: 200,
        default: 30,
        description: 'Answers to learn from first.',
      },
      budget: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.05,
        description: 'Second attempts for each call, on average: `0.05` is one for every twenty calls.',
      },
      provider: { type: 'string', refersTo: 'provider', description: 'Whom to ask the second time. Absent: the same.' },
      model: {
        type: 'string',
        minLength: 1,
        refersTo: 'model',
        description: 'The model for the second attempt. Absent: the same.',
      },
      match: { type: 'string', format: 'glob', default: '*', description: 'The models that this is for.' },
    },
  },
  examples: [
    { title: 'The slowest twentieth, at the same provider', toml: 'quantile = 0.95' },
    { title: 'After two seconds, elsewhere', toml: 'after = "2s"\nprovider = "main"\nmodel = "gpt-5-mini"' },
  ],
  setup({ options, clock, metrics, keyless }) {
    const hedges = metrics.counter('hedges_total', 'Second attempts, by what came of them.', { result: RESULTS })
    const learned = new Map<string, Learned>()
    let allowance = 0

    function learnedOf({ provider, model }: Call): Learned {
      const key = `${provider}\n${model}`
      const known = learned.get(key) ?? new Learned(options.quantile, options.min_samples)
      learned.delete(key)
      learned.set(key, known)
      const [oldest] = learned.keys()
      if (learned.size > MAX_LEARNED && oldest !== undefined) learned.delete(oldest)
      return known
    }

    /** Whether the call may be made twice; then it is counted. */
    function maySpend(call: Call): boolean {
      const { provider = call.provider } = options
      const isAllowed = call.client.identity?.providers?.includes(provider) ?? true
      if (!isAllowed || keyless.has(provider) || call.signal.aborted || call.stateful) return false
      // A sum of fractions may fall short of 1 by its last digit.
      if (allowance < 1 - 1e-9) return false
      allowance--
      return true
    }

    async function isSlow({ outcome }: Attempt, ms: number): Promise<boolean> {
      const stop = new AbortController()
      const alarm = clock.sleep(ms, stop.signal).then(
        () => true,
        () => false,
      )
      const slow = await Promise.race([outcome.then(() => false), alarm])
      stop.abort()
      return slow
    }

    async function race(call: Call, next: Next, afterMs: number): Promise<Reply> {
      const first = begin(call, next)
      if (!(await isSlow(first, afterMs)) || !maySpend(call)) return settled(await first.outcome)
      const { provider = call.provider, model = call.model } = options
      call.log.info('asking a second time', { provider, model, after_ms: Math.round(afterMs) })
      const second = begin(call.with({ provider, model }), next)
      const winner = await firstToAnswer(first, second)
      hedges.add(1, { result: winner === undefined ? 'failed' : winner === second ? 'won' : 'lost' })
      return settled(await (winner ?? first).outcome)
    }

    return {
      async handle(call, next) {
        const isShort = call.operation === 'embed' || (call.operation === 'generate' && call.stream)
        if (!isShort || !matchGlob(options.match, call.model)) return next(call)
        allowance = Math.min(MAX_ALLOWANCE, allowance + options.budget)
        const times = learnedOf(call)
        const afterMs = options.after ?? times.thresholdMs
        const startedAt = clock.now()
        const reply = await (afterMs === undefined ? next(call) : race(call, next, afterMs))
        // Of a call whose second attempt won, this is less than the first would have taken; without it, those that are
        // slow would be missing from what is learned.
        times.add(clock.now() - startedAt)
        return reply
      },
    }
  },
})

const RESULTS = ['won', 'lost', 'failed'] as const

/** Second attempts that can be saved up. */
const MAX_ALLOWANCE = 10

/** Models are named by clients: what is remembered of them has an end. */
const MAX_LEARNED = 200

type Outcome = { readonly reply: Reply } | { readonly error: unknown }

interface Attempt {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>
  giveUp(): void
}

function begin(call: Call, next: Next): Attempt {
  const controller = new AbortController()
  const outcome = next(call.with({ signal: controller.signal })).then(
    reply => ({ reply }),
    (error: unknown) => ({ error }),
  )
  return { outcome, giveUp: () => controller.abort(new Error('another attempt was quicker')) }
}

function settled(outcome: Outcome): Reply {
  if ('error' in outcome) throw outcome.error
  return outcome.reply
}

/** @returns the attempt that answers first, with the other given up and over; `undefined` when both fail */
async function firstToAnswer(first: Attempt, second: Attempt): Promise<Attempt | undefined> {
  const quicker = await Promise.race([first, second].map(attempt => attempt.outcome.then(() => attempt)))
  const other = quicker === first ? second : first
  const hasAnswered = 'reply' in (await quicker.outcome)
  if (hasAnswered) other.giveUp()
  const isOtherGood = 'reply' in (await other.outcome)
  if (hasAnswered) return quicker
  return isOtherGood ? other : undefined
}

const MAX_SAMPLES = 200

/** How long answers took to begin. */
class Learned {
  readonly #quantile: number
  readonly #minSamples: number
  readonly #times: number[] = []
  #count = 0
  #threshold: number | undefined

  constructor(quantile: number, minSamples: number) {
    this.#quantile = quantile
    this.#minSamples = minSamples
  }

  /** What all but the slowest stay below; `undefined` until enough is known. */
  get thresholdMs(): number | undefined {
    return this.#threshold
  }

  add(ms: number): void {
    this.#times[this.#count % MAX_SAMPLES] = ms
    this.#count++
    // Sorting is not for every call.
    if (this.#count < this.#minSamples || (this.#count > this.#minSamples && this.#count % 8 !== 0)) return
    const sorted = this.#times.toSorted((one, other) => one - other)
    this.#threshold = sorted[Math.floor(sorted.length * this.#quantile)]
  }
}
