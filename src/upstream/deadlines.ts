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
 * Watches one answer with a single timer, which is set anew only when it fires: a piece that arrives costs no timer.
 *
 * undici's own timers are coarse (reliability.md, fact 7) and know nothing of first tokens.
 */
export class Deadlines {
  readonly #timeouts: Timeouts
  readonly #expire: (which: Expired) => void
  readonly #startedAt = performance.now()
  #lastAt = this.#startedAt
  #waitingForFirst: boolean
  /** A whole answer is silent until it begins; only then does `idle` count. */
  #begun = false
  #held = false
  #stopped = false
  #timer: NodeJS.Timeout | undefined

  /** @param stream a whole answer has no first token: it may take its time until `total` */
  constructor(timeouts: Timeouts, stream: boolean, expire: (which: Expired) => void) {
    this.#timeouts = timeouts
    this.#waitingForFirst = stream
    this.#expire = expire
    this.#arm()
  }

  /** A piece arrived. */
  touch(): void {
    this.#begun = true
    this.#lastAt = performance.now()
  }

  /** The first event with content arrived. */
  firstToken(): void {
    this.#waitingForFirst = false
    this.touch()
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
    clearTimeout(this.#timer)
  }

  #arm(): void {
    const { ms } = this.#next()
    // Node takes a longer time than this for 1 ms.
    this.#timer = setTimeout(() => this.#fired(), Math.min(Math.max(1, Math.ceil(ms)), 2 ** 31 - 1))
  }

  /** The event loop may have stalled while pieces wait to be read: look again after they had their turn. */
  #fired(): void {
    setImmediate(() => {
      if (this.#stopped) return
      const { which, ms } = this.#next()
      if (ms <= 0) this.#expire(which)
      else this.#arm()
    })
  }

  /** What expires next, and in how long. */
  #next(): { which: Expired; ms: number } {
    const now = performance.now()
    const total = { which: 'total_timeout' as const, ms: this.#startedAt + this.#timeouts.total - now }
    if (this.#held) return total
    const soonest = this.#waitingForFirst
      ? { which: 'first_token_timeout' as const, ms: this.#startedAt + this.#timeouts.firstToken - now }
      : this.#begun
        ? { which: 'idle_timeout' as const, ms: this.#lastAt + this.#timeouts.idle - now }
        : total
    return soonest.ms < total.ms ? soonest : total
  }
}
