import type { Clock } from '../contract.ts'

/**
 * Time that stands still until it is put forward. Whoever sleeps puts it forward himself: `sleep` takes no real time,
 * and `slept` tells how long it would have been.
 */
export class ManualClock implements Clock {
  readonly slept: number[] = []
  readonly #epoch: number
  #now = 0

  /** @param date the date at the start, in milliseconds since 1970 */
  constructor(date = Date.UTC(2030, 0, 1)) {
    this.#epoch = date
  }

  now(): number {
    return this.#now
  }

  date(): number {
    return this.#epoch + this.#now
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.slept.push(ms)
    this.advance(ms)
    // A turn of the event loop, so that a loop of sleeps cannot keep everything else from running.
    await new Promise<void>(resolve => setImmediate(resolve))
    signal?.throwIfAborted()
  }

  advance(ms: number): void {
    this.#now += ms
  }
}
