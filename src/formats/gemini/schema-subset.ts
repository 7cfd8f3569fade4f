import { type JsonDocument, parseDocument } from '../../json/document.ts'
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import type { JsonText } from '../conversation.ts'
import { isRecord, type Json } from './fields.ts'

/** A schema that Gemini takes, and the keywords that it says in another way than the source. */
export interface SubsetSchema {
  readonly text: JsonText
  readonly altered: readonly string[]
}

/**
 * Fits a JSON Schema to what `parametersJsonSchema` and `responseJsonSchema` understand (the reference of
 * `GenerationConfig.responseJsonSchema`). By allow-list: an unknown keyword fails the whole request there. Knows which
 * objects are schemas and which are maps of names, so that a property called `const` stays. A schema that fits comes
 * back as it was written; what cannot be said goes into the description, for the model to read.
 */
export function fitSchema(text: JsonText): SubsetSchema {
  const known = cache.get(text)
  if (known) return known
  const fitted = fitText(text)
  if (text.length <= CACHED_LENGTH) {
    if (cache.size >= CACHED_SCHEMAS) cache.clear()
    cache.set(text, fitted)
  }
  return fitted
}

// Tools are sent again with every turn of a conversation.
const cache = new Map<JsonText, SubsetSchema>()
const CACHED_SCHEMAS = 500
const CACHED_LENGTH = 16_384

function fitText(text: JsonText): SubsetSchema {
  let document: JsonDocument
  try {
    document = parseDocument(text)
  } catch {
    return { text: '{"type":"object"}', altered: ['all of it: it is not JSON'] }
  }
  const walk = new Walk(document)
  const schema = walk.schema(document.value)
  return walk.altered.size === 0 ? { text, altered: [] } : { text: writeJson(schema), altered: [...walk.altered] }
}

/** Keywords that are passed on as they are. */
const PLAIN: ReadonlySet<string> = new Set([
  '$id',
  '$anchor',
  '$schema',
  '$comment',
  'type',
  'format',
  'title',
  'description',
  'default',
  'examples',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'required',
  'propertyOrdering',
])

type Members = Record<string, Writable>

class Walk {
  readonly altered = new Set<string>()
  readonly #document: JsonDocument

  constructor(document: JsonDocument) {
    this.#document = document
  }

  schema(node: unknown): Writable {
    if (typeof node === 'boolean') return {}
    if (!isRecord(node)) return this.#raw(node)
    if (typeof node.$ref === 'string') return this.#reference(node, node.$ref)
    if (Array.isArray(node.allOf)) return this.schema(this.#merged(node.allOf, node))
    const notes: string[] = []
    const members: Members = {}
    for (const key of Object.keys(node)) Object.assign(members, this.#member(key, node, notes))
    if (notes.length > 0) members.description = described(node.description, notes)
    return members
  }

  /** Beside a `$ref` nothing may stand but keywords that begin with `$`. */
  #reference(node: Json, target: string): Writable {
    const members: Members = { $ref: target.replace(/^#\/definitions\//, '#/$defs/') }
    if (members.$ref !== target) this.altered.add('definitions')
    for (const key of Object.keys(node)) {
      if (key === '$ref') continue
      if (key === '$defs' || key === 'definitions') Object.assign(members, this.#member(key, node, []))
      else if (key.startsWith('$')) members[key] = this.#raw(node[key])
      else this.altered.add(`"${key}" beside $ref`)
    }
    return members
  }

  #member(key: string, node: Json, notes: string[]): Members {
    const value = node[key]
    if (PLAIN.has(key)) return { [key]: key === 'required' ? this.#required(node) : this.#raw(value) }
    switch (key) {
      case 'properties':
      case '$defs':
        return { [key]: this.#map(value) }
      case 'definitions':
        this.altered.add(key)
        return { $defs: this.#map(value) }
      case 'items':
        return Array.isArray(value) ? this.#tuple(value) : { items: this.schema(value) }
      case 'prefixItems':
      case 'anyOf':
      case 'oneOf':
        return { [key]: Array.isArray(value) ? value.map(item => this.schema(item)) : this.#raw(value) }
      case 'additionalProperties':
        return { [key]: typeof value === 'boolean' ? value : this.schema(value) }
      default:
        return this.#foreign(key, node, notes)
    }
  }

  #foreign(key: string, node: Json, notes: string[]): Members {
    const value = node[key]
    if (key === 'enum' && Array.isArray(value)) return this.#enum(value)
    this.altered.add(key)
    if (key === 'const') return this.#enum([value])
    if (key === 'nullable') return value === true && typeof node.type === 'string' ? { type: [node.type, 'null'] } : {}
    if (key === 'example') return { examples: [this.#raw(value)] }
    notes.push(`${key}: ${this.#document.textOf(value).slice(0, NOTE_LENGTH)}`)
    return {}
  }

  /** Names only what is there: Gemini refuses `required` of a property that is not. */
  #required(node: Json): Writable {
    const { properties, required } = node
    if (!Array.isArray(required) || !isRecord(properties)) return this.#raw(required)
    const present = required.filter(name => typeof name === 'string' && Object.hasOwn(properties, name))
    if (present.length === required.length) return this.#raw(required)
    this.altered.add('required')
    return present
  }

  /** Only strings and numbers may be listed. */
  #enum(values: readonly unknown[]): Members {
    const usable = values.filter(value => typeof value === 'string' || typeof value === 'number')
    if (usable.length !== values.length) this.altered.add('enum')
    return usable.length === 0 ? {} : { enum: usable }
  }

  #tuple(items: readonly unknown[]): Members {
    this.altered.add('items')
    return { prefixItems: items.map(item => this.schema(item)) }
  }

  /** The branches' members in one schema; of a keyword said twice the later one counts, but `properties` are joined. */
  #merged(branches: readonly unknown[], node: Json): Json {
    this.altered.add('allOf')
    const merged: Record<string, unknown> = {}
    for (const branch of [...branches, node]) {
      if (!isRecord(branch)) continue
      for (const [key, value] of Object.entries(branch)) {
        if (key === 'allOf' && branch === node) continue
        define(merged, key, joined(key, merged[key], value))
      }
    }
    return merged
  }

  #map(value: unknown): Writable {
    if (!isRecord(value)) return this.#raw(value)
    return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, this.schema(schema)]))
  }

  #raw(value: unknown): Writable {
    return new RawJson(this.#document.textOf(value))
  }
}

const NOTE_LENGTH = 200

function described(description: unknown, notes: readonly string[]): string {
  const before = typeof description === 'string' && description !== '' ? `${description} ` : ''
  return `${before}(${notes.join('; ')})`
}

function joined(key: string, before: unknown, value: unknown): unknown {
  if (key === 'required' && Array.isArray(before) && Array.isArray(value)) return [...new Set([...before, ...value])]
  if ((key === 'properties' || key === '$defs') && isRecord(before) && isRecord(value)) return { ...before, ...value }
  return value
}

/** Assignment that makes a member even of `__proto__`. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}
