import type { Clock } from '../contract.ts'

/** What somebody else was asked to do took too long. It may still be going on. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed'
}

/**
 * Waits for foreign code, but not for ever.
 *
 * @param work is begun here, so that it may also throw at once
 * @throws DeadlinePassed when `ms` milliseconds have passed first; else what `work` throws
 */
export async function within<T>(clock: Clock, ms: number, work: () => T | PromiseLike<T>): Promise<T> {
  const timer = new AbortController()
  try {
    const working = Promise.resolve(work())
    return await Promise.race([working, expiry(clock, ms, timer.signal)])
  } finally {
    timer.abort()
  }
}

async function expiry(clock: Clock, ms: number, signal: AbortSignal): Promise<never> {
  await clock.sleep(ms, signal)
  throw new DeadlinePassed(`not done within ${ms / 1000} s`)
}
