/**
 * A map whose entries are forgotten after a time, and that never holds more than it may: then the entry goes that was
 * not used for longest. Needs no timer: each write looks at the two oldest entries and drops them if their time is over,
 * which clears them away faster than they come in.
 */
export class ExpiringMap<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly expiresAt: number; readonly weight: number }>()
  readonly #limits: { readonly keys: number; readonly weight: number }
  readonly #now: () => number
  #weight = 0

  /** @param limits how many keys, and how much all their weights together */
  constructor(limits: { readonly keys: number; readonly weight: number }, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    if (entry.expiresAt <= this.#now()) {
      this.#weight -= entry.weight
      return undefined
    }
    // Moved to the end: the order is that of use.
    this.#entries.set(key, entry)
    return entry.value
  }

  expiresAt(key: string): number | undefined {
    return this.#entries.get(key)?.expiresAt
  }

  set(key: string, value: V, expiresAt: number, weight: number): void {
    this.delete(key)
    this.#entries.set(key, { value, expiresAt, weight })
    this.#weight += weight
    this.#dropExpired()
    while (this.#entries.size > this.#limits.keys || this.#weight > this.#limits.weight) this.#dropOldest()
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }

  #dropExpired(): void {
    const now = this.#now()
    let looked = 0
    for (const [key, { expiresAt }] of this.#entries) {
      if (looked++ === 2) return
      if (expiresAt <= now) this.delete(key)
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.delete(oldest)
  }
}
