/**
 * How long a call lives. Ends once: with the reason why, or quietly when the call is over.
 *
 * Most calls need no `AbortSignal`, and one costs more than all the rest of this; so it is made on first look, and the
 * engine itself listens with `onAbort`.
 */
export class Lifetime {
  #reason: Error | undefined
  #over = false
  #controller: AbortController | undefined
  readonly #listeners = new Set<(reason: Error) => void>()
  #cleanups: readonly (() => void)[] = NONE

  /** Why the call was given up; `undefined` while it lives and when it ended by itself. */
  get reason(): Error | undefined {
    return this.#reason
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#reason) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Calls `listener` when the call is given up; at once when it already was. @returns takes the listener off again */
  onAbort(listener: (reason: Error) => void): () => void {
    if (this.#reason) listener(this.#reason)
    else if (!this.#over) this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  abort(reason: Error): void {
    if (this.#reason || this.#over) return
    this.#reason = reason
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener(reason)
    this.#controller?.abort(reason)
  }

  /** Calls `listener` when the call is over, however it ended; at once when it already is. */
  onEnd(listener: () => void): void {
    if (this.#over) listener()
    else this.#cleanups = [...this.#cleanups, listener]
  }

  /** The call is over: nobody is to be told of a reason any more. */
  end(): void {
    this.#over = true
    this.#listeners.clear()
    const cleanups = this.#cleanups
    this.#cleanups = NONE
    for (const cleanup of cleanups) cleanup()
  }
}

/** Shared: few calls have anything to clean up. */
const NONE: readonly (() => void)[] = []
