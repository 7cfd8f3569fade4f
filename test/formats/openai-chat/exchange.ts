/** What the tests of this format share: contexts, and streams as text, frames and events. */
import { CompletionBuilder } from '../../../src/formats/completion.ts'
import format from '../../../src/formats/openai-chat/format.ts'
import { checkStream } from '../../../src/formats/openai-chat/grammar.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import type { DecodeInput, EncodeTarget, ReplyContext } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { encodeTargetFor } from '../../support/encode-target.ts'
import { framesOf } from '../../support/frames.ts'

/** @param body the client's request body, which shapes the reply */
export function replyContext(body: Record<string, unknown> = {}, model = 'asked-model'): ReplyContext {
  const [route] = format.routes
  if (route === undefined) throw new Error('the format has no routes')
  return {
    operation: 'generate',
    model,
    requestId: 'req-1',
    created: 1_700_000_000,
    framing: 'sse',
    request: { route, query: {}, headers: {}, body: { model, messages: [], ...body } },
  }
}

export function decodeInput(text: string): DecodeInput {
  return { operation: 'generate', model: 'm', stream: false, document: parseDocument(text), headers: {} }
}

export function encodeTarget(changes: Partial<EncodeTarget> = {}): EncodeTarget {
  return encodeTargetFor('openai-chat', {
    operation: 'generate',
    model: 'm',
    stream: false,
    provider: 'upstream',
    ...changes,
  })
}

export function eventsOfStream(text: string): readonly ReplyEvent[] {
  const decoder = format.decodeStream()
  const events = framesOf(text).flatMap(frame => decoder.frame(frame))
  return [...events, ...decoder.end()]
}

/** @throws Error when the stream breaks the format's grammar */
export function streamOf(events: readonly ReplyEvent[], context: ReplyContext): string {
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

export function gathered(events: readonly ReplyEvent[]): Completion {
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  return builder.completion()
}
