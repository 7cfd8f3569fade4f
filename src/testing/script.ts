import type { Call, FailureClass, ModelEntry, Next, Reply, ReplyEvent, Usage } from '../contract.ts'
import { CompletionBuilder, eventsOf as completionEvents } from '../formats/completion.ts'
import { parseDocument } from '../json/document.ts'
import type { EngineCall } from '../pipeline/call.ts'
import { formatOf } from '../pipeline/exchange.ts'
import type { Origin } from '../pipeline/origin.ts'
import { EngineReply } from '../pipeline/reply.ts'
import { UpstreamError } from '../refusal.ts'
import { type Flow, flowFromAsync } from '../stream/flow.ts'
import { sseFrame } from '../stream/sse.ts'

/** What one call of `next` brings. */
export type ScriptedReply =
  | { readonly text: string; readonly usage?: Usage; readonly headers?: Readonly<Record<string, string>> }
  /** Without `end` it is a reply that breaks off; with `error` one that fails. */
  | { readonly events: readonly ReplyEvent[]; readonly headers?: Readonly<Record<string, string>> }
  | { readonly models: readonly ModelEntry[] }
  | { readonly tokens: number }
  /** The provider fails before its first byte. */
  | {
      readonly failure: FailureClass
      readonly status?: number
      readonly retryAfterMs?: number
      readonly unsent?: boolean
    }
  /** The provider never answers; ends when the client leaves. */
  | { readonly hangs: true }
  | { readonly throws: unknown }

/** The rest of the chain, as a test wants it. */
export class Script {
  readonly sent: EngineCall[] = []
  readonly replies: EngineReply[] = []
  /** Upstream streams that were let go of before their end. */
  cancelled = 0
  readonly #scripted: readonly ScriptedReply[]
  readonly #onHang: () => void

  /**
   * @param scripted in order of the calls of `next`; the last one again and again
   * @param onHang told when somebody waits for a provider that never answers
   */
  constructor(scripted: readonly ScriptedReply[], onHang: () => void) {
    this.#scripted = scripted
    this.#onHang = onHang
  }

  readonly next: Next = async (call: Call): Promise<Reply> => {
    const sent = call as EngineCall
    const scripted = this.#scripted[Math.min(this.sent.length, this.#scripted.length - 1)] ?? { text: 'ok' }
    this.sent.push(sent)
    sent.exchange.trail.attempt(sent.provider, sent.model)
    // Encodes what was changed, as the way to a provider would.
    void sent.body
    await new Promise<void>(resolve => setImmediate(resolve))
    const reply = EngineReply.of(sent.exchange, await this.#originOf(sent, scripted))
    this.replies.push(reply)
    return reply
  }

  async #originOf(call: EngineCall, scripted: ScriptedReply): Promise<Origin> {
    if ('throws' in scripted) throw scripted.throws
    if ('failure' in scripted) throw upstreamError(call.provider, scripted)
    if ('hangs' in scripted) return this.#hang(call)
    const headers = 'headers' in scripted ? (scripted.headers ?? {}) : {}
    const base = { provider: call.provider, status: 200, headers, format: call.target, cancel: () => {} }
    const format = formatOf(call.exchange.surroundings, call.target)
    const whole = (text: string): Origin => {
      const bytes = Buffer.from(text)
      const observation = format.observeReply(parseDocument(text), call.operation)
      return { ...base, body: { kind: 'whole', bytes, observation } }
    }
    if ('models' in scripted) return whole(format.encodeModels(scripted.models))
    if ('tokens' in scripted) return whole(format.encodeTokenCount(scripted.tokens))
    const events = eventsOf(call, scripted)
    if (!call.stream) return whole(JSON.stringify({ events: wholeEvents(events) }))
    const chunks = events.map(event => Buffer.from(sseFrame(JSON.stringify(event))))
    const watched = this.#watched(flowFromAsync(paced(chunks)))
    return { ...base, cancel: () => watched.cancel(), body: { kind: 'stream', flow: watched, hideUsage: false } }
  }

  #hang(call: EngineCall): Promise<never> {
    return new Promise((_, reject) => {
      call.lifetime.onAbort(reject)
      this.#onHang()
    })
  }

  /** Counts a flow as cancelled if it is let go of before its end. */
  #watched(flow: Flow<Buffer>): Flow<Buffer> {
    let over = false
    return {
      start: sink =>
        flow.start({
          item: item => sink.item(item),
          end: () => {
            over = true
            sink.end()
          },
          fail: error => {
            over = true
            sink.fail(error)
          },
        }),
      pause: () => flow.pause(),
      resume: () => flow.resume(),
      cancel: () => {
        if (!over) this.cancelled++
        over = true
        flow.cancel()
      },
    }
  }
}

/** One chunk in each turn of the event loop, as from a network. */
async function* paced(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    yield chunk
    await new Promise<void>(resolve => setImmediate(resolve))
  }
}

function upstreamError(
  provider: string,
  { failure, status = 502, retryAfterMs, unsent = false }: Extract<ScriptedReply, { failure: unknown }>,
): UpstreamError {
  const view = {
    kind: 'upstream',
    status,
    code: 'upstream_failed',
    message: `The provider failed: ${failure}.`,
  } as const
  return new UpstreamError(
    { ...view, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    { failure, provider, unsent },
  )
}

function eventsOf(call: EngineCall, scripted: Exclude<ScriptedReply, { throws: unknown }>): readonly ReplyEvent[] {
  if ('events' in scripted) return scripted.events
  const text = 'text' in scripted ? scripted.text : 'ok'
  const usage = 'text' in scripted ? scripted.usage : undefined
  return [
    { type: 'start', id: 'reply-1', model: call.model },
    { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
    { type: 'text-delta', index: 0, text },
    { type: 'part-end', index: 0 },
    { type: 'finish', candidate: 0, reason: 'stop' },
    ...(usage ? [{ type: 'usage', usage } as const] : []),
    { type: 'end' },
  ]
}

/** A whole reply has whole parts, and no deltas. */
function wholeEvents(events: readonly ReplyEvent[]): readonly ReplyEvent[] {
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  return builder.error ? events : completionEvents(builder.completion())
}
