/**
 * Puts work off to the end of the event loop's turn, when everything that came in with it has been handled. A write to a
 * socket wakes its reader, and waking costs more than writing: readers that are woken one after the other are still awake
 * for the next one. And what many calls do next, they do cheaper one after the other, while its code is at hand
 * (docs/decisions/).
 *
 * @param task must not throw; what it throws all the same does not keep the others from running
 */
export function atEndOfTurn(task: () => void): void {
  if (waiting.push(task) === 1) setImmediate(flush)
}

let waiting: (() => void)[] = []

function flush(): void {
  const tasks = waiting
  waiting = []
  for (const task of tasks) {
    try {
      task()
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
