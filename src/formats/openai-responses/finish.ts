/** How a reply ended: `status` and `incomplete_details` ⇄ finish (conversion.md C.1). */
import type { JsonDocument } from '../../json/document.ts'
import type { FinishEvent, FinishReason } from '../reply-events.ts'
import { type Bag, bagOf, type Fields, isFields, listOf, nativeExtensions, stringOf, unmapped } from './fields.ts'

/** What was seen among the parts of a reply, which decides where the status does not. */
export interface Seen {
  readonly toolCall: boolean
  /** The text of a refusal, if there was one. */
  readonly refusal?: string
}

export function seenIn(response: Fields): Seen {
  let toolCall = false
  let refusal: string | undefined
  for (const item of listOf(response.output)) {
    if (!isFields(item)) continue
    if (item.type === 'function_call' || item.type === 'custom_tool_call') toolCall = true
    for (const part of listOf(item.content)) {
      if (isFields(part) && part.type === 'refusal') refusal = (refusal ?? '') + (stringOf(part.refusal) ?? '')
    }
  }
  return { toolCall, ...(refusal === undefined ? {} : { refusal }) }
}

/** Fields of a response that have a canonical place, or none that a reply could keep. */
const MAPPED = new Set([
  'id',
  'object',
  'created_at',
  'model',
  'output',
  'usage',
  'status',
  'error',
  'incomplete_details',
  'output_text',
])

export function decodeFinish(document: JsonDocument, response: Fields, seen: Seen): FinishEvent {
  const reason = reasonOf(response, seen)
  const detail = isFields(response.incomplete_details) ? stringOf(response.incomplete_details.reason) : undefined
  const raw = detail ?? stringOf(response.status)
  return {
    type: 'finish',
    candidate: 0,
    reason,
    ...(raw === undefined ? {} : { raw }),
    ...(reason === 'refusal' && seen.refusal !== undefined ? { explanation: seen.refusal } : {}),
    ...nativeExtensions(unmapped(document, response, MAPPED)),
  }
}

export function reasonOf(response: Fields, seen: Seen): FinishReason {
  switch (response.status) {
    case 'completed':
    case undefined:
    case null:
      return seen.toolCall ? 'tool-calls' : seen.refusal === undefined ? 'stop' : 'refusal'
    case 'incomplete': {
      const detail = isFields(response.incomplete_details) ? response.incomplete_details.reason : undefined
      if (detail === 'content_filter') return 'content-filter'
      return detail === 'max_output_tokens' || detail === undefined ? 'length' : 'other'
    }
    default:
      return 'other'
  }
}

export interface Status {
  readonly event: 'response.completed' | 'response.incomplete' | 'response.failed'
  readonly status: string
  readonly incompleteReason?: string
}

const COMPLETED: Status = { event: 'response.completed', status: 'completed' }

/** @param hasOutput whether anything was answered at all */
export function encodeFinish(finish: FinishEvent, bag: Bag | undefined, hasOutput: boolean): Status {
  switch (finish.reason) {
    case 'length':
    case 'context-window':
    case 'continuation':
      return incomplete('max_output_tokens')
    case 'content-filter':
      return incomplete('content_filter')
    case 'malformed-tool-call':
      return { event: 'response.failed', status: 'failed' }
    case 'other':
      return other(finish, bag, hasOutput)
    default:
      return COMPLETED
  }
}

/** What an end says that the Responses API has no word for. */
export function unsaidOf(finish: FinishEvent): string | undefined {
  const { reason } = finish
  if (reason === 'pause') return 'told as complete: the Responses API cannot say that the provider paused'
  if (reason === 'compaction') return 'told as complete: the Responses API compacts without pausing'
  if (reason === 'continuation') return 'the Responses API cannot say that the provider could go on'
  // Its own words are written again.
  const isForeign = reason === 'other' && bagOf(finish) === undefined
  return isForeign ? 'the Responses API has no word for an unknown reason' : undefined
}

function incomplete(reason: string): Status {
  return { event: 'response.incomplete', status: 'incomplete', incompleteReason: reason }
}

/** An end that is not understood must not look like a success when it came with nothing. */
function other(finish: FinishEvent, bag: Bag | undefined, hasOutput: boolean): Status {
  if (bag === undefined || finish.raw === undefined) return hasOutput ? COMPLETED : incomplete('content_filter')
  const pending = ['queued', 'in_progress', 'cancelled'].includes(finish.raw)
  return pending ? { event: 'response.incomplete', status: finish.raw } : incomplete(finish.raw)
}
