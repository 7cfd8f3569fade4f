import type { Clock } from '../contract.ts'

/** Longest delay of a Node timer; anything longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The real time. */
export const clock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  sleep,
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
      Math.min(Math.max(0, ms), MAX_TIMER_MS),
    )
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
