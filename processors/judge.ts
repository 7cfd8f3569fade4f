import {
  type Call,
  defineProcessor,
  type FoundText,
  fetchBounded,
  holdEvents,
  outsideService,
  Refusal,
  type Reply,
  type ReplyEvent,
  type Texts,
  textsOfCall,
  textsOfReply,
} from 'sluice'

export default defineProcessor({
  summary: 'Asks a service of yours whether calls and replies may pass: it allows, masks or denies them.',
  description: `
For judges of another kind than \`guard\`, which looks by itself: a moderation model, a data loss prevention service. Each
call, before it goes to a provider, and each reply, before the client gets it, is one POST to \`url\`:

\`\`\`json
{ "side": "call", "id": "…", "pipeline": "main", "model": "gpt-5", "key": "alice",
  "texts": [{ "path": "/turns/0/parts/0/text", "role": "user", "text": "…" }] }
\`\`\`

\`texts\` are all that a person or a model can have written: of a call its turns, tools and settings, of a reply
(\`"side": "reply"\`) its parts, thinking and the arguments of tool calls included. Images and files are not among them. The
judge answers with 200 and one of these:

\`\`\`json
{ "action": "allow" }
{ "action": "deny", "message": "For the client; may be left out." }
{ "action": "mask", "texts": [null, "the second text anew"] }
\`\`\`

To mask, it gives one entry for each text that it was sent; \`null\` leaves a text as it is. Redirects are not followed.
No answer in time, another status, an answer that cannot be understood, and texts of more than \`max_text\` are failures:
the call is refused with 503, unless \`on_error = "open"\`.

A stream is held until it has come to its end and was judged; what is out cannot be taken back. Meanwhile the client gets
a heartbeat now and then (\`stream.heartbeat\` of the pipeline), then all at once. Use \`on = ["input"]\` where that takes too long, or \`guard\`, which needs no more
than a word. Log probabilities are left out of replies, because they spell the text, and a reply is encoded anew.

The judge sees everything in clear: have it near, or behind https.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['url'],
    properties: {
      url: { type: 'string', format: 'url', description: 'Where the judge is.' },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string', secret: true, description: 'Value of the header.' },
        default: {},
        description: 'Headers for the judge, such as its key.',
      },
      on: {
        type: 'array',
        items: { type: 'string', enum: ['input', 'output'] },
        minItems: 1,
        uniqueItems: true,
        default: ['input', 'output'],
        description: 'Which way is judged.',
      },
      timeout: { type: 'string', format: 'duration', default: '5s', description: 'How long the judge may take.' },
      max_text: {
        type: 'string',
        format: 'size',
        default: '1MiB',
        description: 'The most text that is judged at once.',
      },
      on_error: {
        type: 'string',
        enum: ['closed', 'open'],
        default: 'closed',
        description: 'What happens when the judge fails: the call is refused, or it passes unjudged.',
      },
    },
  },
  examples: [
    {
      title: 'A judge beside the gateway, for input; calls go on without it when it is down',
      toml: 'url = "http://127.0.0.1:9400/judge"\non = ["input"]\ntimeout = "800ms"\non_error = "open"',
    },
    {
      title: 'A moderation service that nothing passes by',
      toml: `url = "https://judge.example.com/v1"\nheaders = { authorization = "Bearer \${JUDGE_TOKEN:-none}" }`,
    },
  ],
  refusals: {
    content_denied: { status: 403, kind: 'content-policy', when: 'The judge does not let a call or a reply pass.' },
    judge_unavailable: { status: 503, kind: 'overloaded', when: 'The judge has failed, and `on_error = "closed"`.' },
  },
  setup({ options, metrics, clock }) {
    const judge = outsideService(options.url, options.headers)
    const { timeout: timeoutMs, max_text: maxText, on } = options
    const labels = { side: ['call', 'reply'] }
    const verdicts = metrics.counter('judge_verdicts_total', 'What the judge said.', {
      ...labels,
      verdict: ['allow', 'mask', 'deny', 'failed'],
    })
    const seconds = metrics.histogram('judge_seconds', 'How long the judge took.', BUCKETS, labels)

    /** @throws Refusal 503 unless failures let pass */
    function failed(call: Call, side: Side, reason: string): Verdict {
      verdicts.add(1, { side, verdict: 'failed' })
      call.log.warn(`the ${side} could not be judged`, { reason })
      if (options.on_error === 'open') return { action: 'allow' }
      const message = `The ${side} could not be checked, and nothing passes here unchecked. Try again later.`
      throw new Refusal(503, 'judge_unavailable', message, { kind: 'overloaded', retryAfterMs: 5000 })
    }

    async function verdictOn(call: Call, side: Side, texts: readonly FoundText[]): Promise<Verdict> {
      const { id, pipeline, model, signal, client } = call
      const json = JSON.stringify({ side, id, pipeline, model, key: client.identity?.name, texts })
      if (Buffer.byteLength(json) > maxText) return failed(call, side, TOO_MUCH)
      const began = clock.now()
      try {
        const answer = await fetchBounded(judge, { json, timeoutMs, maxBytes: maxText + MAX_ANSWER, signal })
        const verdict = readVerdict(answer, texts.length)
        verdicts.add(1, { side, verdict: verdict.action })
        return verdict
      } catch (error) {
        if (signal.aborted) throw error
        return failed(call, side, error instanceof Error ? error.message : 'unknown')
      } finally {
        seconds.observe((clock.now() - began) / 1000, { side })
      }
    }

    /** @throws Refusal */
    async function judged<T>(call: Call, side: Side, { texts, whole, replaced }: Texts<T>): Promise<T> {
      const verdict: Verdict = texts.length === 0 ? { action: 'allow' } : await verdictOn(call, side, texts)
      if (verdict.action === 'mask') return replaced(verdict.texts)
      if (verdict.action === 'allow') return whole
      const message = verdict.message ?? `The ${side} is not allowed here.`
      throw new Refusal(403, 'content_denied', message, { kind: 'content-policy' })
    }

    async function judgedCall(call: Call): Promise<Call> {
      const conversation = await judged(call, 'call', textsOfCall(call.conversation))
      return conversation === call.conversation ? call : call.with({ conversation })
    }

    async function* judgedEvents(call: Call, events: Reply['events']): AsyncGenerator<ReplyEvent> {
      const { held, rest } = await holdEvents(events, maxText)
      if (rest) failed(call, 'reply', TOO_MUCH)
      yield* rest ? held : await judged(call, 'reply', textsOfReply(held))
      if (rest) yield* rest
    }

    return {
      deadlineMs: 2 * timeoutMs + 60_000,
      async handle(call, next) {
        if (call.operation === 'list-models') return next(call)
        const reply = await next(on.includes('input') ? await judgedCall(call) : call)
        if (!on.includes('output') || call.operation !== 'generate') return reply
        const { headers } = reply
        const events = judgedEvents(call, reply.events)
        // Of a whole reply the client is told by the status what has become of it.
        return call.answer({ events: reply.stream ? events : await Array.fromAsync(events), headers })
      },
    }
  },
})

type Side = 'call' | 'reply'
type Verdict =
  | { readonly action: 'allow' }
  | { readonly action: 'deny'; readonly message?: string }
  | { readonly action: 'mask'; readonly texts: readonly (string | null)[] }

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const TOO_MUCH = 'more text than max_text'
/** Of an answer, beside the texts in it. */
const MAX_ANSWER = 64 * 1024
const MAX_MESSAGE = 500

/** @throws Error in words that may be logged */
function readVerdict(text: string, count: number): Verdict {
  const answer = parsed(text)
  const { action, message, texts } = answer
  if (action === 'allow') return { action }
  if (action === 'deny')
    return { action, ...(typeof message === 'string' && { message: message.slice(0, MAX_MESSAGE) }) }
  if (action !== 'mask') throw new Error('the answer has no "action" that there is')
  const isFitting = Array.isArray(texts) && texts.length === count
  if (isFitting && texts.every(each => each === null || typeof each === 'string')) return { action, texts }
  throw new Error(`the answer does not have as many "texts" as it was sent (${count}), each a string or null`)
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {}
  throw new Error('the answer is no JSON object')
}
