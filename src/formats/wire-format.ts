/**
 * What a wire format is to the engine. Each folder beside this file default-exports one from `format.ts`; the folder's
 * name is the format's name, and no other file lists it.
 */
import type { ModelEntry, Operation } from '../contract.ts'
import type { JsonDocument } from '../json/document.ts'
import type { ModelCapabilities } from '../models/capabilities.ts'
import type { SseFrame } from '../stream/sse.ts'
import type { Amendment } from './amendment.ts'
import type { Conversation } from './conversation.ts'
import type { ErrorView } from './error-view.ts'
import type { Loss } from './losses.ts'
import type { Completion, ReplyEvent, Usage } from './reply-events.ts'
import type { StreamEvent, TextRun } from './text-run.ts'

export interface WireFormat {
  /** One sentence, for `sluice list` and the reference. */
  readonly summary: string
  readonly routes: readonly Route[]
  /** Request headers that only this format's clients send; tells apart formats that share a route. */
  readonly clientHeaders?: readonly string[]
  /** Its clients name the provider themselves (`chat`). */
  readonly namesProvider?: boolean
  /** JSON Schema of the request body by operation: types and required fields the engine relies on, nothing more. */
  readonly schemas: Readonly<Partial<Record<Operation, object>>>
  /** Where the model's name stands: a top-level key of the body that is called `model`, or the URL. */
  readonly modelIn: 'body' | 'path'
  /** Where the body of a call other than `generate` repeats a model that stands in the URL. */
  repeatModel?(document: JsonDocument, model: string): MemberChange | undefined
  /** True when a client may answer to a request of this shape in the canonical view, and an upstream speaks it. */
  readonly upstream: boolean
  /** Reads the head of a request whose body has passed its schema. @throws Refusal */
  readHead(request: RequestParts): RequestHead
  /** Where this format keeps the cap on output tokens. Absent where it has none. */
  readonly maxOutputTokens?: TokenCap
  /**
   * What to set in a streamed request's body so that the stream tells its usage in a frame of its own, which is then
   * hidden from the client; `undefined` when the client asks itself or the server needs no asking. Absent in formats
   * whose streams always tell.
   */
  askForUsage?(body: unknown, dialect: string | undefined): { readonly key: string; readonly json: string } | undefined
  /** Wire → canonical. @throws Refusal 400 naming the field */
  decodeRequest(request: DecodeInput): Conversation
  /** Canonical → wire. @throws Refusal 400 when the format cannot say it */
  encodeRequest(conversation: Conversation, target: EncodeTarget): EncodedRequest
  /** A whole reply body → events, ending in `end`; an error body of a 200 gives an `error` event. Never throws. */
  decodeReply(document: JsonDocument, operation: Operation): readonly ReplyEvent[]
  /** A whole reply → body text. */
  encodeReply(completion: Completion, context: ReplyContext): EncodedReply
  decodeStream(): StreamDecoder
  encodeStream(context: ReplyContext): StreamEncoder
  /** Judges a stream of this format; in tests always, in production by sample. */
  checkStream?(): StreamGrammar
  /** Watches a stream of this format that passes by unchanged. */
  observeStream(): StreamObserver
  /** Reads usage, model and finish from a whole reply that passes by unchanged. */
  observeReply(document: JsonDocument, operation: Operation): Observation
  /** Renders an error that is answered instead of a reply. */
  encodeError(error: ErrorView, requestId: string): EncodedError
  /** Reads an error body of an upstream: any JSON, or no JSON at all (then `document` is undefined). */
  decodeError(status: number, document: JsonDocument | undefined): ErrorView
  /** Renders an error after the first byte of a stream went out: complete frames, terminal for an SDK. */
  encodeStreamError(error: ErrorView, requestId: string): string
  /** A frame that keeps a silent stream open and that SDKs skip. */
  readonly heartbeat: string
  encodeTokenCount(tokens: number): string
  decodeTokenCount(document: JsonDocument): number | undefined
  encodeModels(models: readonly ModelEntry[]): string
  encodeModel(model: ModelEntry): string
  decodeModels(document: JsonDocument): readonly ModelEntry[]
}

/** Reads and writes one number of a parsed body, so that a cap needs no decoding. */
export interface TokenCap {
  read(body: unknown): number | undefined
  write(body: unknown, tokens: number): MemberChange
}

/** A top-level member of a body, and the JSON text to set it to. */
export interface MemberChange {
  readonly key: string
  readonly json: string
}

/** A route of a parser. `{model}` in the path matches one or more segments. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly operation: Operation
  /** Set where the path itself decides (Gemini). */
  readonly stream?: boolean
}

/** A request as it arrived, its body parsed. */
export interface RequestParts {
  readonly route: Route
  /** The decoded `{model}` of the path. */
  readonly pathModel?: string
  readonly query: Readonly<Record<string, string | undefined>>
  readonly headers: Readonly<Record<string, string | undefined>>
  /** `undefined` where there is no body (`GET`). Has passed the schema of the route's operation. */
  readonly body: unknown
}

