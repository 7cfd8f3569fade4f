import { type JsonDocument, parseDocument } from '../../json/document.ts'
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import type { JsonText } from '../conversation.ts'
import { camelCase, isRecord, type Json } from './fields.ts'

/**
 * Gemini's `Schema` (an OpenAPI 3.0 subset: upper-case types, `nullable`, counts in quotes) → JSON Schema, so that
 * other formats understand it. A schema that already is JSON Schema comes back as it was written.
 */
export function jsonSchemaOf(node: unknown, document: JsonDocument): JsonText {
  const walk = new Walk(document)
  const schema = walk.schema(node)
  return walk.changed ? writeJson(schema) : document.textOf(node)
}

/** The same for source text; `undefined` where it is no JSON. */
export function jsonSchemaOfText(text: JsonText): JsonText | undefined {
  try {
    const document = parseDocument(text)
    return jsonSchemaOf(document.value, document)
  } catch {
    return undefined
  }
}

/** `google.ai.generativelanguage.v1beta.Type`, as clients that send enums as numbers have it. */
const TYPES: readonly (string | undefined)[] = [
  undefined,
  'string',
  'number',
  'integer',
  'boolean',
  'array',
  'object',
  'null',
]
const COUNTS: ReadonlySet<string> = new Set([
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
])

class Walk {
  changed = false
  readonly #document: JsonDocument

  constructor(document: JsonDocument) {
    this.#document = document
  }

  schema(node: unknown): Writable {
    if (!isRecord(node)) return this.#raw(node)
    const members = Object.entries(node).map(([key, value]) => this.#member(key, value))
    const schema = Object.fromEntries(members.filter(member => member !== undefined))
    return node.nullable === true ? this.#nullable(schema, node) : schema
  }

  #member(key: string, value: unknown): readonly [string, Writable] | undefined {
    const name = this.#name(key)
    switch (name) {
      case 'type':
        return [name, this.#type(value)]
      case 'nullable':
        this.changed = true
        return undefined
      case 'properties':
      case '$defs':
        return [name, isRecord(value) ? this.#each(value) : this.#raw(value)]
      case 'items':
      case 'additionalProperties':
        return [name, this.schema(value)]
      case 'anyOf':
      case 'oneOf':
      case 'allOf':
        return [name, Array.isArray(value) ? value.map(item => this.schema(item)) : this.#raw(value)]
      default:
        return [name, COUNTS.has(name) ? this.#count(value) : this.#raw(value)]
    }
  }

  /** Property names are the author's; only keywords are respelled. */
  #name(key: string): string {
    const name = camelCase(key)
    if (name !== key) this.changed = true
    return name
  }

  #each(properties: Json): Writable {
    return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, this.schema(value)]))
  }

  #type(value: unknown): Writable {
    const type = typeof value === 'number' ? TYPES[value] : typeof value === 'string' ? value.toLowerCase() : undefined
    if (type === undefined || type === value) return this.#raw(value)
    this.changed = true
    return type
  }

  #count(value: unknown): Writable {
    const count = typeof value === 'string' ? Number(value) : Number.NaN
    if (!Number.isInteger(count)) return this.#raw(value)
    this.changed = true
    return count
  }

  #nullable(schema: Readonly<Record<string, Writable>>, node: Json): Writable {
    if (typeof schema.type === 'string') {
      const values = Array.isArray(node.enum) ? { enum: [...node.enum.map(value => this.#raw(value)), null] } : {}
      return { ...schema, type: [schema.type, 'null'], ...values }
    }
    return Array.isArray(schema.anyOf) ? { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] } : schema
  }

  #raw(value: unknown): Writable {
    return new RawJson(this.#document.textOf(value))
  }
}
