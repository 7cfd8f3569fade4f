/** What the tests of this format share: contexts, and streams as text, frames and events. */
import { CompletionBuilder } from '../../../src/formats/completion.ts'
import type { Conversation } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/openai-responses/format.ts'
import { checkStream } from '../../../src/formats/openai-responses/grammar.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import type { DecodeInput, EncodedRequest, EncodeTarget, ReplyContext } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { encodeTargetFor } from '../../support/encode-target.ts'
import { framesOf } from '../../support/frames.ts'

export type Fields = Record<string, unknown>

/** @param body the client's request body, which a reply echoes */
export function replyContext(body: Fields = {}, model = 'asked-model'): ReplyContext {
  const [route] = format.routes
  if (route === undefined) throw new Error('the format has no routes')
  const request = { model, input: 'Hi', ...body }
  return {
    operation: 'generate',
    model,
    requestId: 'req-1',
    created: 1_700_000_000,
    framing: 'sse',
    request: { route, query: {}, headers: {}, body: request },
  }
}

export function decodeInput(text: string): DecodeInput {
  return { operation: 'generate', model: 'm', stream: false, document: parseDocument(text), headers: {} }
}

export function encodeTarget(changes: Partial<EncodeTarget> = {}): EncodeTarget {
  return encodeTargetFor('openai-responses', {
    operation: 'generate',
    model: 'm',
    stream: false,
    provider: 'upstream',
    ...changes,
  })
}

/** A request's body → conversation. */
export function asked(body: unknown): Conversation {
  return format.decodeRequest(decodeInput(typeof body === 'string' ? body : JSON.stringify(body)))
}

/** A conversation → the body that goes upstream, parsed, and what was lost. */
export function sent(
  conversation: Conversation,
  changes: Partial<EncodeTarget> = {},
): EncodedRequest & { json: Fields } {
  const encoded = format.encodeRequest(conversation, encodeTarget(changes))
  return { ...encoded, json: JSON.parse(encoded.body) }
}

/** A conversation as another format would decode it: nothing in it is this format's own. */
export function foreign(changes: Partial<Conversation> = {}): Conversation {
  return { turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }], tools: [], sampling: {}, ...changes }
}

export function eventsOfStream(text: string): readonly ReplyEvent[] {
  const decoder = format.decodeStream()
  const events = framesOf(text).flatMap(frame => decoder.frame(frame))
  return [...events, ...decoder.end()]
}

/** @throws Error when the stream breaks the format's grammar */
export function streamOf(events: readonly ReplyEvent[], context: ReplyContext = replyContext()): string {
  const encoder = format.encodeStream(context)
  const text = events.map(event => encoder.event(event)).join('')
  const checker = checkStream()
  for (const frame of framesOf(text)) {
    const fault = checker.frame(frame)
    if (fault !== undefined) throw new Error(`${fault}: ${frame.data}`)
  }
  const fault = checker.end()
  if (fault !== undefined) throw new Error(fault)
  return text
}

/** The data of all frames of a stream. */
export function dataOf(text: string): readonly Fields[] {
  return framesOf(text).map(frame => JSON.parse(frame.data))
}

/** The response object of a stream's terminal event. */
export function terminalOf(text: string): Fields {
  return dataOf(text).at(-1)?.response as Fields
}

export function gathered(events: readonly ReplyEvent[]): Completion {
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  return builder.completion()
}
