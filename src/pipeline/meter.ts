import type { Progress } from '../contract.ts'
import type { Flow, Sink } from '../stream/flow.ts'

/** Counts how far a reply has come. The time in which the client holds it up is not the provider's. */
export class Meter implements Progress {
  #events = 0
  #lastAt = performance.now()
  #heldSince: number | undefined
  #heldMs = 0

  get events(): number {
    return this.#events
  }
  get lastAt(): number {
    return this.#heldSince === undefined ? this.#lastAt : performance.now()
  }
  get heldMs(): number {
    return this.#heldMs + (this.#heldSince === undefined ? 0 : performance.now() - this.#heldSince)
  }

  count(): void {
    this.#events++
    this.#lastAt = performance.now()
  }

  hold(): void {
    this.#heldSince ??= performance.now()
  }

  release(): void {
    if (this.#heldSince === undefined) return
    this.#lastAt = performance.now()
    this.#heldMs += this.#lastAt - this.#heldSince
    this.#heldSince = undefined
  }
}

/** Tells the meter when whoever reads the flow holds it up. */
export function metered<T>(flow: Flow<T>, meter: Meter): Flow<T> {
  return {
    start: (sink: Sink<T>) => flow.start(sink),
    pause() {
      meter.hold()
      flow.pause()
    },
    resume() {
      meter.release()
      flow.resume()
    },
    cancel: reason => flow.cancel(reason),
  }
}
