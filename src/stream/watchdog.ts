import { Listed, Roster } from './roster.ts'

/** How late a deadline may be noticed, in ms. */
const SWEEP_MS = 50

let sweeping: NodeJS.Timeout | undefined

/**
 * Something that must be over by a certain time, and nearly always is. One timer serves all of them: a timer for each step
 * of each call would cost more than most steps do.
 */
export abstract class Watched extends Listed {
  /** By the clock of `performance.now()`. */
  abstract readonly dueAt: number
  abstract expire(): void

  watch(): void {
    if (this.isListed) return
    this.enter(watched)
    sweeping ??= setInterval(sweep, SWEEP_MS)
  }

  /** It is over, or need not be any more. */
  unwatch(): void {
    this.leave()
  }
}

const watched = new Roster<Watched>()

function sweep(): void {
  const now = performance.now()
  for (const one of watched.all()) {
    // The end of one may be the end of another.
    if (one.dueAt > now || !one.isListed) continue
    one.unwatch()
    one.expire()
  }
  if (!watched.isEmpty) return
  clearInterval(sweeping)
  sweeping = undefined
}
