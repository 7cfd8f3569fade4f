/** Short ways through the format, for its tests. */

import format from '../../../src/formats/anthropic-messages/format.ts'
import { checkStream } from '../../../src/formats/anthropic-messages/grammar.ts'
import { CompletionBuilder } from '../../../src/formats/completion.ts'
import type { Conversation, Part, Turn } from '../../../src/formats/conversation.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import type { EncodeTarget, ReplyContext, Route } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { Refusal } from '../../../src/refusal.ts'
import { encodeTargetFor } from '../../support/encode-target.ts'
import { framesOf } from '../../support/frames.ts'

export const ROUTE: Route = { method: 'POST', path: '/v1/messages', operation: 'generate' }

export function replyContext(changes: Partial<ReplyContext> & { version?: string } = {}): ReplyContext {
  const { version = '2023-06-01', ...rest } = changes
  return {
    operation: 'generate',
    model: 'claude-opus-5',
    requestId: 'req_1',
    created: 1_700_000_000,
    framing: 'sse',
    request: { route: ROUTE, query: {}, headers: { 'anthropic-version': version }, body: {} },
    ...rest,
  }
}

export function target(changes: Partial<EncodeTarget> = {}): EncodeTarget {
  return encodeTargetFor('anthropic-messages', {
    operation: 'generate',
    model: 'claude-opus-5',
    stream: false,
    provider: 'anthropic',
    ...changes,
  })
}

export function decodeText(text: string): Conversation {
  const document = parseDocument(text)
  return format.decodeRequest({ operation: 'generate', model: 'claude-opus-5', stream: false, document, headers: {} })
}

export function decodeBody(body: unknown): Conversation {
  return decodeText(JSON.stringify(body))
}

/** A conversation with the least that one needs. */
export function conversation(changes: Partial<Conversation> = {}): Conversation {
  return { turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }], tools: [], sampling: {}, ...changes }
}

export interface Encoded {
  readonly body: Record<string, unknown>
  readonly losses: readonly string[]
}

export function encode(source: Conversation, changes: Partial<EncodeTarget> = {}): Encoded {
  const { body, losses } = format.encodeRequest(source, target(changes))
  return { body: JSON.parse(body), losses: losses.map(loss => `${loss.path} ${loss.action}`) }
}

/** Events of a stream's text, with the end of the upstream. */
export function streamEvents(text: string): readonly ReplyEvent[] {
  const decoder = format.decodeStream()
  return [...framesOf(text).flatMap(frame => decoder.frame(frame)), ...decoder.end()]
}

export interface EncodedStream {
  readonly text: string
  readonly losses: readonly string[]
}

/** @throws Error when what was encoded breaks the grammar of the format's streams */
export function encodeEvents(events: readonly ReplyEvent[], context = replyContext()): EncodedStream {
  const encoder = format.encodeStream(context)
  const text = events.map(event => encoder.event(event)).join('')
  const check = checkStream()
  const violation = framesOf(text)
    .map(frame => check.frame(frame))
    .find(found => found !== undefined)
  const wrong = violation ?? check.end()
  if (wrong !== undefined) throw new Error(`${wrong}\n${text}`)
  return { text, losses: encoder.losses.map(loss => `${loss.path} ${loss.action}`) }
}

export function completionOf(events: readonly ReplyEvent[]): Completion {
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  if (builder.error) throw new Error(builder.error.message)
  return builder.completion()
}

/** The refusal that encoding ends in. */
export function refusalOf(source: Conversation): Refusal {
  try {
    format.encodeRequest(source, target())
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}

export interface SentMessage {
  readonly role: string
  readonly content: readonly Record<string, unknown>[]
}
export function messagesOf(source: Conversation, model = 'claude-opus-5'): readonly SentMessage[] {
  return encode(source, { model }).body.messages as readonly SentMessage[]
}

export const LOOK = { kind: 'function', name: 'look', schema: '{"type":"object","properties":{}}' } as const

/** A conversation of these turns, with one tool. */
export function turns(...all: Turn[]): Conversation {
  return conversation({ turns: all, tools: [LOOK] })
}
export function user(...parts: Part[]): Turn {
  return { role: 'user', parts }
}
export function assistant(...parts: Part[]): Turn {
  return { role: 'assistant', parts }
}
export function results(...parts: Part[]): Turn {
  return { role: 'tool', parts }
}
export function text(value: string): Part {
  return { type: 'text', text: value }
}
export function call(callId: string, args = '{}', name = 'look'): Part {
  return { type: 'tool-call', callId, name, kind: 'function', arguments: args }
}
export function result(callId: string, value = 'ok'): Part {
  return { type: 'tool-result', callId, content: [text(value)] }
}
