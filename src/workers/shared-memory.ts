/** The store in the memory of the primary, which all workers share: limits count once, not once in each process. */
import type { TakeResult } from '../contract.ts'
import type { StoreDriver } from '../services/store-driver.ts'
import type { Line } from './line.ts'
import type { StoreOperation, ToPrimary, ToWorker } from './questions.ts'

/** A call waits no longer for its limits. */
const TIMEOUT_MS = 5000

/** The store as a worker sees it. */
export function storeOfPrimary(line: Pick<Line<ToPrimary, ToWorker>, 'ask'>): StoreDriver {
  const ask = <Answer>(operation: StoreOperation, ...parameters: readonly unknown[]): Promise<Answer> =>
    line.ask({ kind: 'store', operation, parameters }, TIMEOUT_MS) as Promise<Answer>
  return {
    get: key => ask<string | undefined>('get', key),
    set: (key, value, ttlMs) => ask<void>('set', key, value, ttlMs),
    add: (key, amount, ttlMs) => ask<number>('add', key, amount, ttlMs),
    remember: (key, text, bounds) => ask<void>('remember', key, text, bounds),
    recall: key => ask<string | undefined>('recall', key),
    take: buckets => ask<TakeResult>('take', buckets),
    reserve: (id, demands, ttlMs) => ask<TakeResult>('reserve', id, demands, ttlMs),
    settle: (id, demands, used) => ask<boolean>('settle', id, demands, used),
    renew: (id, demands, ttlMs) => ask<boolean>('renew', id, demands, ttlMs),
    close: async () => {},
  }
}

/** Does in the primary what a worker asked of the store. */
export function operate(store: StoreDriver, operation: StoreOperation, parameters: readonly unknown[]): unknown {
  // Both sides are this file, so that the parameters are the operation's own.
  return (store[operation] as (...given: readonly unknown[]) => unknown)(...parameters)
}
