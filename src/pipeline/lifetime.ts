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

  /** The call is over: nobody is to be told any more. */
  end(): void {
    this.#over = true
    this.#listeners.clear()
  }
}
