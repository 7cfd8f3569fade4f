/** A call as processors see it; part of the contract (`contract.ts`). */
import type { Conversation, JsonText } from './formats/conversation.ts'
import type { Loss } from './formats/losses.ts'
import type { ReplyEvent } from './formats/reply-events.ts'
import type { Reply } from './reply.ts'
import type { Log } from './tools.ts'

/** The name of a wire format: the name of its folder in `src/formats/`. */
export type Format = string

/** What a call asks for. `list-models` has no body; everything else has one. */
export type Operation = 'generate' | 'count-tokens' | 'embed' | 'list-models'

/** Who is calling; set by `auth`, read by limits and logs. */
export interface Identity {
  /** The configured name of the key. Never the key. */
  readonly name: string
  readonly team?: string
  /** Patterns of the models this key may use; absent means all. */
  readonly models?: readonly string[]
  /** The providers that calls with this key may go to; absent means all. The engine holds every call to it at the end. */
  readonly providers?: readonly string[]
}

export interface Client {
  /** Request headers, names in lower case. Credentials are among them: do not log them. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** IP address of the peer. */
  readonly address: string
  /** The credential that the client presented in any of the usual places, if it did. */
  readonly credential?: string
  readonly identity?: Identity
}

/** One client request on its way in. Immutable: `with` and `as` return another call. */
export interface Call {
  readonly id: string
  readonly pipeline: string
  readonly operation: Operation
  /** The format that the call is in now; `as` changes it. */
  readonly format: Format
  /** The model that is asked for now; the one that the client named is `requestedModel`. */
  readonly model: string
  readonly requestedModel: string
  readonly stream: boolean
  /** The name of the configured provider that the call is heading for. */
  readonly provider: string
  /** The format which that provider speaks. Equal to `format` where there is nothing to convert. */
  readonly target: Format
  readonly client: Client
  /** Size of the body in bytes, in the format that the call is in. */
  readonly size: number
  /** The most tokens that the call lets the model write, if it says so. Known without decoding the call. */
  readonly maxOutputTokens: number | undefined
  /** The canonical view; decoded on first look. @throws Refusal 400 when the body cannot be understood. */
  readonly conversation: Conversation
  /** What conversions of this call could not carry over. */
  readonly losses: readonly Loss[]
  /** Aborted when the client leaves, the deadline passes or the gateway stops. */
  readonly signal: AbortSignal
  /** When the call's time will be up, in the milliseconds of `Clock.now`; absent where nothing limits it. */
  readonly deadline: number | undefined
  /**
   * How many other places are left to try if this one fails, where a processor before this one knows: 0 means that this
   * is the last hope.
   */
  readonly alternatives: number | undefined
  /**
   * Whether a second run would leave something behind at the provider, or builds on what is kept there. Decodes a call
   * of a format that can say so.
   */
  readonly stateful: boolean
  readonly log: Log
  with(changes: CallChanges): Call
  /** The same call in another format. @throws Refusal 400 when that format cannot say it at all. */
  as(format: Format): Call
  /**
   * The same call as one of its own, for a copy that nobody waits for: `next` may run with it when `handle` has answered
   * already, and it goes on when the client has left. See to it that it ends: read its reply, or abort `signal`.
   */
  detach(signal: AbortSignal): Call
  /** Answers the call without a provider: give this to the client instead of what `next` returns. */
  answer(answer: Answer): Reply
}

export interface CallChanges {
  readonly model?: string
  readonly provider?: string
  /** Spliced into the client's bytes. */
  readonly maxOutputTokens?: number
  /** Costs an encoding: the client's bytes are given up for the encoder's. */
  readonly conversation?: Conversation
  /** Single fields of the body, changed one after the other; all other bytes stay as they are. */
  readonly fields?: readonly FieldChange[]
  readonly identity?: Identity
  readonly alternatives?: number
  /**
   * Gives this attempt up when it aborts, be it before or after its reply has begun: the provider's connection is ended.
   * A reason that is an `UpstreamError` is what the attempt then fails with; after the first byte the client is told.
   */
  readonly signal?: AbortSignal
  /** With `signal`: when it will abort at the latest, so that nobody waits in vain. In the milliseconds of `Clock.now`. */
  readonly deadline?: number
}

/**
 * A change of one field of a call's body, in the format that the call is in now. The pointer (RFC 6901) leads through
 * objects only, not into arrays; those that are missing are made. The model and `stream` are not to be changed so.
 * The client gets a refusal where it sent something else than an object.
 */
export type FieldChange =
  /** `default` leaves a value that is there alone, `null` not being one. `json` is written as it is. */
  | { readonly pointer: string; readonly mode: 'default' | 'force'; readonly json: JsonText }
  | { readonly pointer: string; readonly mode: 'remove' }

/** What `Call.answer` can say, in no format yet. */
export type Answer =
  | { readonly text: string; readonly headers?: Headers }
  | { readonly events: AsyncIterable<ReplyEvent> | Iterable<ReplyEvent>; readonly headers?: Headers }
  | { readonly models: readonly ModelEntry[]; readonly headers?: Headers }
  | { readonly tokens: number; readonly estimated?: boolean; readonly headers?: Headers }

type Headers = Readonly<Record<string, string>>

/** One row of a model list. */
export interface ModelEntry {
  readonly id: string
  readonly displayName?: string
  readonly ownedBy?: string
  /** Unix time in seconds. */
  readonly created?: number
  readonly contextWindow?: number
  readonly maxOutputTokens?: number
}
