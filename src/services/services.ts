/** All services of one gateway, started and closed together. */
import { readFileSync } from 'node:fs'
import { Counter, type Registry } from 'prom-client'
import type { Clock, Prices } from '../contract.ts'
import { clock } from './clock.ts'
import { EngineMetrics } from './engine-metrics.ts'
import { createLog, type GatewayLog, type LogOptions } from './log.ts'
import { createMetrics, type GatewayMetrics } from './metrics.ts'
import { openStore, type StoreSettings } from './open-store.ts'
import { type ModelPrice, type PricedProvider, PriceTable } from './prices.ts'
import type { SharedStore } from './store.ts'

export interface Services {
  readonly clock: Clock
  readonly log: GatewayLog
  readonly metrics: GatewayMetrics
  readonly engine: EngineMetrics
  readonly store: SharedStore
  readonly prices: Prices
  /** Closes the store, and writes out what the log still holds. */
  close(): Promise<void>
}

/** What the configuration says of services; without it, everything is kept in memory. */
export interface ServiceSettings {
  readonly store?: StoreSettings
  readonly prices?: ReadonlyMap<string, ModelPrice>
  readonly providers?: ReadonlyMap<string, PricedProvider>
}

export function startServices(log: LogOptions, settings: ServiceSettings = {}): Services {
  const metrics = createMetrics()
  const root = createLog(log)
  countDropped(metrics.registry, root)
  const store = openStore(settings.store ?? { driver: 'memory', instances: 1 }, {
    clock,
    log: root,
    registry: metrics.registry,
  })
  return {
    clock,
    log: root,
    metrics,
    engine: new EngineMetrics(metrics.registry, version()),
    store,
    prices: new PriceTable(settings.prices ?? new Map(), settings.providers ?? new Map()),
    close: async () => {
      await store.close()
      await root.flush()
    },
  }
}

function countDropped(registry: Registry, log: GatewayLog): void {
  new Counter({
    name: 'sluice_log_lines_dropped_total',
    help: 'Lines of the log that were lost because nobody read them fast enough.',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(log.dropped())
    },
  })
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { readonly version?: unknown }).version)
}
