import { asError } from './as-error.ts'
import type { Flow, Sink } from './flow.ts'

/** See `flowFromAsync`. */
export class PulledFlow<T> implements Flow<T> {
  readonly #items: AsyncIterable<T> | Iterable<T>
  #iterator: AsyncIterator<T> | Iterator<T> | undefined
  /** Present while the flow is paused. */
  #gate: PromiseWithResolvers<void> | undefined
  #over = false

  constructor(items: AsyncIterable<T> | Iterable<T>) {
    this.#items = items
  }

  start(sink: Sink<T>): void {
    if (!this.#over) void this.#pull(sink)
  }

  pause(): void {
    this.#gate ??= Promise.withResolvers()
  }

  resume(): void {
    this.#gate?.resolve()
    this.#gate = undefined
  }

  cancel(): void {
    if (this.#over) return
    this.#over = true
    this.resume()
    void this.#close()
  }

  async #pull(sink: Sink<T>): Promise<void> {
    try {
      while (await this.#next(sink)) {
        // Each round has pushed one item.
      }
    } catch (thrown) {
      if (!this.#over) sink.fail(asError(thrown))
      this.#over = true
    }
  }

  async #next(sink: Sink<T>): Promise<boolean> {
    while (this.#gate) await this.#gate.promise
    if (this.#over) return false
    this.#iterator ??= iteratorOf(this.#items)
    const step = await this.#iterator.next()
    if (this.#over) return false
    if (step.done !== true) {
      sink.item(step.value)
      return true
    }
    this.#over = true
    sink.end()
    return false
  }

  async #close(): Promise<void> {
    try {
      // Also when nothing was pulled yet: what stands behind the items may have to be let go.
      this.#iterator ??= iteratorOf(this.#items)
      await this.#iterator.return?.()
    } catch {
      // Nobody wants these items any more, so neither does anybody want to know why there are none.
    }
  }
}

function iteratorOf<T>(items: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
}
