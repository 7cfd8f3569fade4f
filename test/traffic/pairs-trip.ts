/** One way through two formats: a recorded call or reply, decoded, encoded in the other format and decoded there. */

import anthropicMessages from '../../src/formats/anthropic-messages/format.ts'
import { checkStream as checkAnthropic } from '../../src/formats/anthropic-messages/grammar.ts'
import { withCarriedState } from '../../src/formats/carried-state.ts'
import { CompletionBuilder, eventsOf } from '../../src/formats/completion.ts'
import type { Conversation } from '../../src/formats/conversation.ts'
import gemini from '../../src/formats/gemini/format.ts'
import { checkStream as checkGemini } from '../../src/formats/gemini/grammar.ts'
import type { Loss } from '../../src/formats/losses.ts'
import openaiChat from '../../src/formats/openai-chat/format.ts'
import { checkStream as checkChat } from '../../src/formats/openai-chat/grammar.ts'
import openaiResponses from '../../src/formats/openai-responses/format.ts'
import { checkStream as checkResponses } from '../../src/formats/openai-responses/grammar.ts'
import type { Completion, ReplyEvent } from '../../src/formats/reply-events.ts'
import { bodyCheck } from '../../src/formats/validate.ts'
import type { EncodeTarget, ReplyContext, Route, WireFormat } from '../../src/formats/wire-format.ts'
import { parseDocument } from '../../src/json/document.ts'
import { Refusal } from '../../src/refusal.ts'
import { encodeTargetFor } from '../support/encode-target.ts'
import { framesOf } from '../support/frames.ts'
import { type RecordedCase, recordedCases } from '../support/traffic.ts'

export interface Side {
  readonly name: string
  readonly format: WireFormat
  /** A model that can do whatever its format can say. */
  readonly model: string
  readonly checkStream: () => {
    frame(frame: { readonly event?: string; readonly data: string }): string | undefined
    end(): string | undefined
  }
  /** What a client of this format asks for when it wants to be told everything. */
  readonly everything: Readonly<Record<string, unknown>>
  /** Folders of recorded traffic in this format. */
  readonly folders: readonly string[]
}

export const SIDES: readonly Side[] = [
  {
    name: 'anthropic-messages',
    format: anthropicMessages,
    model: 'claude-opus-4-6',
    checkStream: checkAnthropic,
    everything: {},
    folders: ['anthropic-messages'],
  },
  {
    name: 'openai-chat',
    format: openaiChat,
    model: 'some-model',
    checkStream: checkChat,
    everything: { stream_options: { include_usage: true } },
    folders: ['openai-chat', 'openai-compatible'],
  },
  {
    name: 'openai-responses',
    format: openaiResponses,
    model: 'some-model',
    checkStream: checkResponses,
    everything: { store: false, include: ['reasoning.encrypted_content'] },
    folders: ['openai-responses'],
  },
  {
    name: 'gemini',
    format: gemini,
    model: 'gemini-3-pro',
    checkStream: checkGemini,
    everything: { generationConfig: { thinkingConfig: { includeThoughts: true } } },
    folders: ['gemini'],
  },
]

/** Cases in which a model was asked for an answer. */
export function generating({ folders }: Side): readonly RecordedCase[] {
  return folders
    .flatMap(folder => recordedCases(folder))
    .filter(({ method, path }) => method === 'POST' && !/embed|count_?tokens|input_tokens|batch/i.test(path))
}

export function answered(found: RecordedCase): boolean {
  return found.status === 200
}

export function conversationOf({ format }: Side, text: string, model = 'some-model'): Conversation {
  const document = parseDocument(text)
  return format.decodeRequest({ operation: 'generate', model, stream: false, document, headers: {} })
}

export interface RequestTrip {
  readonly from: Conversation
  readonly to: Conversation
  readonly body: string
  readonly losses: readonly Loss[]
}

