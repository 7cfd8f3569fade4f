import { type Call, type Clock, defineProcessor, matchGlob, type Reply, type ReplyEvent, UpstreamError } from 'sluice'

export default defineProcessor({
  summary: 'Makes a share of calls slow, or fail as a provider would, for drills.',
  description: `
Stands behind what is to be tried: behind \`retry\` and \`fallback\` it plays a provider that fails, and they act as they
would. Does nothing until \`share\` is given.

\`delay\` and \`slice\` go with everything; of \`error\`, \`stall\` and \`cut\` a table has one. With \`after_events\` a stall or a
cut comes when so many events of the reply have passed; without it the provider is not asked at all. An injected failure
has the code \`injected_fault\` and the class that a provider's would have: of its status, \`first_token_timeout\` for a
stall, \`reset\` for a cut. A stall ends when its time is over, or when the client or a deadline gives up before.

To drill one client only, let it send a header, and name it in \`header\`.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      share: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'How many of the calls get the fault: `0.01` is one in a hundred, `1` all.',
      },
      models: {
        type: 'array',
        items: { type: 'string', format: 'glob' },
        minItems: 1,
        description: 'Patterns of the models whose calls may get it; `*` is any text. Absent: all.',
      },
      header: {
        type: 'string',
        pattern: '^[a-z0-9-]+$',
        description: 'A request header, in lower case, that a call must have to get it. Absent: none needed.',
      },
      delay: { type: 'string', format: 'duration', description: 'How long a call waits before anything else.' },
      error: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status of a failure.' },
      retry_after: { type: 'string', format: 'duration', description: 'The `retry-after` of that failure.' },
      stall: { type: 'string', format: 'duration', description: 'How long the provider stops saying anything.' },
      cut: { type: 'boolean', default: false, description: 'Breaks the connection off.' },
      after_events: {
        type: 'integer',
        minimum: 1,
        description: 'How many events of the reply pass before the stall or the cut. Absent: none, nor its beginning.',
      },
      slice: {
        type: 'integer',
        minimum: 1,
        description: 'Cuts the text of a stream into pieces of so many characters.',
      },
    },
  },
  examples: [
    {
      title: 'Calls with the header x-drill find the provider overloaded',
      toml: 'share = 1\nheader = "x-drill"\nerror = 529\nretry_after = "2s"',
    },
    {
      title: 'One stream in twenty breaks off',
      toml: 'share = 0.05\nmodels = ["gpt-*"]\ncut = true\nafter_events = 5',
    },
  ],
  refusals: {
    injected_fault: { status: 503, kind: 'upstream', when: 'A drill; the status is the one that the table names.' },
  },
  setup({ options, clock, metrics }) {
    const { share, models, header, delay, stall, slice } = options
    checkOptions(options)
    const counter = metrics.counter('injected_faults_total', 'Calls that got a fault.')

    function isChosen(call: Call): boolean {
      if (call.operation === 'list-models' || Math.random() >= share) return false
      if (header !== undefined && call.client.headers[header] === undefined) return false
      return models === undefined || models.some(pattern => matchGlob(pattern, call.model))
    }

    return {
      deadlineMs: (delay ?? 0) + (stall ?? 0) + 60_000,
      async handle(call, next) {
        if (!isChosen(call)) return next(call)
        counter.add(1)
        call.log.info('a fault is injected', { model: call.model })
        if (delay !== undefined) await clock.sleep(delay, call.signal)
        await failBefore(options, call, clock)
        const reply = await next(call)
        const pieces = slice === undefined ? reply : reply.map(event => sliced(event, slice))
        return options.after_events === undefined ? pieces : failingWithin(options, call, pieces, clock)
      },
    }
  },
})

interface Faults {
  readonly share: number
  readonly delay?: number
  readonly error?: number
  readonly retry_after?: number
  readonly stall?: number
  readonly cut: boolean
  readonly after_events?: number
  readonly slice?: number
}

/** @throws Error when the options contradict each other, or are no fault at all */
function checkOptions({ share, delay, error, retry_after, stall, cut, after_events, slice }: Faults): void {
  const ends = [error !== undefined && 'error', stall !== undefined && 'stall', cut && 'cut'].filter(Boolean)
  if (ends.length > 1) throw new Error(`${ends.join(' and ')} exclude each other; keep one of them`)
  if (retry_after !== undefined && error === undefined) throw new Error('retry_after needs an error to belong to')
  if (after_events !== undefined && stall === undefined && !cut) throw new Error('after_events needs stall or cut')
  if (share > 0 && ends.length === 0 && delay === undefined && slice === undefined) {
    throw new Error('no fault is set; give delay, error, stall, cut or slice')
  }
}

/** @throws UpstreamError where the fault is that there is no reply */
async function failBefore(faults: Faults, call: Call, clock: Clock): Promise<void> {
  const { error, retry_after, stall, cut, after_events } = faults
  if (error !== undefined) throw failure(call, error, classOf(error), retry_after)
  if (after_events !== undefined) return
  if (cut) throw failure(call, 502, 'reset')
  if (stall === undefined) return
  await clock.sleep(stall, call.signal)
  throw failure(call, 504, 'first_token_timeout')
}

async function failingWithin(faults: Faults, call: Call, reply: Reply, clock: Clock): Promise<Reply> {
  const events = failing(faults, call, reply.events, clock)
  if (reply.stream) return call.answer({ events, headers: reply.headers })
  // A whole reply is whole or it is not: it fails before anything of it is given.
  return call.answer({ events: await Array.fromAsync(events), headers: reply.headers })
}

async function* failing(
  { after_events, cut, stall = 0 }: Faults,
  call: Call,
  events: AsyncIterable<ReplyEvent>,
  clock: Clock,
): AsyncGenerator<ReplyEvent> {
  let passed = 0
  for await (const event of events) {
    if (event.type !== 'ping' && passed++ === after_events) {
      if (cut) throw failure(call, 502, 'reset')
      await clock.sleep(stall, call.signal)
    }
    yield event
  }
}

type FailureClass = UpstreamError['failure']

function failure({ provider }: Call, status: number, failureClass: FailureClass, retryAfterMs?: number): UpstreamError {
  const message = `This failure was injected for a drill: ${failureClass}.`
  const view = { kind: 'upstream', status, code: 'injected_fault', message } as const
  const error = retryAfterMs === undefined ? view : { ...view, retryAfterMs }
  return new UpstreamError(error, { failure: failureClass, provider, unsent: true })
}

const CLASSES: Readonly<Record<number, FailureClass>> = {
  401: 'status_401',
  402: 'status_401',
  403: 'status_401',
  408: 'status_408',
  409: 'status_408',
  425: 'status_408',
  429: 'status_429',
  503: 'status_529',
  529: 'status_529',
}

function classOf(status: number): FailureClass {
  return CLASSES[status] ?? (status < 500 ? 'status_400' : 'status_500')
}

/** Never between the two halves of a character. */
function sliced(event: ReplyEvent, size: number): ReplyEvent | readonly ReplyEvent[] {
  if (event.type !== 'text-delta' && event.type !== 'arguments-delta') return event
  const characters = [...event.text]
  const count = Math.ceil(characters.length / size)
  return Array.from({ length: count }, (_, index) => ({
    ...event,
    text: characters.slice(index * size, (index + 1) * size).join(''),
  }))
}
