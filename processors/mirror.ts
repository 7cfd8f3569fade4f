import { type Call, defineProcessor, matchGlob, type Next, type Outcome } from 'sluice'

export default defineProcessor({
  summary: 'Sends a copy of a share of the calls to another provider, and drops what it answers.',
  description: `
For trying a provider or a model with real traffic. The client gets the answer that it would get anyway: it does not wait
for the copy, and learns nothing of it, whatever becomes of it.

The copy goes through the rest of the chain as the call does, so \`convert\` behind this processor translates it for its
provider; put \`auth\`, \`rate-limit\` and \`cache\` before it. Its reply is read to its end and dropped; how it ended and how
long that took are in the metrics, as are its attempts under its provider. It is not in the log of calls.

A copy costs what a call costs, shows the other provider what the caller wrote, and keeps the call's body in memory, beyond
\`server.max_body_memory\`. Where \`max_copies\` are under way, no further one is made. Calls that build on what a provider keeps, or leave something there, are not copied. A copy ends
when \`timeout\` is over or the gateway stops, not when the client leaves.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['provider', 'share'],
    properties: {
      provider: { type: 'string', refersTo: 'provider', description: 'Where the copies go.' },
      model: {
        type: 'string',
        minLength: 1,
        refersTo: 'model',
        description: 'The model that they ask for. Absent: the one of the call.',
      },
      share: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        description: 'How many of the calls are copied: `0.01` is one in a hundred, `1` all.',
      },
      max_copies: {
        type: 'integer',
        minimum: 1,
        default: 8,
        description: 'How many copies may be under way at once, in each process.',
      },
      timeout: { type: 'string', format: 'duration', default: '2m', description: 'How long a copy may take.' },
      models: {
        type: 'array',
        items: { type: 'string', format: 'glob' },
        minItems: 1,
        description: 'Patterns of the models whose calls are copied; `*` is any text. Absent: all.',
      },
    },
  },
  examples: [
    { title: 'All calls', toml: 'provider = "main"\nshare = 1' },
    {
      title: 'One call in a hundred of one family, to another model',
      toml: 'provider = "main"\nmodel = "gpt-5-mini"\nshare = 0.01\nmodels = ["gpt-5*"]\nmax_copies = 2',
    },
  ],
  setup({ options, clock, metrics, signal }) {
    const { provider, model, share, max_copies, models, timeout } = options
    const ends = metrics.counter('mirror_copies_total', 'Copies of calls, by how they ended.', { result: RESULTS })
    const seconds = metrics.histogram('mirror_copy_duration_seconds', 'How long copies took.', BUCKETS)
    const underWay = metrics.gauge('mirror_copies', 'Copies that are under way.')
    let count = 0

    function isChosen(call: Call): boolean {
      if (call.operation !== 'generate' && call.operation !== 'embed') return false
      if (models !== undefined && !models.some(pattern => matchGlob(pattern, call.model))) return false
      return Math.random() < share && !call.stateful
    }

    async function copy(call: Call, next: Next): Promise<void> {
      if (count >= max_copies) return ends.add(1, { result: 'skipped' })
      underWay.set(++count)
      const startedAt = clock.now()
      const detached = call.detach(AbortSignal.any([signal, AbortSignal.timeout(timeout)]))
      const result = await dropped(detached.with({ provider, ...(model === undefined ? {} : { model }) }), next)
      underWay.set(--count)
      seconds.observe((clock.now() - startedAt) / 1000)
      ends.add(1, { result })
    }

    return {
      async handle(call, next) {
        const isCopied = isChosen(call)
        const running = next(call)
        if (isCopied) void copy(call, next)
        return running
      },
    }
  },
})

/** `skipped`: too many were under way. */
const RESULTS = ['completed', 'failed', 'abandoned', 'skipped'] as const

const BUCKETS: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/** Sends a call and reads its reply for nobody. */
async function dropped(call: Call, next: Next): Promise<Outcome> {
  try {
    const reply = await next(call)
    for await (const _ of reply.events);
    return await reply.ended
  } catch {
    return 'failed'
  }
}
