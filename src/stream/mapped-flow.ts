import { asError } from './as-error.ts'
import type { Flow, Sink, Stage } from './flow.ts'
import { Midway } from './midway.ts'

/** See `mapFlow`. */
export class MappedFlow<X, Y> implements Flow<Y>, Sink<X> {
  readonly #source: Flow<X>
  readonly #stage: Stage<X, Y>
  /** Absent before the start and after the end. */
  #sink: Sink<Y> | undefined

  constructor(source: Flow<X>, stage: Stage<X, Y>) {
    this.#source = source
    this.#stage = stage
  }

  start(sink: Sink<Y>): void {
    this.#sink = sink
    this.#source.start(this)
  }

  pause(): void {
    this.#source.pause()
  }

  resume(): void {
    this.#source.resume()
  }

  cancel(reason?: Error): void {
    this.#sink = undefined
    this.#source.cancel(reason)
  }

  item(item: X): void {
    if (!this.#sink) return
    try {
      this.#push(this.#stage.item(item))
    } catch (thrown) {
      this.#break(thrown)
    }
    if (!this.#stage.isOver) return
    this.#source.cancel()
    this.#finish()?.end()
  }

  end(): void {
    if (!this.#sink) return
    try {
      this.#push(this.#stage.end())
    } catch (thrown) {
      this.#break(thrown)
    }
    this.#finish()?.end()
  }

  fail(error: Error): void {
    if (!this.#sink) return
    try {
      const last = this.#stage.fail?.(error)
      if (last === undefined) {
        this.#finish()?.fail(error)
        return
      }
      this.#push(last)
    } catch (thrown) {
      this.#break(thrown)
    }
    this.#finish()?.end()
  }

  #push(items: readonly Y[]): void {
    // The sink may cancel in the middle.
    for (const item of items) this.#sink?.item(item)
  }

  #break(thrown: unknown): void {
    if (thrown instanceof Midway) this.#push(thrown.made as readonly Y[])
    const error = asError(thrown instanceof Midway ? thrown.cause : thrown)
    const sink = this.#finish()
    this.#source.cancel(error)
    sink?.fail(error)
  }

  #finish(): Sink<Y> | undefined {
    const sink = this.#sink
    this.#sink = undefined
    return sink
  }
}
