import type { SseFrame } from '../../stream/sse.ts'
import { isRecord, type Json, listOf } from './fields.ts'

/** Holds a stream against the rules that Gemini's clients rely on. Each method returns what is wrong, if anything is. */
export interface StreamCheck {
  frame(frame: SseFrame): string | undefined
  end(): string | undefined
}

/** Of each part exactly one of these, and never an empty part (the SDK throws such a turn out of its history). */
const DATA = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
]

export function checkStream(): StreamCheck {
  const finished = new Set<number>()
  const seen = new Set<number>()
  let over = false
  let responseId: unknown

  function chunk(value: Json): string | undefined {
    if (isRecord(value.error)) {
      over = true
      return errorViolation(value.error)
    }
    if (typeof value.modelVersion !== 'string') return 'a chunk has no modelVersion'
    if (typeof value.responseId !== 'string' || value.responseId === '') return 'a chunk has no responseId'
    if (responseId !== undefined && responseId !== value.responseId) return 'the responseId changed'
    responseId = value.responseId
    const blocked = isRecord(value.promptFeedback) && value.promptFeedback.blockReason !== undefined
    const candidates = listOf(value.candidates)
    if (candidates.length === 0 && !blocked) return 'a chunk has neither candidates nor a block'
    if (candidates.length === 0) over = true
    return candidates.map(candidate).find(violation => violation !== undefined)
  }

  function candidate(node: unknown): string | undefined {
    if (!isRecord(node) || !Number.isInteger(node.index)) return 'a candidate has no index'
    const index = Number(node.index)
    if (finished.has(index)) return `candidate ${index} goes on after its finishReason`
    seen.add(index)
    const { content } = node
    if (!isRecord(content) || content.role !== 'model') return 'a content is not the model’s'
    const parts = listOf(content.parts)
    if (parts.length === 0) return 'a content has no parts'
    if (node.finishReason !== undefined) {
      if (typeof node.finishReason !== 'string') return 'a finishReason is no word'
      finished.add(index)
    }
    return parts.map(partViolation).find(violation => violation !== undefined)
  }

  return {
    frame({ event, data }) {
      if (over) return 'something follows the end'
      if (event !== undefined) return 'a frame has an event name'
      if (/[\r\n]/.test(data)) return 'a frame has several data lines'
      const value = parsed(data)
      return isRecord(value) ? chunk(value) : 'a frame is not a JSON object'
    },
    end() {
      if (over) return undefined
      if (seen.size === 0) return 'the stream is empty'
      const open = [...seen].find(index => !finished.has(index))
      return open === undefined ? undefined : `candidate ${open} has no finishReason`
    },
  }
}

function errorViolation(error: Json): string | undefined {
  const { code, message, status } = error
  if (typeof code !== 'number' || code < 400 || code > 599) return 'an error has no code from 400 to 599'
  return typeof message === 'string' && typeof status === 'string' ? undefined : 'an error has no message or status'
}

function partViolation(part: unknown): string | undefined {
  if (!isRecord(part)) return 'a part is not an object'
  const data = DATA.filter(name => part[name] !== undefined)
  if (data.length > 1) return `a part has ${data.join(' and ')}`
  if (Object.keys(part).length === 0) return 'a part is empty'
  const { functionCall } = part
  if (functionCall === undefined) return undefined
  if (!isRecord(functionCall) || typeof functionCall.name !== 'string') return 'a call has no name'
  return isRecord(functionCall.args) ? undefined : 'the arguments of a call are no object'
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
