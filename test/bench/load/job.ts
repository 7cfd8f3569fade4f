/** What the load client is asked for, and what it found. Both cross from one process to another. */
import type { Quantiles } from '../statistics.ts'

export interface Job {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Makes every call differ from all others. */
  readonly isUnique: boolean
  /** The answer is a stream with an end of its own. */
  readonly isStream: boolean
  /** Tokens that a whole answer has. */
  readonly tokens: number
  /** Tokens tell when they were sent. */
  readonly isTimed: boolean
  readonly manner: LoadManner
}

export type LoadManner =
  /** Each client sends its next call when it has its answer; until the time is over or so many calls are made. */
  | { readonly kind: 'closed'; readonly clients: number; readonly seconds: number; readonly calls: number }
  /** A call every so often, whatever becomes of those before. */
  | { readonly kind: 'rate'; readonly perSecond: number; readonly seconds: number }
  /** So many calls at once, begun one after another over some time. */
  | { readonly kind: 'held'; readonly streams: number; readonly rampSeconds: number }

export interface LoadResult {
  readonly done: number
  readonly broken: number
  /** How many of each kind of failure. */
  readonly failures: Readonly<Record<string, number>>
  /** The head and the beginning of the first answer that was broken. */
  readonly firstBroken: string
  readonly tokens: number
  readonly seconds: number
  /** Milliseconds until the whole answer was there. */
  readonly whole: Quantiles
  /** Milliseconds until the first token was there. */
  readonly first: Quantiles
  /** Milliseconds from when a token was sent until it was there; NaN where tokens are not timed. */
  readonly relay: Quantiles
}

/** How far a job has got. */
export interface Progress {
  readonly tokens: number
  /** Calls that have begun to be answered and have not ended. */
  readonly open: number
}
