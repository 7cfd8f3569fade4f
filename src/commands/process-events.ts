import type { Services } from '../services/services.ts'
import { asError } from '../stream/as-error.ts'

/** A processor that forgets a promise breaks no call; it is not to end everybody else's either. */
export function surviveStrayRejections({ log }: Services): void {
  process.on('unhandledRejection', reason => {
    log.error('a promise was rejected and nobody listened; some processor does not await it', {
      stack: asError(reason).stack,
    })
  })
}

/** What a signal ends: one gateway, or all its workers. */
export interface Stoppable {
  /** Lets calls finish. @returns how many were cut */
  stop(): Promise<number>
  /** Ends at once what would live on without this process. */
  kill(): void
}

/** The first signal drains; a second one ends the process at once. */
export function stopOnSignal(running: Stoppable, services: Services): void {
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) {
      running.kill()
      process.exit(1)
    }
    stopping = true
    services.log.info('stopping: no new calls; those under way may finish', { signal })
    void running.stop().then(async cut => {
      services.log.info('stopped', { cut })
      await services.close()
      process.exit(0)
    })
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
