import type { ObjectSchema, OptionSchema } from '../options.ts'
import { nearestWord } from './did-you-mean.ts'
import type { Environment } from './environment.ts'
import { type KeyPath, pathId, pathText } from './key-path.ts'
import type { Origin } from './place.ts'
import type { Problem } from './problems.ts'
import { entryOf, isTable, type Table } from './table.ts'
import { parseTomlValue } from './toml.ts'

export interface Overridden {
  readonly value: Table
  /** By `pathId`: the variable that each changed value came from. */
  readonly origins: ReadonlyMap<string, Origin>
  readonly problems: readonly Problem[]
}

const PREFIX = 'SLUICE__'

/**
 * Lays the `SLUICE__SECTION__KEY` variables over a table: `SLUICE__SERVER__PORT=8080` is `port` of `[server]`.
 * Letter case does not count, and `_` stands for `-` too. Values are read as the schema's types, never interpolated.
 *
 * @param schema the keys that there are, with the names of providers and pipelines among them
 */
export function applyOverrides(table: Table, schema: ObjectSchema, environment: Environment): Overridden {
  const origins = new Map<string, Origin>()
  const problems: Problem[] = []
  let value = table
  for (const [variable, text] of Object.entries(environment).sort(byName)) {
    if (!variable.startsWith(PREFIX) || text === undefined) continue
    const target = findTarget(variable, schema)
    if ('fault' in target) {
      problems.push({ file: variable, key: '', message: target.fault })
      continue
    }
    const before = origins.get(pathId(target.path))
    if (before?.kind === 'override') {
      problems.push({ file: variable, key: pathText(target.path), message: `is set by ${before.variable} too` })
      continue
    }
    origins.set(pathId(target.path), { kind: 'override', variable })
    value = setAt(value, target.path, readValue(text, target.schema))
  }
  return { value, origins, problems }
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}

type Target = { readonly path: KeyPath; readonly schema: OptionSchema } | { readonly fault: string }

function findTarget(variable: string, root: ObjectSchema): Target {
  const path: string[] = []
  const words = variable.slice(PREFIX.length).split('__')
  let schema: OptionSchema = root
  for (const [index, word] of words.entries()) {
    if (!('properties' in schema)) return { fault: notInside(path, schema) }
    const keys: string[] = Object.keys(schema.properties)
    const key: string | undefined = keys.find(candidate => asVariable(candidate) === asVariable(word))
    const inner: OptionSchema | undefined = key === undefined ? undefined : schema.properties[key]
    if (key === undefined || inner === undefined) {
      const nearest = nearestWord(word, keys)
      const meant = nearest && overrideName([...path, nearest, ...words.slice(index + 1)])
      return { fault: `sets nothing that there is in the configuration${meant ? `; did you mean "${meant}"?` : ''}` }
    }
    path.push(key)
    schema = inner
  }
  return { path, schema }
}

/** The variable that overrides the value at a path. */
export function overrideName(path: KeyPath): string {
  return PREFIX + path.map(key => asVariable(String(key))).join('__')
}

function notInside(path: KeyPath, schema: OptionSchema): string {
  const kind =
    schema.type === 'object' ? 'a table of free keys' : schema.type === 'array' ? 'an array' : 'a single value'
  return `sets something inside ${pathText(path)}, which is ${kind}; set the whole of it, or write \${NAME} in the file`
}

/** A key as it stands in a variable's name. */
function asVariable(key: string): string {
  return key.toUpperCase().replaceAll('-', '_')
}

/** Text as the schema's type. What is not of that type stays a string: the check of the table will say so. */
function readValue(text: string, schema: OptionSchema): unknown {
  switch (schema.type) {
    case 'integer':
    case 'number':
      return /^[+-]?[0-9]+(\.[0-9]+)?$/.test(text.trim()) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'array':
    case 'object':
      return parseTomlValue(text) ?? text
    default:
      return text
  }
}

/** A copy of the table with one value set. Where something else than a table is in the way, it stays there. */
function setAt(table: Table, path: KeyPath, value: unknown): Table {
  const [key, ...rest] = path
  if (key === undefined) return table
  const name = String(key)
  const inner = entryOf(table, name)
  if (rest.length === 0) return { ...table, [name]: value }
  if (inner !== undefined && !isTable(inner)) return table
  return { ...table, [name]: setAt(inner ?? {}, rest, value) }
}
