/** A stream of the Responses API → reply events (conversion.md A.3.3, E99, E206 to E215). */
import { type JsonDocument, parseDocument } from '../../json/document.ts'
import type { SseFrame } from '../../stream/sse.ts'
import type { ErrorView } from '../error-view.ts'
import { FrameTemplate } from '../frame-template.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { TRUNCATED, unreadable } from '../reply-faults.ts'
import type { StreamEvent } from '../text-run.ts'
import type { StreamDecoder } from '../wire-format.ts'
import { decodeInnerError } from './errors.ts'
import { type Fields, isFields, listOf } from './fields.ts'
import { decodeFinish, seenIn } from './finish.ts'
import { frameType, isJsonObject } from './frame-type.ts'
import { OutputDecoder } from './output-decode.ts'
import { runOf } from './part-events.ts'
import { decodeStart, failureOf } from './reply-decode.ts'
import { decodeUsage } from './usage.ts'

export class ResponsesStreamDecoder implements StreamDecoder {
  readonly #output = new OutputDecoder()
  /** Of deltas of the part that is being said. */
  readonly #template = new FrameTemplate()
  #learnt: { readonly type: string; readonly event: Fields } | undefined
  #started = false
  #ended = false

  frame(frame: SseFrame): readonly ReplyEvent[] {
    if (this.#ended || frame.data === '[DONE]') return []
    const type = frameType(frame)
    try {
      return this.#read(type, frame)
    } catch {
      return this.#fail(unreadable('an event that is not JSON'))
    }
  }

  run(text: string, from: number, out: StreamEvent[]): number {
    const part = this.#learnt && this.#output.speaking(this.#learnt.type, this.#learnt.event)
    if (this.#ended || !this.#started || part === undefined) return from
    const frames = this.#template.read(text, from)
    if (frames === undefined) return from
    if (frames.sources.length > 0) out.push(runOf(part, frames.sources))
    return frames.end
  }

  end(): readonly ReplyEvent[] {
    return this.#ended ? [] : this.#fail(TRUNCATED)
  }

  #read(type: string | undefined, frame: SseFrame): readonly ReplyEvent[] {
    const { data } = frame
    switch (type) {
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        return this.#started ? [PING] : this.#start(responseOf(JSON.parse(data)))
      case 'response.completed':
      case 'response.incomplete':
      case 'response.cancelled':
        return this.#finish(parseDocument(data))
      case 'response.failed':
        return this.#fail(decodeInnerError(failureOf({ status: 'failed', ...responseOf(JSON.parse(data)) })))
      case 'error': {
        const event: unknown = JSON.parse(data)
        return this.#fail(decodeInnerError(event))
      }
      case 'response.output_item.added':
      case 'response.output_item.done':
      case 'response.output_text.annotation.added':
      case 'response.content_part.done':
        return this.#within(type, parseDocument(data))
      case undefined:
        return isJsonObject(data) ? [] : this.#fail(unreadable('an event that is not JSON'))
      default:
        return this.#part(type, JSON.parse(data), frame)
    }
  }

  #start(response: Fields): readonly ReplyEvent[] {
    this.#started = true
    return [decodeStart(response)]
  }

  /** Something of the output came: a reply that never said that it began, begins now. */
  #begin(): readonly ReplyEvent[] {
    return this.#started ? [] : this.#start({})
  }

  #within(type: string, document: JsonDocument): readonly ReplyEvent[] {
    if (!isFields(document.value)) return []
    return [...this.#begin(), ...this.#output.whole(type, document, document.value)]
  }

  #part(type: string, event: unknown, frame: SseFrame): readonly ReplyEvent[] {
    if (!isFields(event)) return []
    this.#learn(type, event, frame)
    const events = this.#output.delta(type, event)
    return this.#started || events.length === 0 ? events : [...this.#begin(), ...events]
  }

  /** Frames like this one need not be read, if it says nothing but more of a part. */
  #learn(type: string, event: Fields, frame: SseFrame): void {
    const { delta, logprobs, sequence_number, obfuscation } = event
    if (!type.endsWith('.delta') || typeof delta !== 'string' || listOf(logprobs).length > 0) return
    this.#learnt = { type, event }
    this.#template.learn(frame, { key: 'delta', value: delta }, { sequence_number, obfuscation })
  }

  #finish(document: JsonDocument): readonly ReplyEvent[] {
    const response = responseOf(document.value)
    const events: ReplyEvent[] = this.#started ? [] : [...this.#start(response)]
    this.#ended = true
    events.push(...this.#output.rest(document, listOf(response.output)))
    const usage = decodeUsage(document, response)
    if (usage !== undefined) events.push({ type: 'usage', usage })
    const told = seenIn(response)
    const seen = { ...told, ...this.#output.seen, toolCall: told.toolCall || this.#output.seen.toolCall }
    events.push(decodeFinish(document, response, seen), { type: 'end' })
    return events
  }

  #fail(error: ErrorView): readonly ReplyEvent[] {
    this.#ended = true
    return [{ type: 'error', error }]
  }
}

const PING: ReplyEvent = { type: 'ping' }

function responseOf(event: unknown): Fields {
  return isFields(event) && isFields(event.response) ? event.response : {}
}
