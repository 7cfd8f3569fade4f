import type { Clock } from '../contract.ts'

export interface BreakerSettings {
  /** So many failures in a row open it. */
  readonly failures: number
  /** For how long it then lets nobody through; after that, one at a time until one succeeds. */
  readonly openMs: number
}

/** Keeps calls away from what has just failed several times, so that nobody waits for it in vain. */
export class Breaker {
  readonly #settings: BreakerSettings
  readonly #clock: Pick<Clock, 'now'>
  #failures = 0
  #openUntil = 0
  #probing = false

  constructor(settings: BreakerSettings, clock: Pick<Clock, 'now'>) {
    this.#settings = settings
    this.#clock = clock
  }

  /** Whether to try. Who is told yes says how it went, by `succeeded` or `failed`. */
  admits(): boolean {
    if (this.#failures < this.#settings.failures) return true
    if (this.#probing || this.#clock.now() < this.#openUntil) return false
    this.#probing = true
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#probing = false
  }

  failed(): void {
    this.#failures++
    this.#probing = false
    this.#openUntil = this.#clock.now() + this.#settings.openMs
  }
}
