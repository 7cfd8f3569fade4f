import { refusal } from '../errors.ts'
import type { Lifetime } from '../pipeline/lifetime.ts'

/** The calls under way, so that stopping can wait for them and, at last, cut them. */
export class ActiveCalls {
  readonly #lifetimes = new Set<Lifetime>()
  #stopping = false
  #idle: (() => void) | undefined

  get count(): number {
    return this.#lifetimes.size
  }
  /** True once no new call is taken. */
  get stopping(): boolean {
    return this.#stopping
  }

  /** @returns ends the call's place here; call it once */
  add(lifetime: Lifetime): () => void {
    this.#lifetimes.add(lifetime)
    return () => {
      this.#lifetimes.delete(lifetime)
      if (this.#lifetimes.size === 0) this.#idle?.()
    }
  }

  /**
   * Takes no more calls and waits for those under way; after `timeoutMs` they are cut with an error, which their clients
   * have `graceMs` to take.
   * @returns how many had to be cut
   */
  async drain(timeoutMs: number, graceMs: number): Promise<number> {
    this.#stopping = true
    if (await this.#idleWithin(timeoutMs)) return 0
    const late = [...this.#lifetimes]
    for (const lifetime of late) lifetime.abort(refusal('stopping', 'The gateway is shutting down.'))
    await this.#idleWithin(graceMs)
    return late.length
  }

  /** @returns whether the last call ended in time */
  #idleWithin(ms: number): Promise<boolean> {
    if (this.#lifetimes.size === 0) return Promise.resolve(true)
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#idle = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }
}
