/** Streams, events → wire (Anthropic Messages API, "Streaming"). Whatever events come, what goes out is a valid stream. */
import { RawJson, writeJson } from '../../json/raw.ts'
import { sseFrame } from '../../stream/sse.ts'
import type { Loss } from '../losses.ts'
import type { FinishEvent, PartStartEvent, RawEvent, ReplyEvent, StartEvent, Usage } from '../reply-events.ts'
import { MALFORMED_CALL, TRUNCATED } from '../reply-faults.ts'
import type { TextRun } from '../text-run.ts'
import type { ReplyContext, StreamEncoder } from '../wire-format.ts'
import { apiVersionOf } from './api-version.ts'
import { BlockFrames, PING } from './block-frames.ts'
import { encodeStreamError } from './errors.ts'
import { estimateTokens, tokensOfText } from './estimate.ts'
import { messageId } from './ids.ts'
import { membersOf, writableFields } from './leftovers.ts'
import { LossLog } from './losses.ts'
import { FORMAT } from './name.ts'
import { partWriter } from './part-writer.ts'
import type { ReplyEncoding } from './reply-blocks.ts'
import { keptForEnd, noteStop, nullFields, stopFields, withKept } from './reply-message.ts'
import { Serializer } from './serializer.ts'
import { encodeUsage } from './usage.ts'

export class AnthropicStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  readonly #log = new LossLog()
  readonly #frames = new BlockFrames()
  readonly #parts = new Serializer((start: PartStartEvent) =>
    partWriter(start.part, start.index, this.#frames, this.#encoding),
  )
  #encoding: ReplyEncoding
  #start: StartEvent | undefined
  #begun = false
  #over = false
  #usage: Usage | undefined
  #finish: FinishEvent | undefined
  #hasToolCalls = false
  #hasRefusal = false

  constructor(context: ReplyContext) {
    this.#context = context
    const version = apiVersionOf(context.request.headers)
    const { stateKey } = context
    this.#encoding = {
      version,
      log: this.#log,
      messageId: messageId('', context.requestId),
      ...(stateKey && { stateKey }),
    }
  }

  get losses(): readonly Loss[] {
    return this.#log.losses
  }

  event(event: ReplyEvent): string {
    if (this.#over) return ''
    switch (event.type) {
      case 'start':
        return this.#open(event)
      case 'raw':
        return this.#raw(event)
      case 'error':
        this.#over = true
        return encodeStreamError(event.error, this.#context.requestId)
      case 'usage':
        this.#usage = event.usage
        return ''
      case 'finish':
        if (event.candidate === 0) this.#finish = event
        return ''
      case 'ping':
        return this.#opened() + PING
      case 'end':
        return this.#end()
      case 'embedding':
        this.#log.dropped('embeddings', 'an Anthropic message cannot hold embeddings')
        return ''
      case 'part-start':
        return this.#opened() + this.#partStart(event)
      default:
        return this.#opened() + this.#parts.event(event)
    }
  }

  run(run: TextRun): string | undefined {
    return this.#over || !this.#begun ? undefined : this.#parts.run(run)
  }

  #open(event: StartEvent): string {
    if (this.#begun) return ''
    this.#start = event
    this.#usage = event.usage
    this.#encoding = { ...this.#encoding, messageId: messageId(event.id, this.#context.requestId) }
    return this.#opened()
  }

  /** The start of the message, once; made up when content comes first. */
  #opened(): string {
    if (this.#begun) return ''
    this.#begun = true
    const { version, messageId: id } = this.#encoding
    const usage = this.#start?.usage ?? { input: estimateTokens(this.#context.request.body ?? ''), output: 0 }
    const message = {
      id,
      type: 'message',
      role: 'assistant',
      model: this.#context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      ...nullFields(version),
      usage: encodeUsage(usage, version),
    }
    const whole = withKept(message, this.#start === undefined ? {} : writableFields(this.#start))
    return sseFrame(writeJson({ type: 'message_start', message: whole }), 'message_start')
  }

  #partStart(event: PartStartEvent): string {
    if (event.candidate !== 0) {
      this.#log.dropped(`candidates[${event.candidate}]`, 'an Anthropic message holds one answer')
      return ''
    }
    if (event.part.type === 'tool-call') this.#hasToolCalls = true
    if (event.part.type === 'refusal') this.#hasRefusal = true
    return this.#parts.start(event)
  }

  /** Events that nobody knows yet go out where they came. */
  #raw(event: RawEvent): string {
    if (event.format !== FORMAT) {
      this.#log.dropped('raw', `an Anthropic stream cannot hold an event of ${event.format}`)
      return ''
    }
    const members = membersOf(event.json)
    const type = members.type instanceof RawJson ? String(JSON.parse(members.type.text)) : ''
    if (!type.startsWith('content_block_')) return this.#opened() + sseFrame(event.json, type)
    if (!this.#frames.isOpen) return ''
    return sseFrame(writeJson({ ...members, index: this.#frames.index }), type)
  }

  /** `message_delta` waits for the usage, which often comes after the reason (conversion.md E183). */
  #end(): string {
    const closed = this.#opened() + this.#parts.finish()
    this.#over = true
    const stop = this.#finish === undefined ? undefined : this.#stopFields(this.#finish)
    if (stop === undefined) {
      const error = this.#finish === undefined ? TRUNCATED : MALFORMED_CALL
      return closed + encodeStreamError(error, this.#context.requestId)
    }
    const rest = keptForEnd(this.#finish ?? {}, this.#start)
    const frame = writeJson({
      type: 'message_delta',
      delta: withKept({ ...stop }, rest.delta),
      ...rest.beside,
      usage: this.#finalUsage(),
    })
    return `${closed}${sseFrame(frame, 'message_delta')}event: message_stop\ndata: {"type":"message_stop"}\n\n`
  }

  #stopFields(finish: FinishEvent) {
    noteStop(finish, this.#log)
    const ending = {
      ...finish,
      hasToolCalls: this.#hasToolCalls,
      hasRefusal: this.#hasRefusal,
      isEmpty: this.#frames.index < 0,
    }
    return stopFields(ending, finish.explanation, this.#encoding.version)
  }

  #finalUsage() {
    const estimate = tokensOfText(this.#frames.characters)
    const usage = this.#usage ?? { input: estimateTokens(this.#context.request.body ?? ''), output: estimate }
    return encodeUsage(usage, this.#encoding.version)
  }
}
