import { type Writable, writeJson } from '../../json/raw.ts'
import { sseFrame } from '../../stream/sse.ts'
import type { Loss } from '../losses.ts'
import type { FinishEvent, PartStartEvent, ReplyEvent, StartEvent, Usage } from '../reply-events.ts'
import { TRUNCATED } from '../reply-faults.ts'
import type { TextRun } from '../text-run.ts'
import type { ReplyContext, StreamEncoder } from '../wire-format.ts'
import { errorBody } from './errors.ts'
import { Lane } from './lane.ts'
import { Losses } from './losses.ts'
import { type PartDelta, PartWriter } from './part-writer.ts'
import type { WirePart } from './parts-encode.ts'
import { besideCandidates, encodeEnd, envelope, isBlocked } from './reply-encode.ts'
import { type ReplyStyle, replyStyle } from './reply-parts.ts'
import { encodeUsage } from './usage.ts'

/**
 * Empty lines, not a comment: `@google/genai` 1.x, which Gemini CLI is built on, looks for `data:` behind white space
 * alone, and a comment makes it read nothing more of the stream.
 */
export const HEARTBEAT = '\n\n'

/**
 * Events → chunks. Each piece is a chunk of its own; the last chunk has every `finishReason` and the usage, and a part,
 * without which the SDK throws the whole turn out of its history.
 */
export class GeminiStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  readonly #style: ReplyStyle
  readonly #losses = new Losses()
  readonly #writers = new Map<number, PartWriter>()
  readonly #lanes = new Map<number, Lane>()
  readonly #finishes = new Map<number, FinishEvent>()
  #start: StartEvent
  #usage: Usage | undefined
  /** The end of every chunk but the last: what names the reply. */
  #tail: string
  #begun = false
  #over = false

  constructor(context: ReplyContext) {
    this.#context = context
    this.#style = replyStyle(context)
    this.#start = { type: 'start', id: context.requestId, model: context.model }
    this.#tail = writeJson(envelope(this.#start, context)).slice(1)
  }

  get losses(): readonly Loss[] {
    return this.#losses.all
  }

  event(event: ReplyEvent): string {
    if (this.#over) return ''
    switch (event.type) {
      case 'start':
        return this.#begin(event)
      case 'part-start':
        return this.#startPart(event)
      case 'part-end':
        return this.#withWriter(event.index, (lane, writer) => lane.end(writer))
      case 'usage':
        this.#usage = event.usage
        return ''
      case 'finish':
        this.#finishes.set(event.candidate, event)
        return ''
      case 'end':
        return this.#end()
      case 'error':
        return this.#last(errorBody(event.error, this.#context.requestId))
      case 'ping':
        // Silence is kept open by the heartbeat; an array has none, and white space may stand between its chunks.
        return this.#context.framing === 'sse' ? '' : '\n'
      case 'raw':
        this.#losses.dropped(`raw.${event.format}`, `only ${event.format} knows these events`)
        return ''
      case 'embedding':
        return ''
      default:
        return this.#delta(event)
    }
  }

  run(run: TextRun): string | undefined {
    const writer = this.#over || this.#context.framing !== 'sse' ? undefined : this.#writers.get(run.index)
    const part = writer && this.#lane(writer.candidate).run(writer, run)
    if (part === undefined || part === '') return part
    const [before, after] = this.#aroundParts(writer?.candidate ?? 0)
    return run.framed(`data: ${oneLine(before + part.before)}`, `${oneLine(part.after + after)}\n\n`)
  }

  /** A reply keeps the name that its first chunk had. */
  #begin(event: StartEvent): string {
    this.#usage = event.usage ?? this.#usage
    if (this.#begun) return ''
    this.#start = event
    this.#tail = writeJson(envelope(event, this.#context)).slice(1)
    return ''
  }

  #startPart(event: PartStartEvent): string {
    const { candidate, index, part } = event
    const path = `candidates[${candidate}].parts[${index}]`
    const writer = new PartWriter(part, candidate, path, this.#style, this.#losses)
    this.#writers.set(index, writer)
    return this.#chunk(candidate, this.#lane(candidate).start(writer))
  }

  #delta(event: PartDelta): string {
    return this.#withWriter(event.index, (lane, writer) => lane.delta(writer, event))
  }

  #withWriter(index: number, act: (lane: Lane, writer: PartWriter) => readonly WirePart[]): string {
    const writer = this.#writers.get(index)
    return writer ? this.#chunk(writer.candidate, act(this.#lane(writer.candidate), writer)) : ''
  }

  #lane(candidate: number): Lane {
    const known = this.#lanes.get(candidate)
    if (known) return known
    const lane = new Lane()
    this.#lanes.set(candidate, lane)
    return lane
  }

  #chunk(candidate: number, parts: readonly WirePart[]): string {
    if (parts.length === 0) return ''
    const [before, after] = this.#aroundParts(candidate)
    return this.#piece(before + writeJson(parts).slice(1, -1) + after)
  }

  #aroundParts(candidate: number): readonly [before: string, after: string] {
    return ['{"candidates":[{"content":{"parts":[', `],"role":"model"},"index":${candidate}}],${this.#tail}`]
  }

  #end(): string {
    const rest = [...this.#lanes].map(([candidate, lane]) => this.#chunk(candidate, lane.endAll())).join('')
    if (!this.#isWhole()) return rest + this.#last(errorBody(TRUNCATED, this.#context.requestId))
    const finishes = [...this.#finishes.values()].sort((a, b) => a.candidate - b.candidate)
    const candidates = finishes.flatMap(finish => this.#ending(finish))
    const chunk = {
      candidates: candidates.length === 0 ? undefined : candidates,
      usageMetadata: this.#usage && encodeUsage(this.#usage),
      ...envelope(this.#start, this.#context),
      ...besideCandidates(finishes),
    }
    return rest + this.#last(writeJson(chunk))
  }

  /** Whether every candidate that spoke has said why it ended. */
  #isWhole(): boolean {
    return this.#finishes.size > 0 && [...this.#lanes.keys()].every(candidate => this.#finishes.has(candidate))
  }

  #ending(finish: FinishEvent): readonly Writable[] {
    const parts = this.#lanes.get(finish.candidate)?.parts ?? []
    if (isBlocked({ index: finish.candidate, parts, finish })) return []
    const content = { parts: [{ text: '' }], role: 'model' }
    return [{ content, ...encodeEnd(finish, parts, this.#losses), index: finish.candidate }]
  }

  #piece(json: string): string {
    const before = this.#begun ? ',\r\n' : '['
    this.#begun = true
    return this.#context.framing === 'sse' ? sseFrame(oneLine(json)) : before + json
  }

  #last(json: string): string {
    this.#over = true
    return this.#context.framing === 'sse' ? this.#piece(json) : `${this.#piece(json)}]`
  }
}

/** The SDK reads one line of data. In JSON a line end is white space: inside a string it would be escaped. */
function oneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]+/g, ' ') : json
}
