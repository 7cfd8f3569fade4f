/** What the tests of this format share: contexts, and streams as text, frames and events. */
import { CompletionBuilder } from '../../../src/formats/completion.ts'
import type { Conversation } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/gemini/format.ts'
import { checkStream } from '../../../src/formats/gemini/grammar.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import type { DecodeInput, EncodeTarget, ReplyContext, Route } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import type { SseFrame } from '../../../src/stream/sse.ts'
import { encodeTargetFor } from '../../support/encode-target.ts'
import { framesOf } from '../../support/frames.ts'

export function routeFor(method: string, version = 'v1beta'): Route {
  const route = format.routes.find(({ path }) => path === `/${version}/models/{model}:${method}`)
  if (!route) throw new Error(`no route for ${method}`)
  return route
}

/** A client who asks for thoughts, so that nothing is left out; `body` is what else is in its request. */
export function replyContext(changes: Partial<ReplyContext> = {}, body: Record<string, unknown> = {}): ReplyContext {
  const thoughts = { generationConfig: { thinkingConfig: { includeThoughts: true } } }
  return {
    operation: 'generate',
    model: 'gemini-test',
    requestId: 'req-1',
    created: 1_700_000_000,
    framing: 'sse',
    request: {
      route: routeFor('streamGenerateContent'),
      query: {},
      headers: {},
      body: { contents: [], ...thoughts, ...body },
    },
    ...changes,
  }
}

export function decodeInput(text: string, changes: Partial<DecodeInput> = {}): DecodeInput {
  const document = parseDocument(text)
  return { operation: 'generate', model: 'gemini-3-flash', stream: false, document, headers: {}, ...changes }
}

export function encodeTarget(changes: Partial<EncodeTarget> = {}): EncodeTarget {
  return encodeTargetFor('gemini', {
    operation: 'generate',
    model: 'gemini-3-flash',
    stream: false,
    provider: 'upstream',
    ...changes,
  })
}

export function decoded(body: unknown, changes: Partial<DecodeInput> = {}): Conversation {
  return format.decodeRequest(decodeInput(typeof body === 'string' ? body : JSON.stringify(body), changes))
}

export function eventsOfFrames(frames: readonly SseFrame[]): readonly ReplyEvent[] {
  const decoder = format.decodeStream()
  const events = frames.flatMap(frame => decoder.frame(frame))
  return [...events, ...decoder.end()]
}

export function eventsOfStream(text: string): readonly ReplyEvent[] {
  return eventsOfFrames(framesOf(text))
}

export function eventsOfChunks(...chunks: readonly unknown[]): readonly ReplyEvent[] {
  return eventsOfFrames(chunks.map(chunk => ({ data: JSON.stringify(chunk) })))
}

/** @throws Error when the stream breaks the format's grammar */
export function streamOf(events: readonly ReplyEvent[], context: ReplyContext = replyContext()): string {
  const encoder = format.encodeStream(context)
  const text = events.map(event => encoder.event(event)).join('')
  const check = checkStream()
  for (const frame of framesOf(text)) {
    const violation = check.frame(frame)
    if (violation !== undefined) throw new Error(`${violation}: ${frame.data}`)
  }
  const violation = check.end()
  if (violation !== undefined) throw new Error(`${violation}: ${text}`)
  return text
}

/** The chunks of an encoded stream, parsed. */
export function chunksOf(text: string): readonly Record<string, unknown>[] {
  return framesOf(text).map(({ data }) => JSON.parse(data) as Record<string, unknown>)
}

export function gathered(events: readonly ReplyEvent[]): Completion {
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  return builder.completion()
}
