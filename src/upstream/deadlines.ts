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
 * Watches one answer with a single timer, which is set anew when it fires and when another deadline begins to count: a
 * piece that arrives costs no timer.
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
  #hurried: number | undefined
  #stopped = false
  #timer: NodeJS.Timeout | undefined
  #firesAt = Number.POSITIVE_INFINITY

  /** @param stream a whole answer has no first token: it may take its time until `total` */
  constructor(timeouts: Timeouts, stream: boolean, expire: (which: Expired) => void) {
    this.#timeouts = timeouts
    this.#waitingForFirst = stream
    this.#expire = expire
    this.#arm()
  }

  /** A piece arrived. */
  touch(): void {
    this.#lastAt = performance.now()
    if (this.#begun) return
    this.#begun = true
    this.#arm()
  }

  /** The first event with content arrived. */
  firstToken(): void {
    this.#waitingForFirst = false
    this.#begun = true
    this.#lastAt = performance.now()
    this.#arm()
  }

  /** All that matters has come: what may follow need not be waited for as long. */
  hurry(ms: number): void {
    this.#hurried = Math.min(ms, this.#timeouts.idle)
    this.#lastAt = performance.now()
    this.#arm()
  }

  /** The client takes its time: silence is not the provider's fault. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#lastAt = performance.now()
    this.#arm()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Sets the timer, unless it fires early enough already. */
  #arm(): void {
    if (this.#stopped) return
    const { ms } = this.#next()
    const firesAt = performance.now() + ms
    if (firesAt >= this.#firesAt) return
    clearTimeout(this.#timer)
    this.#firesAt = firesAt
    // Node takes a longer time than this for 1 ms.
    this.#timer = setTimeout(() => this.#fired(), Math.min(Math.max(1, Math.ceil(ms)), 2 ** 31 - 1))
  }

  /** The event loop may have stalled while pieces wait to be read: look again after they had their turn. */
  #fired(): void {
    this.#firesAt = Number.POSITIVE_INFINITY
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
        ? { which: 'idle_timeout' as const, ms: this.#lastAt + (this.#hurried ?? this.#timeouts.idle) - now }
        : total
    return soonest.ms < total.ms ? soonest : total
  }
}
