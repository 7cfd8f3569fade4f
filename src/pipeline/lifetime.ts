import { asError } from '../stream/as-error.ts'

/**
 * How long a call lives. Ends once: with the reason why, or quietly when the call is over.
 *
 * Most calls need no `AbortSignal`, and one costs more than all the rest of this; so it is made on first look, and the
 * engine itself listens with `onAbort`.
 */
export class Lifetime {
  #reason: Error | undefined
  #deadline: number | undefined
  #over = false
  #controller: AbortController | undefined
  #listeners: readonly ((reason: Error) => void)[] = NONE
  #cleanups: readonly (() => void)[] = NONE

  /** Why the call was given up; `undefined` while it lives and when it ended by itself. */
  get reason(): Error | undefined {
    return this.#reason
  }

  /** When its time will be up, in the milliseconds of `performance.now`. Known in advance; whoever sets it sees to it. */
  get deadline(): number | undefined {
    return this.#deadline
  }

  limitTo(deadline: number): void {
    this.#deadline = Math.min(deadline, this.#deadline ?? Number.POSITIVE_INFINITY)
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
    else if (!this.#over) this.#listeners = this.#listeners === NONE ? [listener] : [...this.#listeners, listener]
    return () => {
      if (this.#listeners !== NONE) this.#listeners = this.#listeners.filter(other => other !== listener)
    }
  }

  abort(reason: Error): void {
    if (this.#reason || this.#over) return
    this.#reason = reason
    const listeners = this.#listeners
    this.#listeners = NONE
    for (const listener of listeners) listener(reason)
    this.#controller?.abort(reason)
  }

  /** Calls `listener` when the call is over, however it ended; at once when it already is. */
  onEnd(listener: () => void): void {
    if (this.#over) listener()
    else this.#cleanups = [...this.#cleanups, listener]
  }

  /** A life within this one: it ends with it, and also when `signal` aborts. */
  within(signal: AbortSignal): Lifetime {
    const inner = new Lifetime()
    inner.#deadline = this.#deadline
    const giveUp = (): void => inner.abort(asError(signal.reason))
    signal.addEventListener('abort', giveUp, { once: true })
    this.onEnd(() => {
      signal.removeEventListener('abort', giveUp)
      inner.end()
    })
    this.onAbort(reason => inner.abort(reason))
    if (signal.aborted) giveUp()
    return inner
  }

  /** The call is over: nobody is to be told of a reason any more. */
  end(): void {
    this.#over = true
    this.#listeners = NONE
    const cleanups = this.#cleanups
    this.#cleanups = NONE
    for (const cleanup of cleanups) cleanup()
  }
}

/** Shared: a call has two listeners at most, and few have anything to clean up. */
const NONE: readonly never[] = []
