/**
 * JSON Schema as structured outputs and strict tools take it. Keywords that would be refused become words in the
 * description, where the model still reads them (conversion.md C.6; Anthropic API, "Structured outputs").
 */
import type { JsonDocument } from '../../json/document.ts'
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import type { JsonText } from '../conversation.ts'
import { isObject, type JsonObject } from './fields.ts'
import { parsed, type WritableObject } from './leftovers.ts'

const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
])

/** Keywords whose value passes as it is. */
const PLAIN: ReadonlySet<string> = new Set([
  'type',
  'title',
  'description',
  'required',
  'enum',
  'const',
  '$ref',
  'default',
])
/** Keywords that say nothing of the value. */
const SILENT: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', 'examples'])
/** Keywords that hold schemas by name. */
const MAPS: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions'])
/** Keywords that hold lists of schemas, and the name each goes by here. */
const LISTS: ReadonlyMap<string, string> = new Map([
  ['anyOf', 'anyOf'],
  ['oneOf', 'anyOf'],
  ['allOf', 'allOf'],
])

export interface Subset {
  /** The source text itself where nothing had to change. */
  readonly text: JsonText
  /** Keywords that are only words now. */
  readonly moved: readonly string[]
}

export function schemaSubset(schema: JsonText): Subset {
  const document = parsed(schema)
  if (document === undefined || !isObject(document.value)) return { text: schema, moved: [] }
  const moved = new Set<string>()
  const changed = { value: false }
  const written = new SubsetWriter(document, moved, changed).schema(document.value)
  return changed.value ? { text: writeJson(written), moved: [...moved] } : { text: schema, moved: [] }
}

class SubsetWriter {
  readonly #document: JsonDocument
  readonly #moved: Set<string>
  readonly #changed: { value: boolean }

  constructor(document: JsonDocument, moved: Set<string>, changed: { value: boolean }) {
    this.#document = document
    this.#moved = moved
    this.#changed = changed
  }

  schema(schema: unknown): Writable {
    if (!isObject(schema)) return this.#raw(schema)
    const kept: [string, Writable][] = []
    const words: string[] = []
    for (const [key, value] of Object.entries(schema)) {
      const member = this.#member(key, value)
      if (member !== undefined) kept.push(member)
      else this.#leaveOut(key, value, words)
    }
    return this.#closed(schema, this.#described(Object.fromEntries(kept), schema, words))
  }

  /** `undefined` when the keyword cannot stay. */
  #member(key: string, value: unknown): [string, Writable] | undefined {
    const list = LISTS.get(key)
    if (list !== undefined && Array.isArray(value)) {
      if (list !== key) this.#changed.value = true
      return [list, value.map(entry => this.schema(entry))]
    }
    if (MAPS.has(key) && isObject(value)) return [key, this.#map(value)]
    if (key === 'items' && isObject(value)) return [key, this.schema(value)]
    const stays =
      PLAIN.has(key) ||
      (key === 'additionalProperties' && value === false) ||
      (key === 'format' && FORMATS.has(value)) ||
      (key === 'minItems' && (value === 0 || value === 1))
    return stays ? [key, this.#raw(value)] : undefined
  }

  /** Schema-aware: a property may be called `pattern` or `$ref`. */
  #map(schemas: JsonObject): WritableObject {
    return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, this.schema(schema)]))
  }

  #leaveOut(key: string, value: unknown, words: string[]): void {
    this.#changed.value = true
    if (SILENT.has(key) || key === 'additionalProperties') return
    this.#moved.add(key)
    words.push(`${key}: ${this.#document.textOf(value)}`)
  }

  #described(written: WritableObject, schema: JsonObject, words: readonly string[]): WritableObject {
    if (words.length === 0) return written
    const before = typeof schema.description === 'string' ? `${schema.description}\n\n` : ''
    return { ...written, description: `${before}{${words.join(', ')}}` }
  }

  /** Objects must be closed. */
  #closed(schema: JsonObject, written: WritableObject): WritableObject {
    const isOpen = (schema.type === 'object' || isObject(schema.properties)) && schema.additionalProperties !== false
    if (!isOpen) return written
    this.#changed.value = true
    return { ...written, additionalProperties: false }
  }

  #raw(value: unknown): Writable {
    return new RawJson(this.#document.textOf(value))
  }
}

/** The schema of a tool's input: its root must say that it is an object. */
export function inputSchema(schema: JsonText | undefined): RawJson | WritableObject {
  const document = schema === undefined ? undefined : parsed(schema)
  if (schema === undefined || !isObject(document?.value)) return { type: 'object', properties: {} }
  if (document.value.type !== undefined) return new RawJson(schema)
  const members = schema.slice(schema.indexOf('{') + 1)
  const isEmpty = Object.keys(document.value).length === 0
  return new RawJson(isEmpty ? '{"type":"object","properties":{}}' : `{"type":"object",${members}`)
}
