import { refusal } from '../errors.ts'
import type { Lifetime } from '../pipeline/lifetime.ts'
import { Listed, Roster } from '../stream/roster.ts'

/** A call that is under way. */
class ActiveCall extends Listed {
  readonly lifetime: Lifetime

  constructor(lifetime: Lifetime) {
    super()
    this.lifetime = lifetime
  }
}

/** The calls under way, so that stopping can wait for them and, at last, cut them. */
export class ActiveCalls {
  readonly #calls = new Roster<ActiveCall>()
  #count = 0
  #stopping = false
  #idle: (() => void) | undefined

  get count(): number {
    return this.#count
  }
  /** True once no new call is taken. */
  get stopping(): boolean {
    return this.#stopping
  }

  /** @returns ends the call's place here; call it once */
  add(lifetime: Lifetime): () => void {
    const call = new ActiveCall(lifetime)
    call.enter(this.#calls)
    this.#count++
    return () => {
      call.leave()
      this.#count--
      if (this.#count === 0) this.#idle?.()
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
    const late = this.#calls.all()
    for (const { lifetime } of late) lifetime.abort(refusal('stopping', 'The gateway is shutting down.'))
    await this.#idleWithin(graceMs)
    return late.length
  }

  /** @returns whether the last call ended in time */
  #idleWithin(ms: number): Promise<boolean> {
    if (this.#count === 0) return Promise.resolve(true)
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#idle = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }
}
