import type { ErrorObject } from 'ajv'
import { didYouMean } from './did-you-mean.ts'
import type { KeyPath } from './key-path.ts'
import { overrideName } from './overrides.ts'
import { patternSentence } from './patterns.ts'
import type { Place } from './place.ts'
import type { Problem } from './problems.ts'
import { entryOf, isTable } from './table.ts'
import { type Measure, readDuration, readSize, readUntil } from './units.ts'
import { urlFault } from './url.ts'

/** What was checked: the errors of ajv speak of it. */
export interface CheckedTable {
  readonly place: Place
  readonly value: unknown
  /** Keys of the same table that somebody else reads: the user may have meant one of them. */
  readonly alsoKnown: Iterable<string>
}

/**
 * An error of ajv as a sentence about TOML.
 * @returns `undefined` when the value is unknown anyway, which has been reported
 */
export function problemOf(error: ErrorObject, table: CheckedTable): Problem | undefined {
  const keys = keysOf(error.instancePath, table.value)
  const place = table.place.at(...keys)
  if (place.origin?.kind === 'unknown') return undefined
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty)
      const known = [...propertyNames(error.parentSchema), ...(keys.length === 0 ? table.alsoKnown : [])]
      return place.at(key).problem(`unknown key${didYouMean(key, known)}`, 'key')
    }
    case 'required':
      return place.at(String(error.params.missingProperty)).problem('is missing')
    default:
      return place.problem(sentence(error, place))
  }
}

/** A JSON pointer as a path; only the value itself tells an array's index from a table's key that is a number. */
function keysOf(pointer: string, root: unknown): KeyPath {
  let value = root
  return pointer
    .split('/')
    .slice(1)
    .map(step => {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
      const key = Array.isArray(value) ? Number(name) : name
      value = isTable(value) ? entryOf(value, name) : Array.isArray(value) ? value[Number(name)] : undefined
      return key
    })
}

function propertyNames(schema: unknown): readonly string[] {
  return isTable(schema) && isTable(schema.properties) ? Object.keys(schema.properties) : []
}

function sentence(error: ErrorObject, place: Place): string {
  const shown = showable(error, place)
  const instead = shown === undefined ? '' : `, not ${shown}`
  const { limit } = error.params
  switch (error.keyword) {
    case 'type':
      return `must be ${expected(error)}, not ${kindOf(error.data)}${remedy(error, place)}`
    case 'enum':
      return enumSentence(error, instead)
    case 'format':
      return formatFault(error)
    case 'minimum':
      return `must be at least ${limit}${instead}`
    case 'maximum':
      return `must be at most ${limit}${instead}`
    case 'exclusiveMinimum':
      return `must be more than ${limit}${instead}`
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength':
      return `must have at most ${limit} characters`
    case 'minItems':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} entries`
    case 'maxItems':
      return `must have at most ${limit} entries`
    case 'uniqueItems':
      return `has the same entry twice, at ${error.params.j} and ${error.params.i}`
    case 'pattern':
      return patternSentence(String(error.params.pattern))
    default:
      return error.message ?? 'is not valid'
  }
}

function enumSentence(error: ErrorObject, instead: string): string {
  const allowed = (error.params.allowedValues as unknown[]).map(String)
  const list = allowed.map(value => JSON.stringify(value)).join(', ')
  const hint = instead === '' ? '' : didYouMean(String(error.data), allowed)
  return `must be ${allowed.length === 1 ? '' : 'one of '}${list}${instead}${hint}`
}

function formatFault(error: ErrorObject): string {
  const text = String(error.data)
  switch (error.params.format) {
    case 'duration':
      return faultOf(readDuration(text))
    case 'size':
      return faultOf(readSize(text))
    case 'until':
      return faultOf(readUntil(text))
    case 'url':
      return urlFault(text) ?? 'is not a valid URL'
    case 'glob':
    case 'path':
      return 'must not be empty'
    default:
      return `must be of the format ${error.params.format}`
  }
}

function faultOf(measure: Measure): string {
  return 'fault' in measure ? measure.fault : 'is not valid'
}

function showable(error: ErrorObject, place: Place): string | undefined {
  return isTable(error.parentSchema) && error.parentSchema.secret === true ? undefined : place.show(error.data)
}

/** A variable in a string cannot become a number, but one that overrides the key can. */
function remedy(error: ErrorObject, place: Place): string {
  const scalar = ['integer', 'number', 'boolean'].includes(String(error.params.type))
  if (!scalar || place.origin?.kind !== 'interpolated' || place.path.some(key => typeof key === 'number')) return ''
  return `; a variable inside quotes gives a string, so set ${overrideName(place.path)} instead`
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'a table',
  array: 'an array',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

function expected(error: ErrorObject): string {
  const format = isTable(error.parentSchema) ? error.parentSchema.format : undefined
  if (format === 'duration') return 'a duration in quotes, such as "15s"'
  if (format === 'size') return 'a size in quotes, such as "64KiB"'
  return [error.params.type as string | string[]]
    .flat()
    .map(type => EXPECTED[type] ?? type)
    .join(' or ')
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (isTable(value)) return 'a table'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction'
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? 'a string' : 'nothing'
}
