import type { Bucket, Store, TakeResult } from '../contract.ts'
import { type MergedDemands, mergeDemands, spread } from './demands.ts'
import { Reservations } from './reservations.ts'
import type { StoreDriver } from './store-driver.ts'

/** A store as the gateway holds it. */
export interface SharedStore extends Store {
  /** The part of it that belongs to one step: its keys meet no other step's. */
  forStep(pipeline: string, label: string): Store
  /**
   * Settles when it can be used, or when that is not to be waited for any longer.
   * @throws UnfitStore
   */
  ready(): Promise<void>
  close(): Promise<void>
}

/** Gives each step of each pipeline its own keys. */
export function sharedStore(driver: StoreDriver): SharedStore {
  const reservations = new Reservations(driver)
  const store: Store = {
    get: key => driver.get(key),
    set: (key, value, ttlMs) => driver.set(key, value, ttlMs),
    add: (key, amount, ttlMs) => driver.add(key, amount, ttlMs),
    remember: (key, text, bounds) => driver.remember(key, text, bounds),
    recall: key => driver.recall(key),
    take: buckets => takeFrom(driver, buckets),
    reserve: (demands, options) => reservations.reserve(demands, options),
  }
  return {
    ...store,
    forStep: (pipeline, label) => withPrefix(store, `${encodeURIComponent(pipeline)}/${encodeURIComponent(label)}/`),
    ready: async () => driver.ready?.(),
    close: async () => {
      reservations.close()
      await driver.close()
    },
  }
}

/** Buckets of distinct keys, which are the rule, cost no promise of their own. */
function takeFrom(driver: StoreDriver, buckets: readonly Bucket[]): Promise<TakeResult> {
  let merged: MergedDemands
  try {
    merged = mergeDemands(buckets)
  } catch (error) {
    return Promise.reject(error)
  }
  const taken = driver.take(merged.demands as readonly Bucket[])
  return merged.demands === buckets ? taken : taken.then(result => spread(result, merged))
}

function withPrefix(store: Store, prefix: string): Store {
  const own = <D extends { readonly key: string }>(demand: D): D => ({ ...demand, key: prefix + demand.key })
  return {
    get: key => store.get(prefix + key),
    set: (key, value, ttlMs) => store.set(prefix + key, value, ttlMs),
    add: (key, amount, ttlMs) => store.add(prefix + key, amount, ttlMs),
    remember: (key, text, bounds) => store.remember(prefix + key, text, bounds),
    recall: key => store.recall(prefix + key),
    take: buckets => store.take(buckets.map(own)),
    reserve: (demands, options) => store.reserve(demands.map(own), options),
  }
}
