import type { Reply } from '../contract.ts'
import type { Flow, Sink } from '../stream/flow.ts'
import type { Lifetime } from './lifetime.ts'

/**
 * A reply, or the reason why its call was given up, whichever comes first: nobody who does not heed the signal can hold
 * a call up. A reply that comes too late is let go.
 */
export function replyUnlessAborted<R extends Reply>(running: Promise<R>, lifetime: Lifetime): Promise<R> {
  return new Promise((resolve, reject) => {
    const unlisten = lifetime.onAbort(reason => {
      reject(reason)
      running.then(
        reply => reply.cancel(),
        () => {},
      )
    })
    running.then(
      reply => {
        unlisten()
        resolve(reply)
      },
      error => {
        unlisten()
        reject(error)
      },
    )
  })
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
