/**
 * The canonical view of a call: what a client asks of a model, whatever wire format it came in.
 *
 * Nothing here belongs to one provider. What only one format can say travels in `extensions`, which only the same
 * format's encoder reads back, or in an `opaque` part. The order of turns and parts is the order on the wire.
 */

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
