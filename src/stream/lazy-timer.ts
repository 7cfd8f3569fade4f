/**
 * One alarm that is asked for often and rings seldom. Moving the time forward costs nothing: the alarm rings where it
 * was set first, and its owner sets it anew after a look at what is really due.
 */
export class LazyTimer {
  readonly #ring: (now: number) => void
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY

  /** @param ring called with the time; asks for the next ring itself, if it wants one */
  constructor(ring: (now: number) => void) {
    this.#ring = ring
  }

  /** Makes sure that it rings at this time or before. @param at milliseconds of `performance.now()` */
  ringBy(at: number): void {
    if (at >= this.#at) return
    this.stop()
    this.#at = at
    // One more millisecond, because timers count whole ones and would ring just too early.
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, at - performance.now()) + 1)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#at = Number.POSITIVE_INFINITY
  }

  #fire(): void {
    this.#at = Number.POSITIVE_INFINITY
    this.#ring(performance.now())
  }
}
