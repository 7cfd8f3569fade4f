import type { Progress } from '../contract.ts'
import type { Flow, Sink } from '../stream/flow.ts'

/** Counts how far a reply has come. The time in which the client holds it up is not the provider's. */
export class Meter implements Progress {
  #events = 0
  #lastAt = performance.now()
  /** Until somebody begins to read, nothing can come. */
  #heldSince: number | undefined = this.#lastAt
  #heldMs = 0
  #isOver = false

  get events(): number {
    return this.#events
  }
  get lastAt(): number {
    return this.#heldSince === undefined ? this.#lastAt : performance.now()
  }
  get heldMs(): number {
    return this.#heldMs + (this.#heldSince === undefined ? 0 : performance.now() - this.#heldSince)
  }

  count(events = 1): void {
    this.#events += events
    this.#lastAt = performance.now()
  }

  hold(): void {
    this.#heldSince ??= performance.now()
  }

  /** Nothing more is to come: from now on only the client is waited for. */
  end(): void {
    this.hold()
    this.#isOver = true
  }

  release(): void {
    if (this.#heldSince === undefined || this.#isOver) return
    this.#lastAt = performance.now()
    this.#heldMs += this.#lastAt - this.#heldSince
    this.#heldSince = undefined
  }
}

/** Tells the meter when somebody reads the flow, and when he holds it up. */
export function metered<T>(flow: Flow<T>, meter: Meter): Flow<T> {
  return {
    start(sink: Sink<T>) {
      meter.release()
      flow.start(sink)
    },
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
