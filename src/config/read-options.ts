import { resolve } from 'node:path'
import type { ArraySchema, MapSchema, ObjectSchema, OptionSchema, StringSchema } from '../options.ts'
import type { Place } from './place.ts'
import { SecretString } from './secret.ts'
import { isTable } from './table.ts'
import { type Measure, readDuration, readSize, readUntil } from './units.ts'

/** A name in somebody's options that must exist elsewhere in the configuration. */
export interface Reference {
  readonly kind: 'provider' | 'model'
  readonly value: string
  readonly place: Place
}

/** Options as their reader wants them, and the names they mention. */
export interface ReadOptions {
  readonly options: unknown
  readonly references: readonly Reference[]
}

/**
 * Turns a value that has passed its schema into what the reader gets: durations in milliseconds, sizes in bytes,
 * paths absolute, secrets wrapped, everything frozen. Of one that has not passed, the references count all the same: a dead one is to
 * be told of together with the other problems.
 */
export function readOptions(schema: OptionSchema, value: unknown, place: Place): ReadOptions {
  if (typeof value === 'string' && schema.type === 'string') return readString(schema, value, place)
  if (Array.isArray(value) && schema.type === 'array') return readArray(schema, value, place)
  if (isTable(value) && schema.type === 'object') return readTable(schema, value, place)
  return { options: value, references: [] }
}

function readString(schema: StringSchema, text: string, place: Place): ReadOptions {
  const references = schema.refersTo === undefined ? [] : [{ kind: schema.refersTo, value: text, place }]
  if (schema.secret) return { options: Object.freeze(new SecretString(text)), references }
  if (schema.format === 'path') return { options: resolve(place.folder, text), references }
  const measured = measure(schema, text)
  return { options: measured !== undefined && 'value' in measured ? measured.value : text, references }
}

function measure({ format }: StringSchema, text: string): Measure | undefined {
  switch (format) {
    case 'duration':
      return readDuration(text)
    case 'size':
      return readSize(text)
    case 'until':
      return readUntil(text)
    default:
      return undefined
  }
}

function readArray(schema: ArraySchema, values: readonly unknown[], place: Place): ReadOptions {
  const read = values.map((value, index) => readOptions(schema.items, value, place.at(index)))
  return {
    options: Object.freeze(read.map(entry => entry.options)),
    references: read.flatMap(entry => entry.references),
  }
}

function readTable(schema: ObjectSchema | MapSchema, table: object, place: Place): ReadOptions {
  const read = Object.entries(table).flatMap(([key, value]) => {
    const entrySchema = schemaOf(schema, key)
    return entrySchema === undefined ? [] : [{ key, ...readOptions(entrySchema, value, place.at(key)) }]
  })
  const named = 'keysReferTo' in schema && schema.keysReferTo ? schema.keysReferTo : undefined
  const keys = named ? read.map(({ key }) => ({ kind: named, value: key, place: place.at(key) })) : []
  return {
    options: Object.freeze(Object.fromEntries(read.map(entry => [entry.key, entry.options]))),
    references: [...keys, ...read.flatMap(entry => entry.references)],
  }
}

function schemaOf(schema: ObjectSchema | MapSchema, key: string): OptionSchema | undefined {
  if (!('properties' in schema)) return schema.additionalProperties
  return Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
}
