import type { Bucket, Demand, Store, TakeResult } from '../contract.ts'

/**
 * Where a store keeps its state. Reservations have ids here, so that each may be repeated: what was done under an id is
 * not done again. Demands are of distinct keys.
 */
export interface StoreDriver extends Pick<Store, 'get' | 'set' | 'add' | 'remember' | 'recall'> {
  take(buckets: readonly Bucket[]): Promise<TakeResult>
  /**
   * @param ttlMs how long the reservation lives unless it is renewed; then its slots are free and the rest stays charged
   * @param graceMs how long a stand-in may decide; see `ReserveOptions`
   */
  reserve(id: string, demands: readonly Demand[], ttlMs: number, graceMs?: number): Promise<TakeResult>
  /**
   * Frees the slots of a reservation and corrects what it was charged.
   * @param demands those that were reserved
   * @param used what each of them has cost
   * @returns false when there is no such reservation, and nothing was done
   */
  settle(id: string, demands: readonly Demand[], used: readonly number[]): Promise<boolean>
  /** @returns false when there is no such reservation any more */
  renew(id: string, demands: readonly Demand[], ttlMs: number): Promise<boolean>
  /**
   * Settles when it can be used, or when that is not to be waited for any longer.
   * @throws UnfitStore
   */
  ready?(): Promise<void>
  close(): Promise<void>
}

/** `pipeline/label/` of `pipeline/label/key`: the step that a key belongs to. */
export function stepOf(key: string): string {
  return /^[^/]*\/[^/]*\//.exec(key)?.[0] ?? ''
}

/** The store cannot be reached, did not answer in time, or answered that it cannot. What was asked may still be done. */
export class StoreOutage extends Error {
  override readonly name = 'StoreOutage'
}

/** The store is in reach, and of a kind that cannot be used here at all. The message says what to do. */
export class UnfitStore extends Error {
  override readonly name = 'UnfitStore'
}
