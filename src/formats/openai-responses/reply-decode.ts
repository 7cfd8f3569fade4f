/** A whole response → reply events (OpenAI Responses API, the response object). */
import type { JsonDocument } from '../../json/document.ts'
import type { Part } from '../conversation.ts'
import type { ReplyEvent, StartEvent } from '../reply-events.ts'
import { unreadable } from '../reply-faults.ts'
import { decodeInnerError } from './errors.ts'
import { tolerate } from './fault.ts'
import { type Fields, isFields, listOf, numberOf, stringOf } from './fields.ts'
import { decodeFinish, seenIn } from './finish.ts'
import { decodeHostedItem } from './hosted-items.ts'
import { decodeItem } from './item-decode.ts'
import { decodeUsage } from './usage.ts'

/** Never throws; an error that came with status 200 becomes an `error` event. */
export function decodeReply(document: JsonDocument): readonly ReplyEvent[] {
  const response = document.value
  if (!isFields(response)) return [{ type: 'error', error: unreadable('something that is not a response') }]
  if (isFailure(response)) return [{ type: 'error', error: decodeInnerError(failureOf(response)) }]
  const events: ReplyEvent[] = [decodeStart(response)]
  let index = 0
  for (const item of listOf(response.output)) {
    if (!isFields(item)) continue
    for (const part of decodeOutputItem(document, item)) {
      events.push({ type: 'part-start', index, candidate: 0, part }, { type: 'part-end', index })
      index++
    }
  }
  const usage = decodeUsage(document, response)
  if (usage !== undefined) events.push({ type: 'usage', usage })
  events.push(decodeFinish(document, response, seenIn(response)), { type: 'end' })
  return events
}

/** Whether a body tells of an error instead of an answer. */
export function isFailure(response: Fields): boolean {
  return response.status === 'failed' || (!Array.isArray(response.output) && response.status === undefined)
}

export function failureOf(response: Fields): unknown {
  return response.error ?? (response.status === 'failed' ? 'The provider failed without telling why.' : response)
}

export function decodeStart(response: Fields): StartEvent {
  const created = numberOf(response.created_at)
  return {
    type: 'start',
    id: stringOf(response.id) ?? '',
    model: stringOf(response.model) ?? '',
    ...(created === undefined ? {} : { created: Math.trunc(created) }),
  }
}

const DECODED = new Set([
  'message',
  'reasoning',
  'function_call',
  'custom_tool_call',
  'compaction',
  'image_generation_call',
])

/** What a reply holds of the rarer items is only ever handed on: it stays whole. */
export function decodeOutputItem(document: JsonDocument, item: Fields): readonly Part[] {
  const decoded =
    typeof item.type === 'string' && DECODED.has(item.type)
      ? decodeItem(document, item.type === 'message' ? { ...item, role: 'assistant' } : item, 'output', tolerate)
      : decodeHostedItem(document, item)
  return decoded.parts
}
