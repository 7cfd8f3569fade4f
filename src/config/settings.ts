import type { OptionsOf } from '../options.ts'
import type { Checked } from './check-options.ts'
import { checkSection, failed } from './check-section.ts'
import type { Config, PriceConfig, ServerConfig } from './config.ts'
import type { Place } from './place.ts'
import { PRICE_SCHEMA } from './price-schema.ts'
import type { Problem } from './problems.ts'
import { LOG_SCHEMA, METRICS_SCHEMA, SERVER_SCHEMA, STORE_SCHEMA } from './schema.ts'
import { entryOf, isTable, type Table } from './table.ts'

/** The tables about the gateway itself. */
export type Settings = Pick<Config, 'server' | 'metrics' | 'log' | 'store' | 'prices'>

/** Checks `[server]`, `[metrics]`, `[log]`, `[store]` and `[prices]`. */
export function checkSettings(file: Table, place: Place): Checked<Settings> {
  const server = checkSection(SERVER_SCHEMA, entryOf(file, 'server'), place.at('server'))
  const metrics = checkSection(METRICS_SCHEMA, entryOf(file, 'metrics'), place.at('metrics'))
  const log = checkSection(LOG_SCHEMA, entryOf(file, 'log'), place.at('log'))
  const store = checkSection(STORE_SCHEMA, entryOf(file, 'store'), place.at('store'))
  const prices = checkPrices(entryOf(file, 'prices'), place.at('prices'))
  const problems = [
    ...[server, metrics, log, store, prices].flatMap(section => section.problems),
    ...(store.value ? storeProblems(store.value, place.at('store')) : []),
  ]
  if (!server.value || !metrics.value || !log.value || !store.value || !prices.value)
    return { problems, references: [] }
  const value = {
    server: serverConfig(server.value),
    metrics: metrics.value,
    log: log.value,
    store: store.value,
    prices: prices.value,
  }
  return { value, problems, references: [] }
}

function checkPrices(tables: unknown = {}, place: Place): Checked<ReadonlyMap<string, PriceConfig>> {
  if (!isTable(tables)) return failed([place.problem('must be a table of tables')])
  const checked = Object.entries(tables).map(([model, table]) => ({
    model,
    ...checkSection(PRICE_SCHEMA, table, place.at(model)),
  }))
  const value = new Map(checked.flatMap(({ model, value }) => (value ? [[model, priceConfig(value)] as const] : [])))
  return { value, problems: checked.flatMap(({ problems }) => problems), references: [] }
}

function priceConfig({ input, output, cache_read, cache_write }: OptionsOf<typeof PRICE_SCHEMA>): PriceConfig {
  return Object.freeze({
    input,
    output,
    ...(cache_read !== undefined && { cacheRead: cache_read }),
    ...(cache_write !== undefined && { cacheWrite: cache_write }),
  })
}

function storeProblems({ driver, url }: OptionsOf<typeof STORE_SCHEMA>, place: Place): readonly Problem[] {
  if (driver === 'memory')
    return url === undefined ? [] : [place.at('url').problem('the driver "memory" has no url', 'key')]
  const at = place.at('url')
  if (at.origin?.kind === 'unknown') return []
  if (url === undefined) return [at.problem('missing; the driver "redis" needs it, such as "redis://127.0.0.1:6379"')]
  const text = url.reveal()
  const known = /^rediss?:\/\//.test(text) && URL.canParse(text)
  return known ? [] : [at.problem('must be a URL that begins with "redis://" or "rediss://"')]
}

function serverConfig(table: OptionsOf<typeof SERVER_SCHEMA>): ServerConfig {
  return Object.freeze({
    host: table.host,
    port: table.port,
    workers: table.workers,
    bodyLimit: table.body_limit,
    maxBodyMemory: table.max_body_memory,
    drainTimeout: table.drain_timeout,
    headersTimeout: table.headers_timeout,
    requestTimeout: table.request_timeout,
    keepAlive: table.keep_alive,
    ...(table.max_connections !== undefined && { maxConnections: table.max_connections }),
    open: table.open,
  })
}
