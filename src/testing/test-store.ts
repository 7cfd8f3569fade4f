import type { Bucket, Clock, Store, TakeResult } from '../contract.ts'

interface Entry {
  readonly value: string
  readonly expires: number
}

/** A store for one test: forgets nothing but what the test's clock says is over. */
export class TestStore implements Store {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #levels = new Map<string, { readonly level: number; readonly at: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async get(key: string): Promise<string | undefined> {
    return this.#read(key)?.value
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    this.#entries.set(key, { value, expires: this.#clock.now() + ttlMs })
  }

  async add(key: string, amount: number, ttlMs: number): Promise<number> {
    const entry = this.#read(key)
    const sum = Number(entry?.value ?? 0) + amount
    this.#entries.set(key, { value: String(sum), expires: entry?.expires ?? this.#clock.now() + ttlMs })
    return sum
  }

  async take(buckets: readonly Bucket[]): Promise<TakeResult> {
    const levels = buckets.map(bucket => this.#level(bucket))
    const waits = buckets.map((bucket, index) => waitFor(bucket, levels[index] ?? 0))
    const waitMs = Math.max(0, ...waits)
    const taken = waitMs === 0
    const states = buckets.map((bucket, index) => {
      const level = (levels[index] ?? 0) - (taken ? bucket.cost : 0)
      if (taken) this.#levels.set(bucket.key, { level, at: this.#clock.now() })
      return { remaining: level, resetMs: (bucket.capacity - level) * msPerUnit(bucket) }
    })
    return { taken, buckets: states, waitMs }
  }

  #read(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.expires > this.#clock.now() ? entry : undefined
  }

  #level(bucket: Bucket): number {
    const known = this.#levels.get(bucket.key)
    if (!known) return bucket.capacity
    return Math.min(bucket.capacity, known.level + (this.#clock.now() - known.at) / msPerUnit(bucket))
  }
}

function waitFor(bucket: Bucket, level: number): number {
  if (bucket.overdraw === true || level >= bucket.cost) return 0
  return bucket.cost > bucket.capacity ? Number.POSITIVE_INFINITY : (bucket.cost - level) * msPerUnit(bucket)
}

function msPerUnit({ periodMs, refill }: Bucket): number {
  return periodMs / refill
}
