/** Reading what matters of replies that pass by unchanged. */
import { type JsonDocument, parseDocument } from '../../json/document.ts'
import type { SseFrame } from '../../stream/sse.ts'
import { unreadable } from '../reply-faults.ts'
import type { FrameSign, Observation, StreamObserver } from '../wire-format.ts'
import { decodeInnerError } from './errors.ts'
import { type Fields, isFields, stringOf } from './fields.ts'
import { reasonOf, seenIn } from './finish.ts'
import { frameType, isJsonObject } from './frame-type.ts'
import { failureOf, isFailure } from './reply-decode.ts'
import { decodeUsage } from './usage.ts'

export class ResponsesObserver implements StreamObserver {
  #observation: Observation = {}
  #over = false
  #toolCall = false

  get observation(): Observation {
    return this.#observation
  }

  /** Looks inside the first frame, which names the model, and the last, which holds everything else. */
  frame(frame: SseFrame): FrameSign {
    if (this.#over || frame.data === '[DONE]') return 'preamble'
    const type = frameType(frame)
    switch (type) {
      case 'response.created':
        return this.#read('preamble', frame.data, document => modelOf(responseOf(document)))
      case 'response.in_progress':
      case 'response.queued':
      case 'keepalive':
        return 'preamble'
      case undefined:
        return isJsonObject(frame.data) ? 'preamble' : this.#unreadable()
      case 'response.completed':
      case 'response.incomplete':
      case 'response.cancelled':
        this.#over = true
        return this.#read('terminal', frame.data, document => observed(document, responseOf(document), this.#toolCall))
      case 'response.failed':
      case 'error':
        this.#over = true
        return this.#read('error', frame.data, document => ({ error: errorOf(type, document) }))
      case 'response.function_call_arguments.delta':
      case 'response.function_call_arguments.done':
      case 'response.custom_tool_call_input.delta':
      case 'response.custom_tool_call_input.done':
        this.#toolCall = true
        return 'content'
      default:
        return 'content'
    }
  }

  #unreadable(): FrameSign {
    this.#over = true
    this.#observation = { ...this.#observation, error: unreadable('an event that is not JSON') }
    return 'error'
  }

  #read(sign: FrameSign, data: string, observe: (document: JsonDocument) => Observation): FrameSign {
    try {
      this.#observation = { ...this.#observation, ...observe(parseDocument(data)) }
      return sign
    } catch {
      return this.#unreadable()
    }
  }
}

function responseOf(document: JsonDocument): Fields {
  return isFields(document.value) && isFields(document.value.response) ? document.value.response : {}
}

function errorOf(type: string, document: JsonDocument) {
  return decodeInnerError(type === 'error' ? document.value : failureOf({ status: 'failed', ...responseOf(document) }))
}

function modelOf(response: Fields): Observation {
  const model = stringOf(response.model)
  return model === undefined || model === '' ? {} : { model }
}

function observed(document: JsonDocument, response: Fields, toolCall: boolean): Observation {
  const seen = seenIn(response)
  const usage = decodeUsage(document, response)
  return {
    ...modelOf(response),
    ...(usage === undefined ? {} : { usage }),
    finish: reasonOf(response, { ...seen, toolCall: seen.toolCall || toolCall }),
  }
}

/** @param document a whole response, or the error that came with status 200 in its place */
export function observeReply(document: JsonDocument): Observation {
  const response = document.value
  if (!isFields(response)) return { error: unreadable('an event that is not JSON') }
  if (isFailure(response)) return { error: decodeInnerError(failureOf(response)) }
  return observed(document, response, false)
}
