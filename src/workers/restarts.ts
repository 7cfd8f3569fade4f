const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 30_000
/** A worker that has lived this long did not die of its start. */
const GOOD_LIFE_MS = 60_000
const MOST_IN_A_ROW = 10

/** When a worker that has died is started again: at once at first, later and later while it keeps dying young. */
export class Restarts {
  #inARow = 0

  /**
   * @param livedMs how long the worker lived
   * @returns how long to wait, in milliseconds; `undefined` when there have been enough of them
   */
  died(livedMs: number): number | undefined {
    if (livedMs >= GOOD_LIFE_MS) this.#inARow = 0
    if (++this.#inARow > MOST_IN_A_ROW) return undefined
    return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#inARow - 1))
  }
}
