import type { Store } from '../contract.ts'

/** A store as the gateway holds it. */
export interface SharedStore extends Store {
  /** The part of it that belongs to one step: its keys meet no other step's. */
  forStep(pipeline: string, label: string): Store
}

/** Gives each step of each pipeline its own keys. */
export function sharedStore(store: Store): SharedStore {
  return {
    get: key => store.get(key),
    set: (key, value, ttlMs) => store.set(key, value, ttlMs),
    add: (key, amount, ttlMs) => store.add(key, amount, ttlMs),
    take: buckets => store.take(buckets),
    forStep: (pipeline, label) => withPrefix(store, `${encodeURIComponent(pipeline)}/${encodeURIComponent(label)}/`),
  }
}

function withPrefix(store: Store, prefix: string): Store {
  return {
    get: key => store.get(prefix + key),
    set: (key, value, ttlMs) => store.set(prefix + key, value, ttlMs),
    add: (key, amount, ttlMs) => store.add(prefix + key, amount, ttlMs),
    take: buckets => store.take(buckets.map(bucket => ({ ...bucket, key: prefix + bucket.key }))),
  }
}
