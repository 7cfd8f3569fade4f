import type { ObjectSchema, OptionSchema } from '../options.ts'
import type { ProviderKindEntry } from './config.ts'
import { MODEL_SCHEMA } from './model-schema.ts'
import { PRICE_SCHEMA } from './price-schema.ts'
import {
  LOG_SCHEMA,
  METRICS_SCHEMA,
  PARSER_SCHEMA,
  PIPELINE_SCHEMA,
  PROVIDER_SCHEMA,
  SERVER_SCHEMA,
  STORE_SCHEMA,
} from './schema.ts'
import { entryOf, isTable, type Table } from './table.ts'

/**
 * The keys that one particular file may have, by their full paths: the fixed tables, and the providers and pipelines
 * under their own names. Steps of pipelines are left out: they have no names yet.
 */
export function tablesSchema(file: Table, kinds: ReadonlyMap<string, ProviderKindEntry>): ObjectSchema {
  return tableOf('The configuration.', {
    server: SERVER_SCHEMA,
    metrics: METRICS_SCHEMA,
    log: LOG_SCHEMA,
    store: STORE_SCHEMA,
    prices: tableOf(
      'Prices by model.',
      eachEntry(file.prices, () => PRICE_SCHEMA),
    ),
    model_capabilities: { type: 'array', items: MODEL_SCHEMA, description: 'What models take.' },
    providers: tableOf(
      'Providers by name.',
      eachEntry(file.providers, provider => providerTable(provider, kinds)),
    ),
    pipelines: tableOf(
      'Pipelines by name.',
      eachEntry(file.pipelines, () => PIPELINE_TABLE),
    ),
  })
}

const PIPELINE_TABLE = tableOf(PIPELINE_SCHEMA.description, {
  ...PIPELINE_SCHEMA.properties,
  parsers: { type: 'array', items: PARSER_SCHEMA, description: 'Wire formats that clients may speak.' },
  processors: { type: 'array', items: tableOf('A step.', {}), description: 'Steps in the order of a call.' },
})

function providerTable(provider: unknown, kinds: ReadonlyMap<string, ProviderKindEntry>): ObjectSchema {
  const kind = isTable(provider) ? kinds.get(String(entryOf(provider, 'client'))) : undefined
  return tableOf(PROVIDER_SCHEMA.description, { ...kind?.options.properties, ...PROVIDER_SCHEMA.properties })
}

function eachEntry(tables: unknown, schemaOf: (table: unknown) => ObjectSchema): Record<string, OptionSchema> {
  if (!isTable(tables)) return {}
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, schemaOf(table)]))
}

function tableOf(description: string, properties: Readonly<Record<string, OptionSchema>>): ObjectSchema {
  return { type: 'object', description, properties, additionalProperties: false }
}
