import { Watched } from '../stream/watchdog.ts'

/** Longest times in ms. */
export interface Timeouts {
  readonly connect: number
  /** From sending a request for a stream to its first event with content. */
  readonly firstToken: number
  /** Between two pieces of an answer. */
  readonly idle: number
  /** From sending to the end of the answer. */
  readonly total: number
}

export type Expired = 'first_token_timeout' | 'idle_timeout' | 'total_timeout'

/**
 * Watches one answer. It has no timer of its own: one serves all that is watched, and a piece that arrives only moves a
 * deadline on.
 *
 * undici's own timers are coarse (reliability.md, fact 7) and know nothing of first tokens.
 */
export class Deadlines extends Watched {
  readonly #timeouts: Timeouts
  readonly #expire: (which: Expired) => void
  readonly #startedAt = performance.now()
  #lastAt = this.#startedAt
  #waitingForFirst: boolean
  /** A whole answer is silent until it begins; only then does `idle` count. */
  #begun = false
  #held = false
  #hurried: number | undefined
  #stopped = false

  /** @param stream a whole answer has no first token: it may take its time until `total` */
  constructor(timeouts: Timeouts, stream: boolean, expire: (which: Expired) => void) {
    super()
    this.#timeouts = timeouts
    this.#waitingForFirst = stream
    this.#expire = expire
    this.watch()
  }

  /** A piece arrived. */
  touch(): void {
    this.#lastAt = performance.now()
    this.#begun = true
  }

  /** The first event with content arrived. */
  firstToken(): void {
    this.#waitingForFirst = false
    this.#begun = true
    this.#lastAt = performance.now()
  }

  /** All that matters has come: what may follow need not be waited for as long. */
  hurry(ms: number): void {
    this.#hurried = Math.min(ms, this.#timeouts.idle)
    this.#lastAt = performance.now()
  }

  /** The client takes its time: silence is not the provider's fault. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#lastAt = performance.now()
  }

  stop(): void {
    this.#stopped = true
    this.unwatch()
  }

  override get dueAt(): number {
    return this.#next().at
  }

  /** The event loop may have stalled while pieces wait to be read: they have their turn before it is judged. */
  override expire(): void {
    setImmediate(() => {
      if (this.#stopped) return
      const { which, at } = this.#next()
      if (at <= performance.now()) this.#expire(which)
      else this.watch()
    })
  }

  /** What expires next, and when. */
  #next(): { readonly which: Expired; readonly at: number } {
    const total = { which: 'total_timeout', at: this.#startedAt + this.#timeouts.total } as const
    const next = this.#held ? undefined : this.#silence()
    return next && next.at < total.at ? next : total
  }

  /** How long nothing may come. */
  #silence(): { readonly which: Expired; readonly at: number } | undefined {
    const { firstToken, idle } = this.#timeouts
    if (this.#waitingForFirst) return { which: 'first_token_timeout', at: this.#startedAt + firstToken }
    return this.#begun ? { which: 'idle_timeout', at: this.#lastAt + (this.#hurried ?? idle) } : undefined
  }
}
