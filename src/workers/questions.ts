/** What the primary and its workers ask each other. */

import type { StoreDriver } from '../services/store-driver.ts'
import type { Snapshot } from '../services/summed-metrics.ts'

export type ToPrimary =
  /** It listens. */
  | { readonly kind: 'ready'; readonly url: string }
  /** The page of the metrics of all workers. */
  | { readonly kind: 'metrics' }
  /** An operation of the store that all workers share. */
  | { readonly kind: 'store'; readonly operation: StoreOperation; readonly parameters: readonly unknown[] }

export type ToWorker =
  /** Its own metrics: answered with a `Snapshot`. */
  | { readonly kind: 'snapshot' }
  /** Drain and end: answered with the number of calls that were cut. */
  | { readonly kind: 'stop' }

export type StoreOperation = Exclude<keyof StoreDriver, 'close'>
export type { Snapshot }
