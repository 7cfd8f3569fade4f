import type { Clock } from '../../src/contract.ts'

interface Sleeper {
  readonly at: number
  wake(): void
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 1_000
  readonly #epoch: number
  #sleepers: Sleeper[] = []

  /** @param epoch what `date` says at the beginning */
  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch - this.#now
  }

  now(): number {
    return this.#now
  }

  date(): number {
    return this.#epoch + this.#now
  }

  /** How many sleep now. */
  get sleepers(): number {
    return this.#sleepers.length
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter(each => each !== sleeper)
        reject(signal?.reason)
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const sleeper = { at: this.#now + Math.max(0, ms), wake }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Moves time on and wakes sleepers in the order of their times; gives each the time that it waited for. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      await settled()
      const next = this.#sleepers.filter(each => each.at <= until).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#now = Math.max(this.#now, next.at)
      this.#sleepers = this.#sleepers.filter(each => each !== next)
      next.wake()
    }
    this.#now = until
    await settled()
  }
}

/** Lets everything run that waits for nothing but its turn. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
