import type { Flow, Sink } from '../stream/flow.ts'
import type { Lifetime } from './lifetime.ts'
import type { EngineReply } from './reply.ts'
import type { Waiting } from './step.ts'

/**
 * Waits for a reply, or for the reason why its call was given up, whichever comes first: nobody who does not heed the
 * signal can hold a call up. A reply that comes too late is let go.
 */
export class WaitingUnlessAborted implements Waiting {
  readonly #resolve: (reply: EngineReply) => void
  readonly #reject: (error: unknown) => void
  #unlisten = (): void => {}
  #isOver = false

  constructor(lifetime: Lifetime, resolve: (reply: EngineReply) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve
    this.#reject = reject
    this.#unlisten = lifetime.onAbort(reason => this.failed(reason))
  }

  took(reply: EngineReply): void {
    if (this.#ends()) this.#resolve(reply)
    else reply.cancel()
  }

  failed(error: unknown): void {
    if (this.#ends()) this.#reject(error)
  }

  /** @returns whether this is the first end */
  #ends(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#unlisten()
    return true
  }
}

/** A flow that fails when the call is given up, also if what it comes from goes on. */
export function flowUnlessAborted<T>(flow: Flow<T>, lifetime: Lifetime): Flow<T> {
  return {
    start(sink) {
      let over = false
      const finish = (tell: () => void): void => {
        if (over) return
        over = true
        unlisten()
        tell()
      }
      const guarded: Sink<T> = {
        item: item => {
          if (!over) sink.item(item)
        },
        end: () => finish(() => sink.end()),
        fail: error => finish(() => sink.fail(error)),
      }
      let unlisten = (): void => {}
      unlisten = lifetime.onAbort(reason =>
        finish(() => {
          flow.cancel(reason)
          sink.fail(reason)
        }),
      )
      if (!over) flow.start(guarded)
    },
    pause: () => flow.pause(),
    resume: () => flow.resume(),
    cancel: reason => flow.cancel(reason),
  }
}