/** @throws Refusal 400 when the conversation cannot be said in the format */
export function sendRequest(side: Side, from: Conversation, changes: Partial<EncodeTarget> = {}): RequestTrip {
  const target = encodeTargetFor(side.name, {
    operation: 'generate',
    model: side.model,
    stream: false,
    provider: 'upstream',
    ...changes,
  })
  const { body, losses } = side.format.encodeRequest(from, target)
  bodyCheck(side.format.schemas.generate ?? {})({ ...JSON.parse(body) })
  return { from, to: conversationOf(side, body, target.model), body, losses }
}

/** The outcome of `act`, or the refusal that it ends in. Anything else that is thrown goes on. */
export function orRefusal<T>(act: () => T): T | Refusal {
  try {
    return act()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** The events of a recorded reply. */
export function eventsOfCase({ format }: Side, found: RecordedCase): readonly ReplyEvent[] {
  return found.responseIsStream
    ? eventsOfStream(format, found.responseText)
    : format.decodeReply(parseDocument(found.responseText), 'generate')
}

function eventsOfStream(format: WireFormat, text: string): readonly ReplyEvent[] {
  const decoder = format.decodeStream()
  return [...framesOf(text).flatMap(frame => decoder.frame(frame)), ...decoder.end()]
}

/** @returns `undefined` when the reply ends in an error */
export function gathered(events: readonly ReplyEvent[]): Completion | undefined {
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  return builder.error ? undefined : builder.completion()
}

/** @param body the request of a client of this format */
export function replyContext(side: Side, body: string, changes: Partial<ReplyContext> = {}): ReplyContext {
  const request = { ...JSON.parse(body), ...side.everything }
  return {
    operation: 'generate',
    model: side.model,
    requestId: 'req-1',
    created: 1_700_000_000,
    framing: 'sse',
    request: { route: routeOf(side), query: {}, headers: {}, body: request },
    stateKey: KEY,
    ...changes,
  }
}

function routeOf({ format }: Side): Route {
  const [route] = format.routes
  if (route === undefined) throw new Error('the format has no routes')
  return route
}

/** Seals and opens reasoning state, as a gateway does. */
export const KEY = Buffer.alloc(32, 7)

/** A reply as its client would send it back: with the state that its carriers hold. */
function opened(completion: Completion | undefined): Completion | undefined {
  if (completion === undefined) return undefined
  const candidates = completion.candidates.map(candidate => {
    const turns = [{ role: 'assistant', parts: candidate.parts }] as const
    const [turn] = withCarriedState({ turns, tools: [], sampling: {} }, KEY).turns
    return { ...candidate, parts: turn?.parts ?? [] }
  })
  return { ...completion, candidates }
}

export interface ReplyTrip {
  readonly to: Completion | undefined
  readonly losses: readonly Loss[]
}

/** Whole: one body. @throws Refusal when there is no answer in it */
export function sendWhole(side: Side, from: Completion, context: ReplyContext): ReplyTrip {
  const { body, losses } = side.format.encodeReply(from, context)
  return { to: opened(gathered(side.format.decodeReply(parseDocument(body), 'generate'))), losses }
}

/** Streamed. @throws Error when the stream breaks the grammar of its format */
export function sendStream(side: Side, events: readonly ReplyEvent[], context: ReplyContext): ReplyTrip {
  const encoder = side.format.encodeStream(context)
  const text = events.map(event => encoder.event(event)).join('')
  const check = side.checkStream()
  const violation = framesOf(text)
    .map(frame => check.frame(frame))
    .find(found => found !== undefined)
  const wrong = violation ?? check.end()
  if (wrong !== undefined) throw new Error(`${wrong}\n${text}`)
  return { to: opened(gathered(eventsOfStream(side.format, text))), losses: encoder.losses }
}

/** A whole reply as a stream of events. */
export function streamedEvents(completion: Completion): readonly ReplyEvent[] {
  return eventsOf(completion)
}
