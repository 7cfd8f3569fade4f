/** What turns of a conversation, and replies, are made of. */
import type { Effort, Extensions, JsonText, OutputFormat, Tool } from './conversation.ts'

interface PartBase {
  readonly id?: string
  /** Reasoning state that the issuer wants back unchanged with this part. */
  readonly state?: readonly OpaqueState[]
  /** A prompt-cache breakpoint ends here. */
  readonly cache?: CacheMark
  readonly extensions?: Extensions
}

export interface CacheMark {
  readonly ttl?: '5m' | '30m' | '1h' | '12h'
}

/** A signature or an encrypted blob. Sent back to its issuer as it came, or not at all; never made up. */
export interface OpaqueState {
  readonly scheme:
    | 'anthropic.signature'
    | 'anthropic.redacted'
    | 'openai.encrypted'
    | 'gemini.thought-signature'
    | 'openrouter.details'
    | 'mistral.signature'
    | 'chat.reasoning-content'
  readonly value: string
  readonly itemId?: string
  readonly issuer?: { readonly provider: string; readonly model?: string }
}

export type Part =
  | TextPart
  | RefusalPart
  | ReasoningPart
  | MediaPart
  | ToolCallPart
  | ToolResultPart
  | HostedToolPart
  | SearchResultPart
  | ToolsDeltaPart
  | SettingsDeltaPart
  | CompactionPart
  | ItemReferencePart
  | OpaquePart

export interface TextPart extends PartBase {
  readonly type: 'text'
  readonly text: string
  readonly citations?: readonly Citation[]
  readonly logprobs?: readonly TokenLogprob[]
  /** OpenAI Responses' `phase`; must be echoed. */
  readonly phase?: 'commentary' | 'final_answer'
}

export interface RefusalPart extends PartBase {
  readonly type: 'refusal'
  readonly text: string
}

/** Thinking. `state` carries its signature, or the whole of it when the text is withheld. */
export interface ReasoningPart extends PartBase {
  readonly type: 'reasoning'
  readonly visibility: 'full' | 'summary' | 'hidden'
  /** Several where the format has several summary parts. Empty when hidden. */
  readonly chunks: readonly string[]
}

export interface MediaPart extends PartBase {
  readonly type: 'media'
  readonly kind: 'image' | 'audio' | 'video' | 'document' | 'file'
  readonly source: MediaSource
  readonly mimeType?: string
  readonly filename?: string
  readonly detail?: 'low' | 'high' | 'auto' | 'original'
  readonly title?: string
  readonly context?: string
  readonly citationsEnabled?: boolean
}

export type MediaSource =
  | { readonly base64: string }
  | { readonly url: string }
  | { readonly fileId: string; readonly format: string }
  | { readonly text: string }
  | { readonly parts: readonly Part[] }

export interface ToolCallPart extends PartBase {
  readonly type: 'tool-call'
  readonly callId: string
  readonly name: string
  readonly namespace?: string
  /** `custom` tools take free text instead of JSON. */
  readonly kind: 'function' | 'custom'
  /** JSON text for `function` (may be what a truncated reply left: not always valid), plain text for `custom`. */
  readonly arguments: string
  readonly caller?: JsonText
}

export interface ToolResultPart extends PartBase {
  readonly type: 'tool-result'
  readonly callId: string
  readonly name?: string
  readonly kind?: 'function' | 'custom'
  readonly isError?: boolean
  readonly content: readonly Part[]
  /** The result as a JSON object, where the format gives one (Gemini's `response`). */
  readonly structured?: JsonText
}

/** A tool that the provider runs itself: its call, its result, or both. */
export interface HostedToolPart extends PartBase {
  readonly type: 'hosted-tool'
  /** The provider's own word for it: `web_search`, `code_execution`, … */
  readonly tool: string
  readonly phase: 'call' | 'result' | 'both'
  readonly format: string
  readonly json: JsonText
  readonly callId?: string
}

export interface SearchResultPart extends PartBase {
  readonly type: 'search-result'
  readonly source: string
  readonly title: string
  readonly content: readonly Part[]
}

/** Tools that come or go from this point of the conversation on. */
export interface ToolsDeltaPart extends PartBase {
  readonly type: 'tools-delta'
  readonly add: readonly Tool[]
  readonly remove: readonly string[]
}

/** Settings that change from this point of the conversation on. */
export interface SettingsDeltaPart extends PartBase {
  readonly type: 'settings-delta'
  readonly effort?: Effort
  readonly outputFormat?: OutputFormat
}

export interface CompactionPart extends PartBase {
  readonly type: 'compaction'
  readonly summary?: string
}

export interface ItemReferencePart extends PartBase {
  readonly type: 'item-reference'
  readonly id: string
}

/** Something only its own format understands, kept whole. */
export interface OpaquePart extends PartBase {
  readonly type: 'opaque'
  readonly format: string
  /** What it is in that format: its `type`, usually. */
  readonly label: string
  readonly json: JsonText
}

export interface Citation {
  readonly kind: 'url' | 'char' | 'page' | 'block' | 'search' | 'file'
  readonly url?: string
  readonly title?: string
  /** Range in the text of the part that carries it, in UTF-16 code units. */
  readonly start?: number
  readonly end?: number
  readonly cited?: string
  readonly fileId?: string
  readonly documentIndex?: number
  readonly format: string
  readonly json: JsonText
}

export interface TokenLogprob {
  readonly token: string
  readonly logprob: number
  readonly bytes?: readonly number[]
  readonly top?: readonly { readonly token: string; readonly logprob: number; readonly bytes?: readonly number[] }[]
}
