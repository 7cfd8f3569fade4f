/**
 * A shared store, and what stands in for it while it is out of reach: a local one, in which each of several instances has
 * its share of every limit. No call fails, and none waits for long, because of the shared store.
 */
import type { Bucket, Clock, Demand, TakeResult, TextBounds } from '../contract.ts'
import { Breaker } from './breaker.ts'
import { isSlots } from './demands.ts'
import { type StoreDriver, StoreOutage } from './store-driver.ts'

export interface StandingInParts {
  readonly shared: StoreDriver
  readonly local: StoreDriver
  /** How many instances share it, this one included. */
  readonly instances: number
  readonly clock: Pick<Clock, 'now'>
  /** Told of everything that was decided without the shared store. */
  readonly onFallback: (operation: StoreOperation) => void
  /** Told when the shared store goes out of reach, and when it is back. */
  readonly onChange: (up: boolean, reason: string) => void
}

export const STORE_OPERATIONS = ['get', 'set', 'add', 'take', 'reserve', 'settle', 'renew'] as const
export type StoreOperation = (typeof STORE_OPERATIONS)[number]

/** What could not be told to the shared store yet. */
interface Settlement {
  readonly demands: readonly Demand[]
  readonly used: readonly number[]
}

const BREAKER = { failures: 5, openMs: 1000 } as const

/** Settlements that wait for the shared store; older ones are given up, and their reservations run out. */
const MAX_WAITING = 10_000

export class StandingInStore implements StoreDriver {
  readonly #parts: StandingInParts
  readonly #breaker: Breaker
  /** Texts are large: that they come too late says nothing of the rest. */
  readonly #textBreaker: Breaker
  readonly #waiting = new Map<string, Settlement>()
  /** Since when every attempt has failed. */
  #outSince: number | undefined

  constructor(parts: StandingInParts) {
    this.#parts = parts
    this.#breaker = new Breaker(BREAKER, parts.clock)
    this.#textBreaker = new Breaker(BREAKER, parts.clock)
  }

  get(key: string): Promise<string | undefined> {
    const { shared, local } = this.#parts
    return this.#either(
      'get',
      () => shared.get(key),
      () => local.get(key),
    )
  }

  set(key: string, value: string, ttlMs: number): Promise<void> {
    const { shared, local } = this.#parts
    return this.#either(
      'set',
      () => shared.set(key, value, ttlMs),
      () => local.set(key, value, ttlMs),
    )
  }

  add(key: string, amount: number, ttlMs: number): Promise<number> {
    const { shared, local } = this.#parts
    return this.#either(
      'add',
      () => shared.add(key, amount, ttlMs),
      () => local.add(key, amount, ttlMs),
    )
  }

  remember(key: string, text: string, bounds: TextBounds): Promise<void> {
    return this.#orNot(() => this.#parts.shared.remember(key, text, bounds))
  }

  recall(key: string): Promise<string | undefined> {
    return this.#orNot(() => this.#parts.shared.recall(key))
  }

  take(buckets: readonly Bucket[]): Promise<TakeResult> {
    const { shared, local } = this.#parts
    return this.#either(
      'take',
      () => shared.take(buckets),
      () => local.take(buckets.map(each => this.#bucketShare(each))),
    )
  }

  reserve(id: string, demands: readonly Demand[], ttlMs: number, graceMs?: number): Promise<TakeResult> {
    const { shared, local } = this.#parts
    return this.#either(
      'reserve',
      () => shared.reserve(id, demands, ttlMs).catch((error: unknown) => this.#undo(id, demands, error)),
      () => {
        this.#checkGrace(graceMs)
        return local.reserve(id, this.#shareOf(demands), ttlMs)
      },
    )
  }

  async settle(id: string, demands: readonly Demand[], used: readonly number[]): Promise<boolean> {
    const { shared, local } = this.#parts
    if (await local.settle(id, this.#shareOf(demands), used)) return true
    return this.#either(
      'settle',
      () => shared.settle(id, demands, used),
      async () => this.#later(id, { demands, used }),
    )
  }

  async renew(id: string, demands: readonly Demand[], ttlMs: number): Promise<boolean> {
    const { shared, local } = this.#parts
    if (await local.renew(id, demands, ttlMs)) return true
    return this.#either(
      'renew',
      () => shared.renew(id, demands, ttlMs),
      async () => false,
    )
  }

  async ready(): Promise<void> {
    await this.#parts.shared.ready?.()
  }

  async close(): Promise<void> {
    await Promise.all([this.#parts.shared.close(), this.#parts.local.close()])
  }

  async #either<T>(operation: StoreOperation, ask: () => Promise<T>, standIn: () => Promise<T>): Promise<T> {
    if (this.#breaker.admits()) {
      try {
        const answer = await ask()
        this.#up()
        return answer
      } catch (error) {
        if (!(error instanceof StoreOutage)) {
          this.#up()
          throw error
        }
        this.#down(error.message)
      }
    }
    this.#parts.onFallback(operation)
    return standIn()
  }

  /** What nothing stands in for. @throws StoreOutage */
  async #orNot<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.#textBreaker.admits()) throw new StoreOutage('out of reach a moment ago')
    try {
      const answer = await ask()
      this.#textBreaker.succeeded()
      return answer
    } catch (error) {
      if (error instanceof StoreOutage) this.#textBreaker.failed()
      else this.#textBreaker.succeeded()
      throw error
    }
  }

  #up(): void {
    this.#breaker.succeeded()
    if (this.#outSince === undefined) return
    this.#outSince = undefined
    this.#parts.onChange(true, '')
    void this.#settleWaiting()
  }

  #down(reason: string): void {
    this.#breaker.failed()
    if (this.#outSince !== undefined) return
    this.#outSince = this.#parts.clock.now()
    this.#parts.onChange(false, reason)
  }

  /** @throws StoreOutage when a stand-in has decided for long enough */
  #checkGrace(graceMs: number | undefined): void {
    if (graceMs === undefined || this.#outSince === undefined) return
    if (this.#parts.clock.now() - this.#outSince >= graceMs) throw new StoreOutage('out of reach for too long')
  }

  /** What was not answered in time may be done all the same, later: what undoes it goes the same way right behind it. */
  #undo(id: string, demands: readonly Demand[], error: unknown): never {
    const settlement = { demands, used: demands.map(() => 0) }
    this.#parts.shared.settle(id, demands, settlement.used).catch(() => this.#later(id, settlement))
    throw error
  }

  #later(id: string, settlement: Settlement): boolean {
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size >= MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest)
    this.#waiting.set(id, settlement)
    return false
  }

  async #settleWaiting(): Promise<void> {
    for (const [id, { demands, used }] of this.#waiting) {
      try {
        await this.#parts.shared.settle(id, demands, used)
        this.#waiting.delete(id)
      } catch {
        return
      }
    }
  }

  #shareOf(demands: readonly Demand[]): readonly Demand[] {
    return demands.map(demand => {
      if (!isSlots(demand)) return this.#bucketShare(demand)
      return { ...demand, slots: Math.min(demand.slots, Math.max(1, Math.floor(demand.slots / this.#parts.instances))) }
    })
  }

  /** A share holds at least what this one call costs: it may have to wait longer for it, but not for ever. */
  #bucketShare(bucket: Bucket): Bucket {
    const { instances } = this.#parts
    const capacity = Math.max(bucket.capacity / instances, Math.min(bucket.cost, bucket.capacity))
    return { ...bucket, capacity, refill: bucket.refill / instances }
  }
}
