/** A reply as processors see it; part of the contract (`contract.ts`). */
import type { Call, Format } from './call.ts'
import type { Loss } from './formats/losses.ts'
import type { ReplyEvent, Usage } from './formats/reply-events.ts'

type Headers = Readonly<Record<string, string>>

/** How a call ended: the answer was whole, it was not, or the client left before its end. */
export type Outcome = 'completed' | 'failed' | 'abandoned'

/** How far a reply has come on its way to the client. Changes as you look. */
export interface Progress {
  /** Events that have passed so far, heartbeats and the like not counted. */
  readonly events: number
  /** When the last of them passed, by `performance.now`; this very moment while the client holds the reply up. */
  readonly lastAt: number
  /** For how many milliseconds the client has held the reply up, or nobody had begun to read it. */
  readonly heldMs: number
}

/** What comes back. Immutable: `map`, `as` and `with` return another reply of the same exchange. */
export interface Reply {
  readonly status: number
  /** Headers for the client, names in lower case. */
  readonly headers: Headers
  readonly format: Format
  readonly stream: boolean
  /** The configured provider that gave it; empty where none was asked. */
  readonly provider: string
  /** How far it has come; for watching a stream without touching its bytes. */
  readonly progress: Progress
  /** The canonical view. Reading it takes the reply over: answer with `call.answer({ events })` then. */
  readonly events: AsyncIterable<ReplyEvent>
  /** Settles when the reply has ended, on every path; `undefined` when nobody told. Never rejects. */
  readonly usage: Promise<Usage | undefined>
  /**
   * US dollars, with `usage`; `undefined` when usage or price are not known, 0 when no provider was asked or the usage is
   * that of an earlier reply. Never rejects.
   */
  readonly cost: Promise<number | undefined>
  /** Settles when the last byte was handed over or nobody wants it any more. Never rejects. */
  readonly ended: Promise<Outcome>
  /** What conversions of this reply could not carry over; of a stream, what is known so far. */
  readonly losses: readonly Loss[]
  /** Changes each event on its way out; `undefined` or `[]` leaves it out. Must be synchronous and cheap. */
  map(change: (event: ReplyEvent) => ReplyEvent | readonly ReplyEvent[] | undefined): Reply
  /**
   * Shows each event as it passes, as `map` would see it, and leaves the reply's bytes as they are. Must be synchronous
   * and cheap. Like `map`, it may be shown a whole reply more than once, each time from its `start` on.
   */
  observe(see: (event: ReplyEvent) => void): Reply
  with(changes: { readonly headers?: Headers }): Reply
  /** The same reply in another format. */
  as(format: Format): Reply
  /** Gives the reply up: the upstream connection is ended. Done for you when you call `next` again. */
  cancel(): void
}

/** The rest of the chain. May be called again, with another call: that is a retry or a fallback. */
export type Next = (call: Call) => Promise<Reply>
