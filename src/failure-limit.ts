import type { Bucket, Client, Store } from './contract.ts'
import { networkOf } from './network.ts'
import { Refusal } from './refusal.ts'

/** Callers that are remembered as good. */
const MAX_GOOD = 10_000
const MINUTE = 60_000

/**
 * Holds up addresses that present bad credentials again and again; for processors that check credentials. An address
 * that has used its failures up is refused with 429 `too_many_failures`, whether the credential is good or not, so that
 * guessing on brings nothing. Who was let in from the same address before is let in all the same: behind a proxy, where
 * all have one address, one bad caller must not lock out the others.
 *
 * Authentication does not depend on the store: while that is out of order, nobody is held up.
 */
export class FailureLimit {
  readonly #store: Pick<Store, 'take'>
  readonly #perMinute: number
  readonly #good = new Set<string>()

  /** @param perMinute failures of one address; 0: no limit */
  constructor(store: Pick<Store, 'take'>, perMinute: number) {
    this.#store = store
    this.#perMinute = perMinute
  }

  /** Counts a bad credential; none at all is no guess. @throws Refusal 429 when there were too many from the address */
  async count({ address, credential }: Pick<Client, 'address' | 'credential'>): Promise<void> {
    if (credential === undefined) return
    const bucket = await this.#take(address, 1)
    if (bucket && !bucket.taken) throw tooMany(bucket.waitMs)
  }

  /** Whether a caller was let in before: then there is nothing to ask. */
  knows(address: string, name: string): boolean {
    return this.#good.has(callerOf(address, name))
  }

  /** Asks whether a good credential may be believed. @throws Refusal 429 when too many bad ones came before it */
  async admit(address: string, name: string): Promise<void> {
    if (this.knows(address, name)) return
    const bucket = await this.#take(address, 0)
    if (bucket && bucket.remaining < 1) throw tooMany(((1 - bucket.remaining) * MINUTE) / this.#perMinute)
    const [oldest] = this.#good
    if (oldest !== undefined && this.#good.size >= MAX_GOOD) this.#good.delete(oldest)
    this.#good.add(callerOf(address, name))
  }

  async #take(address: string, cost: number): Promise<Standing | undefined> {
    if (this.#perMinute === 0) return undefined
    const bucket: Bucket = {
      key: `failures:${networkOf(address)}`,
      cost,
      capacity: this.#perMinute,
      refill: this.#perMinute,
      periodMs: MINUTE,
    }
    try {
      const { taken, waitMs, buckets } = await this.#store.take([bucket])
      return { taken, waitMs, remaining: buckets[0]?.remaining ?? 1 }
    } catch {
      return undefined
    }
  }
}

function callerOf(address: string, name: string): string {
  return `${networkOf(address)} ${name}`
}

interface Standing {
  readonly taken: boolean
  readonly waitMs: number
  readonly remaining: number
}

function tooMany(waitMs: number): Refusal {
  const message = `Too many bad API keys came from your address. Try again in ${Math.ceil(waitMs / 1000)} s.`
  return new Refusal(429, 'too_many_failures', message, { retryAfterMs: waitMs })
}
