import type { Flow, Sink } from './flow.ts'

/** Items that may wait for the reader before the flow is paused. */
const MAX_WAITING = 64

/** See `iterate`. */
export class FlowReader<T> implements AsyncIterator<T>, Sink<T> {
  readonly #flow: Flow<T>
  readonly #waiting: T[] = []
  readonly #readers: PromiseWithResolvers<IteratorResult<T>>[] = []
  #started = false
  #paused = false
  #over = false
  #error: Error | undefined

  constructor(flow: Flow<T>) {
    this.#flow = flow
  }

  next(): Promise<IteratorResult<T>> {
    if (!this.#started) this.#start()
    if (this.#waiting.length > 0) return Promise.resolve({ done: false, value: this.#take() })
    if (this.#error) return Promise.reject(this.#takeError())
    if (this.#over) return Promise.resolve({ done: true, value: undefined })
    const reader = Promise.withResolvers<IteratorResult<T>>()
    this.#readers.push(reader)
    return reader.promise
  }

  return(): Promise<IteratorResult<T>> {
    this.#waiting.length = 0
    this.#error = undefined
    this.#flow.cancel()
    this.#started = true
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  item(item: T): void {
    const reader = this.#readers.shift()
    if (reader) {
      reader.resolve({ done: false, value: item })
      return
    }
    this.#waiting.push(item)
    if (this.#waiting.length < MAX_WAITING || this.#paused) return
    this.#paused = true
    this.#flow.pause()
  }

  end(): void {
    this.#over = true
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined })
  }

  fail(error: Error): void {
    // The first reader hears of the failure; for those behind it there is simply nothing more.
    const reader = this.#readers.shift()
    if (reader) reader.reject(error)
    else this.#error = error
    this.end()
  }

  #start(): void {
    this.#started = true
    this.#flow.start(this)
  }

  #take(): T {
    const item = this.#waiting.shift() as T
    if (this.#paused && this.#waiting.length < MAX_WAITING / 2) {
      this.#paused = false
      this.#flow.resume()
    }
    return item
  }

  #takeError(): Error | undefined {
    const error = this.#error
    this.#error = undefined
    return error
  }
}
