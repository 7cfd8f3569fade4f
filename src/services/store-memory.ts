/** State in the memory of this process: right for one instance, and gone when it stops. */
import type { Bucket, Clock, Demand, TakeResult, TextBounds } from '../contract.ts'
import { checkedTtl, costOf, isSlots, refillMs, takeResult, waitFor } from './demands.ts'
import { ExpiringMap } from './expiring-map.ts'
import { type StoreDriver, stepOf } from './store-driver.ts'

/** Tokens of a bucket at a time. */
interface Level {
  readonly tokens: number
  readonly at: number
}

export interface MemoryStoreLimits {
  /** Keys, values, buckets and reservations each. The one that was not used for longest is forgotten when there are more. */
  readonly keys?: number
  /** Bytes of all values together. */
  readonly bytes?: number
}

export class MemoryStore implements StoreDriver {
  readonly #clock: Pick<Clock, 'now'>
  readonly #values: ExpiringMap<string>
  readonly #levels: ExpiringMap<Level>
  /** What each reservation was charged, in the order of its demands. */
  readonly #reserved: ExpiringMap<readonly number[]>
  /** What each step has remembered. */
  readonly #texts = new Map<string, ExpiringMap<string>>()
  /** Who holds a slot, and until when. */
  readonly #holders = new Map<string, Map<string, number>>()

  constructor(clock: Pick<Clock, 'now'>, { keys = 100_000, bytes = 256 * 1024 * 1024 }: MemoryStoreLimits = {}) {
    const now = (): number => clock.now()
    this.#clock = clock
    this.#values = new ExpiringMap({ keys, weight: bytes }, now)
    this.#levels = new ExpiringMap({ keys, weight: Number.POSITIVE_INFINITY }, now)
    this.#reserved = new ExpiringMap({ keys, weight: Number.POSITIVE_INFINITY }, now)
  }

  async get(key: string): Promise<string | undefined> {
    return this.#values.get(key)
  }

  /** @throws RangeError when `ttlMs` is no positive number */
  async set(key: string, value: string, ttlMs: number): Promise<void> {
    this.#put(key, value, this.#clock.now() + checkedTtl(ttlMs))
  }

  /** @throws RangeError when an argument or the value that stands there is no finite number */
  async add(key: string, amount: number, ttlMs: number): Promise<number> {
    const before = this.#values.get(key)
    const sum = Number(before ?? 0) + amount
    if (!Number.isFinite(sum)) throw new RangeError(`cannot add ${amount} to "${key}", which holds ${before ?? 0}`)
    const fresh = this.#clock.now() + checkedTtl(ttlMs)
    this.#put(key, String(sum), before === undefined ? fresh : (this.#values.expiresAt(key) ?? fresh))
    return sum
  }

  async remember(key: string, text: string, { ttlMs, maxBytes }: TextBounds): Promise<void> {
    const now = (): number => this.#clock.now()
    const texts =
      this.#texts.get(stepOf(key)) ?? new ExpiringMap({ keys: Number.POSITIVE_INFINITY, weight: maxBytes }, now)
    this.#texts.set(stepOf(key), texts)
    const bytes = 2 * text.length
    if (bytes > maxBytes) texts.delete(key)
    else texts.set(key, text, now() + checkedTtl(ttlMs), bytes)
  }

  async recall(key: string): Promise<string | undefined> {
    return this.#texts.get(stepOf(key))?.get(key)
  }

  async take(buckets: readonly Bucket[]): Promise<TakeResult> {
    return this.#take(buckets, this.#clock.now())
  }

  async reserve(id: string, demands: readonly Demand[], ttlMs: number): Promise<TakeResult> {
    const now = this.#clock.now()
    if (this.#reserved.get(id)) {
      const there = demands.map(demand => this.#there(demand, now) + costOf(demand))
      return takeResult(demands, there, true)
    }
    const result = this.#take(demands, now)
    if (!result.taken) return result
    this.#reserved.set(id, demands.map(costOf), now + ttlMs, 0)
    for (const demand of demands) if (isSlots(demand)) this.#hold(demand.key, id, now + ttlMs)
    return result
  }

  async settle(id: string, demands: readonly Demand[], used: readonly number[]): Promise<boolean> {
    const reserved = this.#reserved.get(id)
    if (!reserved) return false
    this.#reserved.delete(id)
    const now = this.#clock.now()
    for (const [index, demand] of demands.entries()) {
      if (isSlots(demand)) this.#free(demand.key, id)
      else this.#correct(demand, (used[index] ?? 0) - (reserved[index] ?? 0), now)
    }
    return true
  }

  async renew(id: string, demands: readonly Demand[], ttlMs: number): Promise<boolean> {
    const reserved = this.#reserved.get(id)
    if (!reserved) return false
    const expiresAt = this.#clock.now() + ttlMs
    this.#reserved.set(id, reserved, expiresAt, 0)
    for (const demand of demands) if (isSlots(demand)) this.#hold(demand.key, id, expiresAt)
    return true
  }

  async close(): Promise<void> {}

  #put(key: string, value: string, expiresAt: number): void {
    this.#values.set(key, value, expiresAt, 2 * (key.length + value.length))
  }

  #take(demands: readonly Demand[], now: number): TakeResult {
    const there = demands.map(demand => this.#there(demand, now))
    const taken = demands.every((demand, index) => waitFor(demand, there[index] ?? 0) === 0)
    if (taken) {
      for (const [index, demand] of demands.entries()) {
        if (!isSlots(demand) && demand.cost > 0)
          this.#fill(demand, { tokens: (there[index] ?? 0) - demand.cost, at: now })
      }
    }
    return takeResult(demands, there, taken)
  }

  /** Tokens of a bucket, or slots that are free. */
  #there(demand: Demand, now: number): number {
    if (isSlots(demand)) return demand.slots - this.#held(demand.key, now)
    const level = this.#levels.get(demand.key)
    if (level === undefined) return demand.capacity
    return Math.min(demand.capacity, level.tokens + ((now - level.at) * demand.refill) / demand.periodMs)
  }

  /** A reservation turned out to have cost more than it was charged, or less (below 0). */
  #correct(bucket: Bucket, more: number, now: number): void {
    const tokens = this.#there(bucket, now) - more
    if (more !== 0) this.#fill(bucket, { tokens: Math.min(bucket.capacity, tokens), at: now })
  }

  #fill(bucket: Bucket, level: Level): void {
    // A bucket that is full again is the same as one that nobody has used.
    const keepMs =
      bucket.refill === 0
        ? (bucket.keepMs ?? Number.POSITIVE_INFINITY)
        : refillMs(bucket, level.tokens, bucket.capacity)
    this.#levels.set(bucket.key, level, level.at + keepMs, 0)
  }

  #held(key: string, now: number): number {
    const holders = this.#holders.get(key)
    if (!holders) return 0
    for (const [id, until] of holders) if (until <= now) this.#free(key, id)
    return holders.size
  }

  #hold(key: string, id: string, until: number): void {
    const holders = this.#holders.get(key) ?? new Map<string, number>()
    this.#holders.set(key, holders.set(id, until))
  }

  #free(key: string, id: string): void {
    const holders = this.#holders.get(key)
    holders?.delete(id)
    if (holders?.size === 0) this.#holders.delete(key)
  }
}
