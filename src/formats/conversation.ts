/**
 * The canonical view of a call: what a client asks of a model, whatever wire format it came in.
 *
 * Nothing here belongs to one provider. What only one format can say travels in `extensions`, which only the same
 * format's encoder reads back, or in an `opaque` part. The order of turns and parts is the order on the wire.
 */

import type { CacheMark, Part } from './parts.ts'

export type * from './parts.ts'

/** Exact JSON source text of one value. Kept as text so that big integers, key order and `1.0` survive. */
export type JsonText = string

/**
 * Fields of one node that only one format knows: format name → field name → its JSON text. Names that begin with `#` are
 * no fields but notes of a decoder to its own encoder: other formats do not report them as lost.
 */
export type Extensions = Readonly<Record<string, Readonly<Record<string, JsonText>>>>

export interface Conversation {
  readonly turns: readonly Turn[]
  readonly tools: readonly Tool[]
  readonly toolChoice?: ToolChoice
  /** `false` forbids several tool calls in one turn; absent leaves it to the model. */
  readonly parallelToolCalls?: boolean
  readonly maxOutputTokens?: number
  readonly sampling: Sampling
  readonly stop?: readonly string[]
  /** How many alternative answers are asked for (`n`, `candidateCount`). */
  readonly candidates?: number
  readonly logprobs?: { readonly top?: number }
  readonly reasoning?: Reasoning
  readonly outputFormat?: OutputFormat
  readonly verbosity?: string
  readonly modalities?: readonly string[]
  /** An opaque id of the end user, for abuse detection. */
  readonly endUser?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly serviceTier?: ServiceTier
  /** Groups calls that share a prompt prefix (`prompt_cache_key`). */
  readonly cacheKey?: string
  readonly state?: ServerState
  /** Set on `embed` calls only; each input is one user turn. */
  readonly embedding?: EmbeddingOptions
  readonly extensions?: Extensions
}

export interface Sampling {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly seed?: number
  readonly logitBias?: Readonly<Record<string, number>>
}

export type ServiceTier = 'auto' | 'standard' | 'flex' | 'priority' | 'fast' | 'ultrafast'

/** State that the provider is asked to keep or to continue from. */
export interface ServerState {
  readonly previousId?: string
  readonly conversation?: string
  readonly store?: boolean
  /** Anthropic's message thread, as its JSON text. */
  readonly thread?: JsonText
}

export interface EmbeddingOptions {
  readonly dimensions?: number
  readonly encoding?: 'float' | 'base64'
  /** Gemini's `taskType`. */
  readonly task?: string
  readonly title?: string
}

/** `system` and `developer` turns may stand anywhere, not only at the head. */
export interface Turn {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly parts: readonly Part[]
  readonly name?: string
  readonly extensions?: Extensions
}

export type Tool = FunctionTool | CustomTool | HostedTool

export interface FunctionTool {
  readonly kind: 'function'
  readonly name: string
  readonly namespace?: string
  readonly description?: string
  /** JSON Schema of the arguments, as it came. Absent: the tool takes none. */
  readonly schema?: JsonText
  /** `undefined`: not said, each format applies its own default. */
  readonly strict?: boolean
  readonly deferred?: boolean
  readonly cache?: CacheMark
  readonly extensions?: Extensions
}

export interface CustomTool {
  readonly kind: 'custom'
  readonly name: string
  readonly namespace?: string
  readonly description?: string
  readonly grammar?: { readonly syntax: 'lark' | 'regex'; readonly definition: string }
  readonly cache?: CacheMark
  readonly extensions?: Extensions
}

/** A tool that the provider, or a client of the provider's own design, implements. */
export interface HostedTool {
  readonly kind: 'hosted'
  /** The format's own type name: `web_search_20250305`, `googleSearch`, `code_interpreter`. */
  readonly name: string
  readonly format: string
  readonly json: JsonText
  readonly cache?: CacheMark
}

export type ToolChoice =
  | { readonly mode: 'auto' | 'none' | 'required'; readonly allowed?: readonly string[] }
  | { readonly mode: 'named'; readonly name: string; readonly kind: 'function' | 'custom' | 'hosted' }

export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

export interface Reasoning {
  readonly effort?: Effort
  /** Tokens; `dynamic` leaves it to the model. */
  readonly budget?: number | 'dynamic'
  /** Anthropic's `adaptive` and `between_tools` modes. */
  readonly mode?: 'enabled' | 'adaptive' | 'between-tools' | 'disabled'
  /** Whether thinking is to be shown to the client. */
  readonly show?: 'none' | 'summary' | 'full'
}

export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'schema'
      readonly schema: JsonText
      readonly name?: string
      readonly description?: string
      readonly strict?: boolean
    }