/** What the engine must know of a request before anybody decodes it. */
export interface RequestHead {
  readonly operation: Operation
  readonly model: string
  readonly stream: boolean
  /** How a streamed reply is framed; `array` is Gemini's stream without `alt=sse`. */
  readonly framing: 'sse' | 'array'
  /** Set by a format whose client names the provider (`chat`). */
  readonly provider?: string
}

export interface DecodeInput {
  readonly operation: Operation
  readonly model: string
  readonly stream: boolean
  readonly document: JsonDocument
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Opens the carriers of other providers' reasoning state that a client sends back (`carrier.ts`). */
  readonly stateKey?: Buffer
}

export interface EncodeTarget {
  readonly operation: Operation
  readonly model: string
  readonly stream: boolean
  /** The configured provider's name. */
  readonly provider: string
  /** Name of a dialect of the format (`groq`, `mistral`); each format keeps its own table of them. */
  readonly dialect?: string
  /** True where the client speaks this format too: what it wrote is not to be adapted to it. */
  readonly native?: boolean
  /** What is known of the model at this provider: the catalogue of models, and what the operator says otherwise. */
  readonly capabilities: ModelCapabilities
}

export interface EncodedRequest {
  /** JSON text. */
  readonly body: string
  readonly losses: readonly Loss[]
  /** Headers that the request needs with this body (`anthropic-beta`), names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** What is to be done to the reply, so that it answers what was meant. */
  readonly amendment?: Amendment
}

/** What an encoder of replies may look at. */
export interface ReplyContext {
  readonly operation: Operation
  /** The model's name as the client asked for it: that is what it is told. */
  readonly model: string
  readonly requestId: string
  /** Unix time in seconds, for formats that want it and upstreams that do not tell. */
  readonly created: number
  readonly framing: 'sse' | 'array'
  /** The client's own request, for fields that a reply echoes and switches that shape it (`include_usage`). */
  readonly request: RequestParts
  /** Seals other providers' reasoning state into carriers (`carrier.ts`). Without it that state is a loss. */
  readonly stateKey?: Buffer
}

export interface EncodedReply {
  readonly body: string
  readonly losses: readonly Loss[]
}
export interface EncodedError {
  readonly status: number
  readonly body: string
}

/** Frames → events, in one tick. Never throws: what it cannot read becomes an `error` event. */
export interface StreamDecoder {
  frame(frame: SseFrame): readonly ReplyEvent[]
  /**
   * Reads frames that say nothing but more of a part's text, as long as one follows the other; each of them says to
   * `frame` what it says here.
   *
   * @param text of the stream, with lines that end in LF
   * @param from where a frame begins in it
   * @param out gets what they say
   * @returns behind the last frame that was read, `from` when there is none
   */
  run?(text: string, from: number, out: StreamEvent[]): number
  /** The upstream has ended: what was held back; an `error` event when the terminal event never came. */
  end(): readonly ReplyEvent[]
}

/** Judges a stream of a format: order, indices, names, one end. Each answer is the violation, if there is one. */
export interface StreamGrammar {
  frame(frame: SseFrame): string | undefined
  end(): string | undefined
}

/** Events → frames, in one tick. */
export interface StreamEncoder {
  /** Complete SSE frames (or pieces of the array), `''` when the event has no form here. */
  event(event: ReplyEvent): string
  /** The same frames as `event` gives for all of the run's deltas; `undefined` where it has to be asked for them. */
  run?(run: TextRun): string | undefined
  readonly losses: readonly Loss[]
}

/** What can be told of a reply without changing it. */
export interface Observation {
  readonly model?: string
  readonly usage?: Usage
  readonly finish?: string
  readonly error?: ErrorView
}

/** Sees each frame of a passing stream. Must be cheap: most frames deserve no look inside. */
export interface StreamObserver {
  frame(frame: SseFrame): FrameSign
  /**
   * How far a run of frames is plain: each of them is `content` and changes nothing of the observation, so that none
   * has to be cut out and looked at. May be wrong only by saying too little. A frame that differs from a plain one only
   * in what members of it say in strings (but for `type` and `object`) is taken for plain as well.
   *
   * @param text bytes of the stream, each as one character (latin1)
   * @param from where in the text a frame begins
   * @returns offset of the first character that may belong to a frame that deserves a look; the length if none does
   */
  plainUntil?(text: string, from: number): number
  readonly observation: Observation
}

/**
 * - `content`: something a client would show or act on: the reply has truly begun
 * - `preamble`: anything before or beside it (pings, lifecycle, metadata)
 * - `usage`: carries nothing but usage; hidden from a client that did not ask for it
 * - `terminal`: the stream is whole once this has passed
 * - `error`: the upstream failed inside a 200; see `observation.error`
 */
export type FrameSign = 'content' | 'preamble' | 'usage' | 'terminal' | 'error'
