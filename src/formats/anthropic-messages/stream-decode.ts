/** Streams, wire → events (Anthropic Messages API, "Streaming"). */
import type { JsonDocument } from '../../json/document.ts'
import type { SseFrame } from '../../stream/sse.ts'
import type { ErrorView } from '../error-view.ts'
import { FrameTemplate } from '../frame-template.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { TRUNCATED, unreadable } from '../reply-faults.ts'
import type { StreamEvent } from '../text-run.ts'
import type { StreamDecoder } from '../wire-format.ts'
import { decodeError } from './errors.ts'
import { isObject, type JsonObject, objectAt, present, stringAt } from './fields.ts'
import { extensionsWith, type Fields, parsed } from './leftovers.ts'
import { FORMAT } from './name.ts'
import { type OpenBlock, openBlock } from './open-block.ts'
import { decodeFinish, eventsOfParts, isToolCall, leftoverDelta, leftoverMessage, wholeParts } from './reply-decode.ts'
import { UsageReader } from './usage.ts'

const NOTHING: readonly ReplyEvent[] = []
const PING: readonly ReplyEvent[] = [{ type: 'ping' }]

export class AnthropicStreamDecoder implements StreamDecoder {
  readonly #usage = new UsageReader()
  /** The message's id once it has begun. */
  #id: string | undefined
  #block: OpenBlock | undefined
  /** Where the open block stands on the wire. */
  #blockIndex = -1
  /** The canonical index of the next part. */
  #next = 0
  #hasToolCalls = false
  #stop: JsonObject = {}
  /** Fields of the message that only this format knows. */
  #rest: Fields = {}
  #over = false
  /** Of deltas of the block that is open. */
  #template = newTemplate()

