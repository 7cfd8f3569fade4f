/** What the proofs of the catalogue share: requests, replies and streams of one format, said in another one. */
import anthropicMessages from '../../../src/formats/anthropic-messages/format.ts'
import { CompletionBuilder } from '../../../src/formats/completion.ts'
import type { Conversation } from '../../../src/formats/conversation.ts'
import gemini from '../../../src/formats/gemini/format.ts'
import type { Loss } from '../../../src/formats/losses.ts'
import openaiChat from '../../../src/formats/openai-chat/format.ts'
import openaiEmbeddings from '../../../src/formats/openai-embeddings/format.ts'
import openaiResponses from '../../../src/formats/openai-responses/format.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import type { ReplyContext, Route, WireFormat } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { Refusal } from '../../../src/refusal.ts'
import { encodeTargetFor } from '../../support/encode-target.ts'
import { framesOf } from '../../support/frames.ts'

export const formats = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-embeddings': openaiEmbeddings,
  gemini,
} as const satisfies Readonly<Record<string, WireFormat>>
export type FormatName = keyof typeof formats

/** Parsed JSON that a proof looks into; what it expects of it, it says with `toEqual` or `toMatchObject`. */
export type Fields = Readonly<Record<string, unknown>>

/** Models of today, for proofs that are not about a model. */
const MODELS: Readonly<Record<FormatName, string>> = {
  'anthropic-messages': 'claude-opus-5',
  'openai-chat': 'gpt-5',
  'openai-responses': 'gpt-5',
  'openai-embeddings': 'text-embedding-3-small',
  gemini: 'gemini-3-flash',
}

export interface Carrying {
  /** The provider's model. */
  readonly model?: string
  readonly dialect?: string
  readonly provider?: string
  readonly operation?: 'generate' | 'count-tokens' | 'embed'
  readonly stream?: boolean
  /** The client's headers. */
  readonly headers?: Readonly<Record<string, string>>
  readonly stateKey?: Buffer
}

