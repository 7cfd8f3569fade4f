/** The store that a configuration asks for, with its metrics and its words in the log. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Clock, Log } from '../contract.ts'
import type { Secret } from '../options.ts'
import { type SharedStore, sharedStore } from './store.ts'
import { MemoryStore } from './store-memory.ts'
import { RedisStore } from './store-redis.ts'
import { STORE_OPERATIONS, StandingInStore } from './store-standing-in.ts'

export interface StoreSettings {
  readonly driver: 'memory' | 'redis'
  /** For `redis`. */
  readonly url?: Secret
  /** How many instances share it. */
  readonly instances: number
}

interface Around {
  readonly clock: Clock
  readonly log: Log
  readonly registry: Registry
}

export function openStore({ driver, url, instances }: StoreSettings, around: Around): SharedStore {
  const local = new MemoryStore(around.clock)
  if (driver === 'memory' || url === undefined) return sharedStore(local)
  const { fallbacks, up } = storeMetrics(around.registry)
  const report = changeReport(around.log)
  return sharedStore(
    new StandingInStore({
      shared: new RedisStore({ url: url.reveal() }),
      local,
      instances,
      clock: around.clock,
      onFallback: operation => fallbacks.labels(operation).inc(),
      onChange(isUp, reason) {
        up.set(isUp ? 1 : 0)
        report(isUp, reason)
      },
    }),
  )
}

function storeMetrics(registry: Registry): { readonly fallbacks: Counter; readonly up: Gauge } {
  const fallbacks = new Counter({
    name: 'sluice_store_fallbacks_total',
    help: 'Operations that were decided locally, because the shared store was out of reach.',
    labelNames: ['operation'],
    registers: [registry],
  })
  for (const operation of STORE_OPERATIONS) fallbacks.labels(operation).inc(0)
  const up = new Gauge({
    name: 'sluice_store_up',
    help: 'Whether the shared store was in reach when it was last asked.',
    registers: [registry],
  })
  up.set(1)
  return { fallbacks, up }
}

function changeReport(log: Log): (up: boolean, reason: string) => void {
  return (up, reason) => {
    if (up) log.info('the shared store is back')
    else log.warn('the shared store is out of reach; limits are kept by a local share', { reason })
  }
}