  frame(frame: SseFrame): readonly ReplyEvent[] {
    if (this.#over || frame.data === '' || frame.data === '[DONE]') return NOTHING
    const document = documentOf(frame)
    if (frame.event === 'error') return this.#fail(decodeError(200, document))
    if (document === undefined) return this.#fail(unreadable('an event that is not JSON'))
    if (frame.event === 'content_block_delta') this.#learn(frame, document)
    return this.#event(document)
  }

  /** Frames like this one need not be read, if it is one of text. */
  #learn(frame: SseFrame, { value }: JsonDocument): void {
    if (!isObject(value) || value.type !== 'content_block_delta' || value.index !== this.#blockIndex) return
    const { type, key } = this.#block?.piece ?? {}
    const delta = objectAt(value, 'delta')
    const text = key && delta.type === type ? stringAt(delta, key) : undefined
    if (key !== undefined && text !== undefined) this.#template.learn(frame, { key, value: text })
  }

  run(text: string, from: number, out: StreamEvent[]): number {
    const block = this.#block
    if (this.#over || !block?.isBetweenCharacters) return from
    const frames = this.#template.read(text, from)
    if (frames === undefined) return from
    if (frames.sources.length > 0) out.push(block.run(frames.sources))
    return frames.end
  }

  end(): readonly ReplyEvent[] {
    if (this.#over) return NOTHING
    return this.#fail(TRUNCATED)
  }

  #event(document: JsonDocument): readonly ReplyEvent[] {
    const event = document.value
    if (!isObject(event)) return this.#fail(unreadable('an event that is not an object'))
    switch (event.type) {
      case 'message_start':
        return this.#start(document, objectAt(event, 'message'))
      case 'content_block_start':
        return [...this.#begun(), ...this.#openBlock(document, event)]
      case 'content_block_delta':
        return this.#delta(document, event)
      case 'content_block_stop':
        return this.#closeBlock()
      case 'message_delta':
        return [...this.#begun(), ...this.#messageDelta(document, event)]
      case 'message_stop':
        return this.#finish()
      case 'ping':
        return this.#id === undefined ? NOTHING : PING
      case 'error':
        return this.#fail(decodeError(200, document))
      default:
        return this.#unknown(document, event)
    }
  }

  /** Events of new kinds are kept; an error without its envelope is an error all the same. */
  #unknown(document: JsonDocument, event: JsonObject): readonly ReplyEvent[] {
    if (event.error !== undefined && event.error !== null) return this.#fail(decodeError(200, document))
    return [...this.#begun(), { type: 'raw', format: FORMAT, json: document.text }]
  }

  #start(document: JsonDocument, message: JsonObject): readonly ReplyEvent[] {
    const id = stringAt(message, 'id') ?? ''
    if (this.#id !== undefined) {
      // Some streams repeat the same start; another message in the middle of this one cannot be told apart from it.
      return id === this.#id ? NOTHING : this.#fail(secondMessage())
    }
    this.#id = id
    this.#usage.add(document, message.usage)
    this.#rest = leftoverMessage(document, message)
    const start = present({
      type: 'start',
      id,
      model: stringAt(message, 'model') ?? '',
      usage: this.#usage.usage,
    } as const)
    return [{ ...start, ...extensionsWith(this.#rest) }, ...this.#begunWith(document, message)]
  }

  /** A turn that only goes on with calls of running code has all of its content, and its end, in the start. */
  #begunWith(document: JsonDocument, message: JsonObject): readonly ReplyEvent[] {
    if (stringAt(message, 'stop_reason') !== undefined) this.#stop = message
    if (!Array.isArray(message.content) || message.content.length === 0) return NOTHING
    const parts = wholeParts(document, message.content, this.#id ?? '')
    this.#next = parts.length
    this.#hasToolCalls = parts.some(isToolCall)
    return eventsOfParts(parts)
  }

  /** A start for a stream that never sent its own. */
  #begun(): readonly ReplyEvent[] {
    if (this.#id !== undefined) return NOTHING
    this.#id = ''
    return [{ type: 'start', id: '', model: '' }]
  }

  #openBlock(document: JsonDocument, event: JsonObject): readonly ReplyEvent[] {
    const closed = this.#closeBlock()
    const content = objectAt(event, 'content_block')
    if (typeof content.type !== 'string') return this.#fail(unreadable('a content block without a type'))
    const block = openBlock(document, content, this.#next, this.#id ?? '')
    this.#block = block
    this.#template = newTemplate()
    this.#blockIndex = typeof event.index === 'number' ? event.index : this.#blockIndex + 1
    this.#next++
    if (block.isToolCall) this.#hasToolCalls = true
    const opened = block.open()
    return closed.length === 0 ? opened : [...closed, ...opened]
  }

  #delta(document: JsonDocument, event: JsonObject): readonly ReplyEvent[] {
    if (this.#block === undefined || (typeof event.index === 'number' && event.index !== this.#blockIndex)) {
      return this.#fail(unreadable('a delta of a content block that is not open'))
    }
    const events = this.#block.delta(document, objectAt(event, 'delta'))
    return events ?? this.#fail(unreadable('a delta that does not belong to its content block'))
  }

  #closeBlock(): readonly ReplyEvent[] {
    const block = this.#block
    if (block === undefined) return NOTHING
    this.#block = undefined
    return block.close()
  }

  #messageDelta(document: JsonDocument, event: JsonObject): readonly ReplyEvent[] {
    const closed = this.#closeBlock()
    const delta = objectAt(event, 'delta')
    if (stringAt(delta, 'stop_reason') !== undefined) this.#stop = delta
    this.#usage.add(document, event.usage)
    this.#rest = { ...this.#rest, ...leftoverDelta(document, event) }
    return closed
  }

  #finish(): readonly ReplyEvent[] {
    const begun = this.#begun()
    const closed = this.#closeBlock()
    this.#over = true
    const finish = { ...decodeFinish(this.#stop, this.#hasToolCalls), ...extensionsWith(this.#rest) }
    const { usage } = this.#usage
    return [
      ...begun,
      ...closed,
      finish,
      ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
      { type: 'end' },
    ]
  }

  #fail(error: ErrorView): readonly ReplyEvent[] {
    this.#over = true
    return [{ type: 'error', error }]
  }
}

/** The API pads its frames with spaces. */
function newTemplate(): FrameTemplate {
  return new FrameTemplate(true)
}

/**
 * Nearly all frames are deltas of text, of which nothing is needed but the values: those are parsed the fast way. What
 * may be handed on as source text is parsed with its positions.
 */
function documentOf({ event, data }: SseFrame): JsonDocument | undefined {
  if (event !== 'content_block_delta' || data.includes('"citations_delta"')) return parsed(data)
  try {
    return { value: JSON.parse(data), text: data, textOf: JSON.stringify }
  } catch {
    return undefined
  }
}

export function secondMessage(): ErrorView {
  return unreadable('another message inside this one')
}
