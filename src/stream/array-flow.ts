import type { Flow, Sink } from './flow.ts'

/** See `flowOf`. */
export class ArrayFlow<T> implements Flow<T> {
  readonly #items: readonly T[]
  #sink: Sink<T> | undefined
  #at = 0
  #paused = false
  #pushing = false

  constructor(items: readonly T[]) {
    this.#items = items
  }

  start(sink: Sink<T>): void {
    this.#sink = sink
    this.#push()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#push()
  }

  cancel(): void {
    this.#sink = undefined
    this.#at = Number.POSITIVE_INFINITY
  }

  #push(): void {
    // A sink may resume from within `item`: the loop that is running goes on then.
    if (this.#pushing) return
    this.#pushing = true
    while (!this.#paused && this.#at < this.#items.length) this.#sink?.item(this.#items[this.#at++] as T)
    this.#pushing = false
    if (this.#at !== this.#items.length || this.#paused) return
    const sink = this.#sink
    this.cancel()
    sink?.end()
  }
}
