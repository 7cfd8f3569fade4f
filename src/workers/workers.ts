/** All workers of a gateway: started, started again when they die, asked for their metrics, and stopped. */
import cluster from 'node:cluster'
import type { Log } from '../contract.ts'
import type { StoreDriver } from '../services/store-driver.ts'
import { SummedMetrics } from '../services/summed-metrics.ts'
import type { ToPrimary } from './questions.ts'
import { Restarts } from './restarts.ts'
import { operate } from './shared-memory.ts'
import { Worker } from './worker.ts'

export interface WorkersParts {
  readonly count: number
  readonly log: Log
  /** What the workers share where no other store is configured. */
  readonly store: StoreDriver
  /** A worker keeps dying; there is no use in going on. */
  onHopeless(): void
}

/** Time for a worker to close everything after its last call. */
const CLOSE_MS = 15_000

export class Workers {
  readonly #parts: WorkersParts
  readonly #metrics = new SummedMetrics()
  readonly #alive = new Set<Worker>()
  /** The first worker has listened: those that die from now on are replaced. */
  #isUp = false
  #stopping = false

  constructor(parts: WorkersParts) {
    this.#parts = parts
    // Structured clones: waits may be infinite, which JSON cannot say.
    cluster.setupPrimary({ serialization: 'advanced' })
  }

  /**
   * Starts them: the first alone, so that what keeps all of them from listening is said once.
   * @returns the address when all of them listen, or the exit code of the first one if it has ended
   */
  async start(): Promise<{ readonly url: string } | { readonly code: number }> {
    const first = this.#start(1, new Restarts())
    const url = await first.ready
    if (url === undefined) {
      const code = await first.ended
      return { code: typeof code === 'number' ? code : 1 }
    }
    this.#isUp = true
    const others = Array.from({ length: this.#parts.count - 1 }, (_, index) => this.#start(index + 2, new Restarts()))
    await Promise.all(others.map(other => other.ready))
    return { url }
  }

  /** Drains all of them. @returns how many calls were cut */
  async stop(drainTimeoutMs: number): Promise<number> {
    this.#stopping = true
    const cut = await Promise.all([...this.#alive].map(worker => worker.stop(drainTimeoutMs + CLOSE_MS)))
    return cut.reduce((sum, each) => sum + each, 0)
  }

  /** Ends all of them at once. */
  kill(): void {
    this.#stopping = true
    for (const worker of this.#alive) worker.kill()
  }

  #start(place: number, restarts: Restarts): Worker {
    const worker = new Worker({ place, answer: question => this.#answer(question) })
    this.#alive.add(worker)
    const { pid } = worker
    void worker.ready.then(
      url => url !== undefined && this.#parts.log.debug('a worker listens', { worker: place, pid }),
    )
    void worker.ended.then(code => this.#bury(worker, code, restarts))
    return worker
  }

  async #bury(worker: Worker, code: number | string, restarts: Restarts): Promise<void> {
    this.#alive.delete(worker)
    await this.#metrics.left(worker.id)
    const { place, pid, bornAt } = worker
    if (this.#stopping || !this.#isUp) return
    const waitMs = restarts.died(performance.now() - bornAt)
    if (waitMs === undefined) {
      this.#parts.log.error('a worker keeps dying; the gateway gives up', { worker: place, code })
      this.#parts.onHopeless()
      return
    }
    this.#parts.log.error('a worker has died; another one takes its place', { worker: place, pid, code, waitMs })
    setTimeout(() => this.#stopping || this.#start(place, restarts), waitMs)
  }

  #answer(question: Exclude<ToPrimary, { readonly kind: 'ready' }>): unknown {
    if (question.kind === 'metrics') return this.#page()
    return operate(this.#parts.store, question.operation, question.parameters)
  }

  async #page(): Promise<string> {
    await Promise.all(
      [...this.#alive].map(async worker => {
        const snapshot = await worker.snapshot()
        if (snapshot && this.#alive.has(worker)) this.#metrics.seen(worker.id, snapshot)
      }),
    )
    return this.#metrics.render()
  }
}
