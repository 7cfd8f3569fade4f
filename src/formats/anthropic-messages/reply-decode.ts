/** Whole replies, wire → events (Anthropic Messages API, the `message` object). */
import type { JsonDocument } from '../../json/document.ts'
import type { Part, ToolCallPart } from '../conversation.ts'
import type { FinishEvent, ReplyEvent } from '../reply-events.ts'
import { decodeContent } from './blocks-decode.ts'
import { decodeError } from './errors.ts'
import { isObject, type JsonObject, objectAt, present, stringAt } from './fields.ts'
import { finishReasonOf } from './finish.ts'
import { mintedCallId } from './ids.ts'
import { extensionsWith, type Fields, leftoversOf, nestedLeftovers } from './leftovers.ts'
import { UsageReader } from './usage.ts'

/** Never throws: a body that is no message becomes an `error` event. */
export function decodeReply(document: JsonDocument): readonly ReplyEvent[] {
  const body = document.value
  if (!isObject(body) || !Array.isArray(body.content)) return [{ type: 'error', error: decodeError(200, document) }]
  const reader = new UsageReader()
  reader.add(document, body.usage)
  const { usage } = reader
  const id = stringAt(body, 'id') ?? ''
  const parts = wholeParts(document, body.content, id)
  const start = present({ type: 'start', id, model: stringAt(body, 'model') ?? '', usage } as const)
  return [
    start,
    ...eventsOfParts(parts),
    { ...decodeFinish(body, parts.some(isToolCall)), ...extensionsWith(leftoverMessage(document, body)) },
    ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
    { type: 'end' },
  ]
}

/** The parts of content that came whole. */
export function wholeParts(document: JsonDocument, content: readonly unknown[], messageId: string): readonly Part[] {
  return decodeContent(document, content).map((part, index) => withCallId(part, messageId, index))
}

/** The first parts of a reply, each at once. */
export function eventsOfParts(parts: readonly Part[]): readonly ReplyEvent[] {
  return parts.flatMap((part, index): readonly ReplyEvent[] => [
    { type: 'part-start', index, candidate: 0, part },
    { type: 'part-end', index },
  ])
}

/** An empty id is no id (conversion.md E38). */
export function withCallId<P extends Part>(part: P, messageId: string, index: number): P {
  if (part.type !== 'tool-call' || part.callId !== '') return part
  return { ...part, callId: mintedCallId(messageId, index) }
}

export function isToolCall(part: Part): part is ToolCallPart {
  return part.type === 'tool-call'
}

/** @param source holds `stop_reason`, `stop_sequence` and `stop_details`: a message, or the `delta` of `message_delta` */
export function decodeFinish(source: JsonObject, hasToolCalls: boolean): FinishEvent {
  const raw = stringAt(source, 'stop_reason')
  return present({
    type: 'finish',
    candidate: 0,
    reason: finishReasonOf(raw, hasToolCalls),
    raw,
    stopSequence: stringAt(source, 'stop_sequence'),
    explanation: stringAt(objectAt(source, 'stop_details'), 'explanation'),
  } as const)
}

const MESSAGE_KEYS: ReadonlySet<string> = new Set([
  'id',
  'type',
  'role',
  'model',
  'content',
  'usage',
  'stop_reason',
  'stop_sequence',
])
const DELTA_KEYS: ReadonlySet<string> = new Set(['stop_reason', 'stop_sequence'])
const EVENT_KEYS: ReadonlySet<string> = new Set(['type', 'delta', 'usage'])

/** What a message has besides content, usage and stop reason. */
export function leftoverMessage(document: JsonDocument, message: JsonObject): Fields {
  return leftoversOf(document, message, MESSAGE_KEYS)
}

/** The same of a `message_delta`: members of its `delta` are kept apart from those beside it. */
export function leftoverDelta(document: JsonDocument, event: JsonObject): Fields {
  return {
    ...leftoversOf(document, event, EVENT_KEYS),
    ...nestedLeftovers(document, 'delta', objectAt(event, 'delta'), DELTA_KEYS),
  }
}
