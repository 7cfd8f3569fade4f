/** Something that must be over by a certain time. */
export interface Watched {
  /** By the clock of `performance.now()`. */
  readonly dueAt: number
  expire(): void
}

/** How late a deadline may be noticed, in ms. */
const SWEEP_MS = 50

const watched = new Set<Watched>()
let sweeping: NodeJS.Timeout | undefined

/**
 * Watches a deadline that is nearly always met. One timer serves all of them: a timer for each step of each call would
 * cost more than most steps do.
 */
export function watch(one: Watched): void {
  watched.add(one)
  sweeping ??= setInterval(sweep, SWEEP_MS)
}

/** It is over, or need not be any more. */
export function unwatch(one: Watched): void {
  watched.delete(one)
}

function sweep(): void {
  const now = performance.now()
  for (const one of [...watched]) {
    if (one.dueAt > now) continue
    watched.delete(one)
    one.expire()
  }
  if (watched.size > 0) return
  clearInterval(sweeping)
  sweeping = undefined
}
