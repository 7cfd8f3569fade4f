import type { Clock } from './tools.ts'

/** Ends a flight. @param thing what it has brought, if anything @param kept settles when others can find it themselves */
export type Landing<T> = (thing?: T, kept?: Promise<void>) => Promise<void>

/** Of several in this process that want the same thing at a time, one flies out to get it, and the others wait for it. */
export class Flights<T> {
  readonly #clock: Pick<Clock, 'now' | 'sleep'>
  readonly #waitMs: number
  readonly #underWay = new Map<string, Promise<T | undefined>>()

  /** @param waitMs how long anybody waits for others */
  constructor(clock: Pick<Clock, 'now' | 'sleep'>, waitMs: number) {
    this.#clock = clock
    this.#waitMs = waitMs
  }

  /**
   * What can be found, or is brought by somebody else in time; or else the landing of a flight of one's own.
   * @throws the signal's reason when it aborts first
   */
  async findOrTakeOff(
    key: string,
    find: () => Promise<T | undefined>,
    signal: AbortSignal,
  ): Promise<{ readonly found: T } | { readonly land: Landing<T> }> {
    for (const until = this.#clock.now() + this.#waitMs; ; ) {
      const [flight, waitMs] = [this.#underWay.get(key), until - this.#clock.now()]
      const isWaiting = flight !== undefined && waitMs > 0
      const found = await (isWaiting ? this.#landed(flight, waitMs, signal) : find())
      if (found !== undefined) return { found }
      const isFree = waitMs <= 0 || !this.#underWay.has(key)
      if (!isWaiting && isFree) return { land: this.takeOff(key) }
    }
  }

  async #landed(flight: Promise<T | undefined>, waitMs: number, signal: AbortSignal): Promise<T | undefined> {
    const over = new AbortController()
    const sleep = this.#clock.sleep(waitMs, AbortSignal.any([signal, over.signal]))
    try {
      return await Promise.race([flight, sleep.then(() => undefined)])
    } finally {
      over.abort()
    }
  }

  /** Has others wait, whoever else is under way. */
  takeOff(key: string): Landing<T> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>()
    this.#underWay.set(key, promise)
    return async (thing, kept) => {
      resolve(thing)
      // Whoever comes before it is kept gets it from the flight.
      await kept
      if (this.#underWay.get(key) === promise) this.#underWay.delete(key)
    }
  }
}
