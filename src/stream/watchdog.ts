/** How late a deadline may be noticed, in ms. */
const SWEEP_MS = 50

let sweeping: NodeJS.Timeout | undefined

/**
 * Something that must be over by a certain time, and nearly always is. One timer serves all of them, and they form a
 * list by themselves: a timer for each step of each call, or a `Set` of them, would cost more than most steps do.
 */
export abstract class Watched {
  static #first: Watched | undefined
  #isWatched = false
  #before: Watched | undefined
  #after: Watched | undefined

  /** By the clock of `performance.now()`. */
  abstract readonly dueAt: number
  abstract expire(): void

  watch(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    this.#after = Watched.#first
    if (this.#after) this.#after.#before = this
    Watched.#first = this
    sweeping ??= setInterval(() => Watched.#sweep(), SWEEP_MS)
  }

  /** It is over, or need not be any more. */
  unwatch(): void {
    if (!this.#isWatched) return
    this.#isWatched = false
    if (this.#before) this.#before.#after = this.#after
    else Watched.#first = this.#after
    if (this.#after) this.#after.#before = this.#before
    this.#before = undefined
    this.#after = undefined
  }

  static #sweep(): void {
    const now = performance.now()
    for (const one of Watched.#late(now)) {
      // The end of one may be the end of another.
      if (!one.#isWatched) continue
      one.unwatch()
      one.expire()
    }
    if (Watched.#first) return
    clearInterval(sweeping)
    sweeping = undefined
  }

  static #late(now: number): readonly Watched[] {
    const late: Watched[] = []
    for (let one = Watched.#first; one; one = one.#after) if (one.dueAt <= now) late.push(one)
    return late
  }
}
