/**
 * The canonical view of a reply: one sequence of events, whether it came as a stream or whole.
 *
 * Grammar, kept by every decoder and relied on by every encoder:
 *
 *     reply  := start (part | usage | ping | raw)* finish{1 per candidate} usage? end
 *             | anything so far, then error            (nothing follows an error)
 *     part   := part-start delta* part-end             (parts may interleave; `index` tells them apart)
 *     reply  := start (embedding | usage | raw)* end   (of an `embed` call: nothing to finish)
 *
 * `index` counts parts from 0 over the whole reply without gaps, in the order of their `part-start`.
 */
import type { Citation, Extensions, JsonText, OpaqueState, Part, TokenLogprob } from './conversation.ts'
import type { ErrorView } from './error-view.ts'

export type ReplyEvent =
  | StartEvent
  | PartStartEvent
  | TextDeltaEvent
  | ArgumentsDeltaEvent
  | SectionBreakEvent
  | StateEvent
  | CitationEvent
  | LogprobsEvent
  | PartEndEvent
  | UsageEvent
  | FinishEvent
  | EmbeddingEvent
  | { readonly type: 'end' }
  | { readonly type: 'error'; readonly error: ErrorView }
  | { readonly type: 'ping' }
  | RawEvent

export interface StartEvent {
  readonly type: 'start'
  readonly id: string
  readonly model: string
  /** Unix time in seconds. */
  readonly created?: number
  /** What is already known of the input side (Anthropic tells it up front). */
  readonly usage?: Usage
  /** What only one format knows of the reply from its start on, for the same format's encoder. */
  readonly extensions?: Extensions
}

/** Opens a part. The part holds what is known at its start; text and arguments are empty unless it came whole. */
export interface PartStartEvent {
  readonly type: 'part-start'
  readonly index: number
  /** Which of several alternative answers it belongs to; 0 unless more than one was asked for. */
  readonly candidate: number
  readonly part: Part
}

/** More text of a `text`, `refusal` or `reasoning` part. Never splits a surrogate pair. */
export interface TextDeltaEvent {
  readonly type: 'text-delta'
  readonly index: number
  readonly text: string
}

/** More of a tool call's arguments: JSON text, or plain text for a custom tool. */
export interface ArgumentsDeltaEvent {
  readonly type: 'arguments-delta'
  readonly index: number
  readonly text: string
}

/** The next chunk of a reasoning part begins (OpenAI Responses has several summary parts in one item). */
export interface SectionBreakEvent {
  readonly type: 'section-break'
  readonly index: number
}

export interface StateEvent {
  readonly type: 'state'
  readonly index: number
  readonly state: OpaqueState
}

export interface CitationEvent {
  readonly type: 'citation'
  readonly index: number
  readonly citation: Citation
}

export interface LogprobsEvent {
  readonly type: 'logprobs'
  readonly index: number
  readonly logprobs: readonly TokenLogprob[]
}

export interface PartEndEvent {
  readonly type: 'part-end'
  readonly index: number
}

/** Cumulative for the whole reply: a later one replaces an earlier one. */
export interface UsageEvent {
  readonly type: 'usage'
  readonly usage: Usage
}

export interface FinishEvent {
  readonly type: 'finish'
  readonly candidate: number
  readonly reason: FinishReason
  /** The provider's own word. */
  readonly raw?: string
  readonly stopSequence?: string
  /** What a model or a filter gave as its reason for refusing. */
  readonly explanation?: string
  /** Fields of the reply as a whole that only one format knows, for the same format's encoder. */
  readonly extensions?: Extensions
}

export type FinishReason =
  | 'stop'
  | 'stop-sequence'
  | 'length'
  | 'context-window'
  | 'tool-calls'
  | 'refusal'
  | 'content-filter'
  | 'pause'
  | 'compaction'
  /** Cut off for now: whoever sends the call again with the token beside it gets the rest (Gemini). */
  | 'continuation'
  | 'malformed-tool-call'
  | 'other'

/** The vector of one input of an `embed` call. */
export interface EmbeddingEvent {
  readonly type: 'embedding'
  /** Which input it belongs to, from 0. */
  readonly input: number
  /** As the provider gave it; base64 is of little-endian 32-bit floats, unless the call asked for another type. */
  readonly values: readonly number[] | { readonly base64: string }
}

/** An event of one format that has no canonical form; other formats' encoders leave it out and note a loss. */
export interface RawEvent {
  readonly type: 'raw'
  readonly format: string
  readonly json: JsonText
}

/**
 * Tokens. Inputs include what was read from and written to a prompt cache; outputs include reasoning
 * (OpenAI's way of counting; Anthropic's and Gemini's are converted, conversion.md C.2).
 */
export interface Usage {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
  /** Of `cacheWrite`, what was written to live for an hour. */
  readonly cacheWrite1h?: number
  readonly reasoning?: number
  /** Of `input`, what the provider's own tools put into the prompt. */
  readonly toolPrompt?: number
  readonly audioInput?: number
  readonly audioOutput?: number
  /** Calls of the provider's own tools, by name: `web_search_requests`. */
  readonly serverTools?: Readonly<Record<string, number>>
  readonly serviceTier?: string
  /** True when Sluice counted, because the provider did not say. */
  readonly estimated?: boolean
  /** True when an earlier reply has used it and this one only repeats that one: nothing is to be charged for it. */
  readonly repeated?: true
  /** The provider's usage object as it came, for the same format's encoder. */
  readonly raw?: { readonly format: string; readonly json: JsonText }
}

/** A reply gathered whole. */
export interface Completion {
  readonly id: string
  readonly model: string
  readonly created?: number
  readonly candidates: readonly CompletedCandidate[]
  /** Of an `embed` call, in the order of its inputs. */
  readonly embeddings?: readonly EmbeddingEvent[]
  readonly usage?: Usage
  readonly raw: readonly RawEvent[]
}

export interface CompletedCandidate {
  readonly index: number
  readonly parts: readonly Part[]
  readonly finish: FinishEvent
}