export interface CarriedRequest {
  readonly body: Fields
  /** The body as it goes upstream: for what parsing would hide. */
  readonly text: string
  readonly losses: readonly Loss[]
  /** Each loss as `path action`: `sampling.topK dropped`. */
  readonly lost: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

/**
 * A request's way through `convert`, from the check of its shape on.
 *
 * @param body what the client sends: JSON text, or an object for which every writing of it will do
 * @throws Refusal
 */
export function carry(from: FormatName, to: FormatName, body: unknown, more: Carrying = {}): CarriedRequest {
  const conversation = decoded(from, body, more)
  const { operation = 'generate', stream = false, model = MODELS[to], provider = 'upstream', dialect } = more
  const place = { operation, stream, model, provider, ...(dialect === undefined ? {} : { dialect }) }
  const target = encodeTargetFor(to, place)
  const { body: text, losses, headers = {} } = formats[to].encodeRequest(conversation, target)
  return { body: JSON.parse(text) as Fields, text, losses, lost: inWords(losses), headers }
}

/** A request as the canonical view has it, once its shape is checked. */
export function decoded(from: FormatName, body: unknown, more: Carrying = {}): Conversation {
  const { operation = 'generate', stream = false, headers = {}, stateKey } = more
  const document = parseDocument(textOf(body))
  bodyCheck((formats[from] as WireFormat).schemas[operation] ?? {})(document.value)
  const model = String(Object(document.value).model ?? 'asked-model')
  return formats[from].decodeRequest({
    operation,
    model,
    stream,
    document,
    headers,
    ...(stateKey === undefined ? {} : { stateKey }),
  })
}

/** The refusal that something ends in; a proof compares its `status`, `code`, `param` and `message`. */
export function refusal(act: () => unknown): Refusal {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}

export interface Answering {
  /** The client's own request, which shapes what it is answered. */
  readonly request?: Fields
  readonly headers?: Readonly<Record<string, string>>
  readonly framing?: 'sse' | 'array'
  readonly stateKey?: Buffer
}

export interface CarriedReply {
  readonly body: Fields
  readonly text: string
  readonly losses: readonly Loss[]
  readonly lost: readonly string[]
}

/** A whole reply of a provider that speaks `from`, as a client of `to` gets it. @throws Error for an error in a 200 */
export function carryReply(from: FormatName, to: FormatName, body: unknown, more: Answering = {}): CarriedReply {
  const events = formats[from].decodeReply(parseDocument(textOf(body)), 'generate')
  const { body: text, losses } = formats[to].encodeReply(completionOf(events), replyContext(to, false, more))
  return { body: JSON.parse(text) as Fields, text, losses, lost: inWords(losses) }
}

export interface CarriedStream {
  readonly text: string
  /** The data of each frame, parsed; `[DONE]` is left as it is. */
  readonly frames: readonly Fields[]
  readonly losses: readonly Loss[]
  readonly lost: readonly string[]
}

/**
 * A provider's stream in `from`, as a client of `to` gets it.
 *
 * @param text what the provider sends: frames of server-sent events, see `sse`
 * @throws Error when what would be sent to the client breaks the grammar of its format
 */
export function carryStream(from: FormatName, to: FormatName, text: string, more: Answering = {}): CarriedStream {
  return encodedStream(to, streamEvents(from, text), more)
}

/** The canonical events of a provider's stream, with those of its end. */
export function streamEvents(from: FormatName, text: string): readonly ReplyEvent[] {
  const decoder = formats[from].decodeStream()
  return [...framesOf(text).flatMap(frame => decoder.frame(frame)), ...decoder.end()]
}

/** Events as the stream that a client of `to` gets. @throws Error when it breaks the grammar of the format */
export function encodedStream(to: FormatName, events: readonly ReplyEvent[], more: Answering = {}): CarriedStream {
  const encoder = formats[to].encodeStream(replyContext(to, true, more))
  const text = events.map(event => encoder.event(event)).join('')
  if (more.framing !== 'array') assertGrammar(formats[to], text)
  const frames = framesOf(text).map(({ data }) => (data === '[DONE]' ? data : JSON.parse(data)) as Fields)
  return { text, frames, losses: encoder.losses, lost: inWords(encoder.losses) }
}

/** Frames of server-sent events: named after their `type` where they have one, as Anthropic and Responses do it. */
export function sse(...frames: readonly (Fields | string)[]): string {
  return frames
    .map(frame => {
      if (typeof frame === 'string') return `data: ${frame}\n\n`
      const name = typeof frame.type === 'string' ? `event: ${frame.type}\n` : ''
      return `${name}data: ${JSON.stringify(frame)}\n\n`
    })
    .join('')
}

export function replyContext(to: FormatName, stream: boolean, more: Answering = {}): ReplyContext {
  const { request = {}, headers = {}, framing = 'sse', stateKey } = more
  const body: Fields = { model: 'asked-model', stream, ...LEAST[to], ...request }
  return {
    operation: 'generate',
    model: 'asked-model',
    requestId: 'req-1',
    created: 1_700_000_000,
    framing,
    request: { route: routeOf(formats[to], stream), query: {}, headers, body },
    ...(stateKey === undefined ? {} : { stateKey }),
  }
}

/** The least that a client must say. */
const LEAST: Readonly<Record<FormatName, Fields>> = {
  'anthropic-messages': { max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] },
  'openai-chat': { messages: [{ role: 'user', content: 'Hi' }] },
  'openai-responses': { input: 'Hi' },
  'openai-embeddings': { input: 'Hi' },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] },
}

function routeOf(format: WireFormat, stream: boolean): Route {
  const found = format.routes.find(route => route.method === 'POST' && (route.stream ?? stream) === stream)
  if (found === undefined) throw new Error('the format has no such route')
  return found
}

function completionOf(events: readonly ReplyEvent[]): Completion {
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  if (builder.error) throw new Error(builder.error.message)
  return builder.completion()
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

function inWords(losses: readonly Loss[]): readonly string[] {
  return losses.map(({ path, action }) => `${path} ${action}`)
}

function assertGrammar(format: WireFormat, text: string): void {
  const grammar = format.checkStream?.()
  if (grammar === undefined) return
  for (const frame of framesOf(text)) {
    const violation = grammar.frame(frame)
    if (violation !== undefined) throw new Error(`${violation}: ${frame.data}`)
  }
  const violation = grammar.end()
  if (violation !== undefined) throw new Error(`${violation}: ${text}`)
}
