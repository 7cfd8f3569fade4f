/** State in the memory of this process: right for one instance, and gone when it stops. */
import type { Bucket, Clock, Store, TakeResult } from '../contract.ts'
import { ExpiringMap } from './expiring-map.ts'

/** Tokens of a bucket at a time. */
interface Level {
  readonly tokens: number
  readonly at: number
}

/** All that a `take` wants of one bucket; the same bucket may be named several times. */
interface Demand {
  readonly bucket: Bucket
  readonly cost: number
  readonly tokens: number
}

export interface MemoryStoreLimits {
  /** Keys, values and buckets each. The one that was not used for longest is forgotten when there are more. */
  readonly keys?: number
  /** Bytes of all values together. */
  readonly bytes?: number
}

/** Sums of fractions must not keep a call out for a billionth of a token. */
const TOLERANCE = 1e-9

export class MemoryStore implements Store {
  readonly #clock: Pick<Clock, 'now'>
  readonly #values: ExpiringMap<string>
  readonly #levels: ExpiringMap<Level>

  constructor(clock: Pick<Clock, 'now'>, { keys = 100_000, bytes = 256 * 1024 * 1024 }: MemoryStoreLimits = {}) {
    this.#clock = clock
    this.#values = new ExpiringMap({ keys, weight: bytes }, () => clock.now())
    this.#levels = new ExpiringMap({ keys, weight: Number.POSITIVE_INFINITY }, () => clock.now())
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

  /** @throws RangeError when a bucket's numbers make no sense */
  async take(buckets: readonly Bucket[]): Promise<TakeResult> {
    const now = this.#clock.now()
    const demands = this.#demands(buckets, now)
    const waitMs = Math.max(0, ...[...demands.values()].map(waitFor))
    const taken = waitMs === 0
    if (taken) for (const demand of demands.values()) this.#charge(demand, now)
    return { taken, waitMs, buckets: buckets.map(({ key }) => report(demands.get(key), taken)) }
  }

  #put(key: string, value: string, expiresAt: number): void {
    this.#values.set(key, value, expiresAt, 2 * (key.length + value.length))
  }

  #demands(buckets: readonly Bucket[], now: number): ReadonlyMap<string, Demand> {
    const demands = new Map<string, Demand>()
    for (const bucket of buckets) {
      checkBucket(bucket)
      const cost = bucket.cost + (demands.get(bucket.key)?.cost ?? 0)
      demands.set(bucket.key, { bucket, cost, tokens: this.#tokens(bucket, now) })
    }
    return demands
  }

  #tokens({ key, capacity, refill, periodMs }: Bucket, now: number): number {
    const level = this.#levels.get(key)
    if (level === undefined) return capacity
    return Math.min(capacity, level.tokens + ((now - level.at) * refill) / periodMs)
  }

  #charge({ bucket, cost, tokens }: Demand, now: number): void {
    if (cost === 0) return
    const left = tokens - cost
    // A bucket that is full again is the same as one that nobody has used.
    this.#levels.set(bucket.key, { tokens: left, at: now }, now + refillMs(bucket, left, bucket.capacity), 0)
  }
}

/** Milliseconds until the demand could be met; 0: now. */
function waitFor({ bucket, cost, tokens }: Demand): number {
  if (bucket.overdraw === true || tokens + TOLERANCE >= cost) return 0
  return cost > bucket.capacity ? Number.POSITIVE_INFINITY : Math.ceil(refillMs(bucket, tokens, cost))
}

function refillMs({ refill, periodMs }: Bucket, from: number, to: number): number {
  if (from >= to) return 0
  return refill === 0 ? Number.POSITIVE_INFINITY : ((to - from) * periodMs) / refill
}

function report(demand: Demand | undefined, taken: boolean): TakeResult['buckets'][number] {
  if (demand === undefined) throw new Error('a bucket without a demand')
  const { bucket, cost, tokens } = demand
  const left = taken ? tokens - cost : tokens
  return { remaining: Math.max(0, left), resetMs: Math.ceil(refillMs(bucket, left, bucket.capacity)) }
}

function checkBucket({ key, cost, capacity, refill, periodMs }: Bucket): void {
  const bad = Object.entries({ cost, capacity, refill }).find(([, value]) => !(Number.isFinite(value) && value >= 0))
  if (bad) throw new RangeError(`bucket "${key}": ${bad[0]} must be a finite number of 0 or more, not ${bad[1]}`)
  if (!(Number.isFinite(periodMs) && periodMs > 0)) {
    throw new RangeError(`bucket "${key}": periodMs must be a finite number above 0, not ${periodMs}`)
  }
}

function checkedTtl(ttlMs: number): number {
  if (!(ttlMs > 0)) throw new RangeError(`ttlMs must be above 0, not ${ttlMs}`)
  return ttlMs
}
