/** One worker as its primary sees it. */
import cluster, { type Worker as Process } from 'node:cluster'
import { Line } from './line.ts'
import type { Snapshot, ToPrimary, ToWorker } from './questions.ts'

/** A worker that is too busy to tell its metrics is counted as it was last seen. */
const SNAPSHOT_TIMEOUT_MS = 2000
/** The variable that tells a process that it is a worker, and which. */
export const WORKER_VARIABLE = 'SLUICE_WORKER'

export interface WorkerParts {
  /** From 1; the same for the worker that takes the place of a dead one. */
  readonly place: number
  answer(question: Exclude<ToPrimary, { readonly kind: 'ready' }>): unknown
}

export class Worker {
  readonly place: number
  /** No other worker ever has it. */
  readonly id: number
  readonly pid: number | undefined
  readonly bornAt = performance.now()
  /** Settles when it listens: the address; `undefined` when it has ended before. */
  readonly ready: Promise<string | undefined>
  /** Settles when it has ended: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  readonly #process: Process
  readonly #line: Line<ToWorker, ToPrimary>
  #isReady = false

  constructor({ place, answer }: WorkerParts) {
    this.place = place
    this.#process = cluster.fork({ [WORKER_VARIABLE]: String(place) })
    this.id = this.#process.id
    this.pid = this.#process.process.pid
    const ready = Promise.withResolvers<string | undefined>()
    const ended = Promise.withResolvers<number | string>()
    this.ready = ready.promise
    this.ended = ended.promise
    this.#line = new Line<ToWorker, ToPrimary>(this.#process, question => {
      if (question.kind !== 'ready') return answer(question)
      this.#isReady = true
      ready.resolve(question.url)
      return undefined
    })
    this.#process.on('error', () => {})
    this.#process.once('exit', (code, signal) => {
      this.#line.hangUp()
      ready.resolve(undefined)
      ended.resolve(signal ?? code)
    })
  }

  /** Its metrics; `undefined` when it does not tell them. */
  async snapshot(): Promise<Snapshot | undefined> {
    if (!this.#isReady) return undefined
    try {
      return (await this.#line.ask({ kind: 'snapshot' }, SNAPSHOT_TIMEOUT_MS)) as Snapshot
    } catch {
      return undefined
    }
  }

  /** Lets it finish its calls, and ends it. @returns how many calls were cut */
  async stop(timeoutMs: number): Promise<number> {
    if (!this.#isReady) {
      this.kill()
      await this.ended
      return 0
    }
    const cut = await this.#line.ask({ kind: 'stop' }, timeoutMs).catch(() => undefined)
    if (cut === undefined) this.kill()
    await this.ended
    return Number(cut ?? 0)
  }

  kill(): void {
    this.#process.process.kill('SIGKILL')
  }
}
