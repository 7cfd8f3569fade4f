/** The reservations that this process holds: settled once each, and kept alive until then. */
import { randomUUID } from 'node:crypto'
import type { Demand, Reservation, ReserveOptions } from '../contract.ts'
import { checkUsed, costOf, isSlots, type MergedDemands, mergeDemands, mergeUsed, spread } from './demands.ts'
import type { StoreDriver } from './store-driver.ts'

/** How long a reservation outlives its process. */
const TTL_MS = 60_000

export class Reservations {
  readonly #driver: StoreDriver
  readonly #open = new Map<string, readonly Demand[]>()
  #timer: NodeJS.Timeout | undefined

  constructor(driver: StoreDriver) {
    this.#driver = driver
  }

  async reserve(wanted: readonly Demand[], { graceMs }: ReserveOptions = {}): Promise<Reservation> {
    const merged = mergeDemands(wanted)
    const id = randomUUID()
    const result = spread(await this.#driver.reserve(id, merged.demands, TTL_MS, graceMs), merged)
    if (!result.taken) return { ...result, settle: async () => {} }
    this.#open.set(id, merged.demands)
    this.#timer ??= setInterval(() => this.#renewAll(), TTL_MS / 3).unref()
    return { ...result, settle: used => this.#settle(id, merged, used) }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #settle(id: string, merged: MergedDemands, used: readonly number[] | undefined): Promise<void> {
    if (!this.#open.delete(id)) return
    const amounts = used ? mergeUsed(merged, used.map(amount)) : merged.demands.map(reservedOf)
    checkUsed(amounts)
    // A driver that fails here has said so itself, and tries again by itself.
    await this.#driver.settle(id, merged.demands, amounts).catch(() => {})
  }

  #renewAll(): void {
    for (const [id, demands] of this.#open) void this.#driver.renew(id, demands, TTL_MS).catch(() => {})
  }
}

function reservedOf(demand: Demand): number {
  return isSlots(demand) ? 0 : costOf(demand)
}

/** What providers report may be anything; what is no amount is not charged. */
function amount(used: number): number {
  return Number.isFinite(used) && used > 0 ? used : 0
}
