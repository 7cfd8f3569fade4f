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
   * Takes no more calls and waits for those under way; after `timeoutMs` they are cut with an error that their clients
   * can read.
   * @returns how many had to be cut
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#stopping = true
    if (this.#lifetimes.size === 0) return 0
    const idle = new Promise<void>(resolve => {
      this.#idle = resolve
    })
    const timer = setTimeout(() => this.#cut(), timeoutMs)
    let cut = 0
    this.#onCut = count => {
      cut = count
    }
    await idle
    clearTimeout(timer)
    return cut
  }

  #onCut: (count: number) => void = () => {}

  #cut(): void {
    this.#onCut(this.#lifetimes.size)
    for (const lifetime of [...this.#lifetimes]) lifetime.abort(refusal('stopping', 'The gateway is shutting down.'))
  }
}
