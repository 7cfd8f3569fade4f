import type { Flow, Sink } from '../../src/stream/flow.ts'

/** A flow that a test pushes by hand; records what its reader asked of it. */
export class ManualFlow<T> implements Flow<T> {
  sink: Sink<T> | undefined
  paused = false
  cancelled = false
  reason: Error | undefined
  /** How often it was paused. */
  pauses = 0
  /** Called on every `resume`, before it returns. */
  onResume: () => void = () => {}
  readonly #cancel = Promise.withResolvers<void>()
  /** Resolves when the reader has cancelled. */
  readonly cancellation = this.#cancel.promise

  start(sink: Sink<T>): void {
    this.sink = sink
  }

  pause(): void {
    this.paused = true
    this.pauses++
  }

  resume(): void {
    this.paused = false
    this.onResume()
  }

  cancel(reason?: Error): void {
    this.cancelled = true
    this.reason = reason
    this.#cancel.resolve()
  }

  push(...items: readonly T[]): void {
    for (const item of items) this.sink?.item(item)
  }

  end(): void {
    this.sink?.end()
  }

  fail(error: Error): void {
    this.sink?.fail(error)
  }
}

/** Writes down what a flow pushes. */
export class Recorder<T> implements Sink<T> {
  readonly items: T[] = []
  readonly ends: (Error | 'end')[] = []

  item(item: T): void {
    this.items.push(item)
  }

  end(): void {
    this.ends.push('end')
  }

  fail(error: Error): void {
    this.ends.push(error)
  }
}
