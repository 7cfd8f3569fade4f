import type { Clock } from '../../src/contract.ts'

/** Real time, but every sleep takes a fiftieth of it: deadlines pass soon, and a turn of the event loop still counts. */
export const hurriedClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms / 50)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    }),
}
