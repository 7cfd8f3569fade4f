/**
 * Every token of the simulated provider carries its number, `#0042`, and where pace matters also the moment it was sent,
 * `#0042@0011537399658` (microseconds). Nothing can be lost, doubled or moved on the way without being seen. Widths are
 * fixed, so that a token may be cut anywhere.
 */
const NUMBER_WIDTH = 4
const TIME_WIDTH = 13
export const MOST_TOKENS = 10 ** NUMBER_WIDTH

/** Microseconds of a clock that all processes of a machine share (CLOCK_MONOTONIC). */
export function monotonicMicros(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + Math.round(nanoseconds / 1e3)
}

/** @param sentAt microseconds; absent for tokens that nobody times */
export function token(number: number, sentAt?: number): string {
  const time = sentAt === undefined ? '' : `@${String(sentAt).padStart(TIME_WIDTH, '0')}`
  return `#${String(number).padStart(NUMBER_WIDTH, '0')}${time} `
}

/** The tokens of one answer as they come in. */
export class Sequence {
  /** How many have come. */
  count = 0
  isInOrder = true
  readonly #onToken: ((sentAt: number) => void) | undefined
  /** The beginning of a token of which the rest is still to come. */
  #rest = ''

  /** @param onToken told when each token was sent; absent where tokens are not timed */
  constructor(onToken?: (sentAt: number) => void) {
    this.#onToken = onToken
  }

  push(piece: string): void {
    const text = this.#rest === '' ? piece : this.#rest + piece
    this.#rest = ''
    const width = 1 + NUMBER_WIDTH + (this.#onToken === undefined ? 0 : 1 + TIME_WIDTH)
    for (let at = text.indexOf('#'); at >= 0; at = text.indexOf('#', at + width)) {
      if (at + width > text.length) {
        this.#rest = text.slice(at)
        return
      }
      const number = Number(text.slice(at + 1, at + 1 + NUMBER_WIDTH))
      this.#onToken?.(Number(text.slice(at + 2 + NUMBER_WIDTH, at + width)))
      if (number !== this.count) this.isInOrder = false
      this.count++
    }
  }
}
