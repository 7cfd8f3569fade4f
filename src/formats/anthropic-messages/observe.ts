/** Usage, model, finish and errors of replies that pass by unchanged. Most frames are told apart without parsing. */
import type { JsonDocument } from '../../json/document.ts'
import type { SseFrame } from '../../stream/sse.ts'
import type { ErrorView } from '../error-view.ts'
import type { FrameSign, Observation, StreamObserver } from '../wire-format.ts'
import { decodeError } from './errors.ts'
import { isObject, objectAt, objectsAt, present, stringAt } from './fields.ts'
import { finishReasonOf } from './finish.ts'
import { parsed } from './leftovers.ts'
import { secondMessage } from './stream-decode.ts'
import { UsageReader } from './usage.ts'

/** What a frame without an `event:` line may be. */
const TYPES = [
  'content_block_delta',
  'content_block_start',
  'content_block_stop',
  'message_start',
  'message_delta',
  'message_stop',
  'ping',
  'error',
] as const

export class AnthropicStreamObserver implements StreamObserver {
  readonly #usage = new UsageReader()
  #id: string | undefined
  #model: string | undefined
  #stopReason: string | undefined
  #hasToolCalls = false
  #isOver = false
  #error: ErrorView | undefined

  frame(frame: SseFrame): FrameSign {
    switch (typeOf(frame)) {
      case 'content_block_delta':
        return 'content'
      case 'content_block_start':
        return this.#blockStart(frame.data)
      case 'message_start':
        return this.#messageStart(parsed(frame.data))
      case 'message_delta':
        this.#messageDelta(parsed(frame.data))
        return 'preamble'
      case 'message_stop':
        this.#isOver = true
        return 'terminal'
      case 'error':
        return this.#fail(decodeError(200, parsed(frame.data)))
      default:
        return 'preamble'
    }
  }

  plainUntil(text: string, from: number): number {
    if (this.#id === undefined || !text.startsWith('event: content_block_delta\n', from)) return from
    SIGN.lastIndex = from
    return SIGN.exec(text)?.index ?? text.length
  }

  get observation(): Observation {
    const finish = this.#isOver ? finishReasonOf(this.#stopReason, this.#hasToolCalls) : undefined
    return present({ model: this.#model, usage: this.#usage.usage, finish, error: this.#error })
  }

  /** An empty text or thinking block shows nothing yet; anything else in a block start is already content. */
  #blockStart(data: string): FrameSign {
    if (data.includes('"tool_use"')) {
      this.#hasToolCalls = true
      return 'content'
    }
    return EMPTY_STARTS.some(start => data.includes(start)) ? 'preamble' : 'content'
  }

  #messageStart(document: JsonDocument | undefined): FrameSign {
    if (!isObject(document?.value)) return 'preamble'
    const message = objectAt(document.value, 'message')
    const id = stringAt(message, 'id') ?? ''
    if (this.#id !== undefined) return id === this.#id ? 'preamble' : this.#fail(secondMessage())
    this.#id = id
    this.#model = stringAt(message, 'model')
    this.#usage.add(document, message.usage)
    this.#stopReason = stringAt(message, 'stop_reason')
    // A turn that only goes on with calls of running code has all of its content in the start.
    const content = objectsAt(message, 'content')
    this.#hasToolCalls = content.some(block => block.type === 'tool_use')
    return content.length === 0 ? 'preamble' : 'content'
  }

  #fail(error: ErrorView): FrameSign {
    this.#error ??= error
    return 'error'
  }

  #messageDelta(document: JsonDocument | undefined): void {
    if (!isObject(document?.value)) return
    this.#stopReason = stringAt(objectAt(document.value, 'delta'), 'stop_reason') ?? this.#stopReason
    this.#usage.add(document, document.value.usage)
  }
}

// Whatever is no plain delta: another event, another kind of line, or a data line of another type.
const SIGN = /\r|\n(?!\n|event: content_block_delta\n|data: \{"type": ?"content_block_delta"|$)/g

const EMPTY_STARTS = ['"text":""', '"text": ""', '"thinking":""', '"thinking": ""']

/** The `event:` line where there is one; else the first known word in the data. */
function typeOf({ event, data }: SseFrame): string {
  if (event !== undefined && event !== '') return event
  let found = ''
  let at = Number.POSITIVE_INFINITY
  for (const type of TYPES) {
    const position = data.indexOf(`"${type}"`)
    if (position >= 0 && position < at) {
      found = type
      at = position
    }
  }
  return found
}

export function observeReply(document: JsonDocument): Observation {
  const body = document.value
  if (!isObject(body) || !Array.isArray(body.content)) {
    const isCount = isObject(body) && body.input_tokens !== undefined
    return isCount ? {} : { error: decodeError(200, document) }
  }
  const reader = new UsageReader()
  reader.add(document, body.usage)
  const hasToolCalls = objectsAt(body, 'content').some(block => block.type === 'tool_use')
  const finish = finishReasonOf(stringAt(body, 'stop_reason'), hasToolCalls)
  return present({ model: stringAt(body, 'model'), usage: reader.usage, finish })
}
