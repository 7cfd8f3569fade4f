/** What the grammars of structured outputs cannot hold, so that a schema with it has to be asked for in another way. */
import type { ModelCapabilities } from '../../models/capabilities.ts'
import { isObject, type JsonObject } from './fields.ts'
import { parsed } from './leftovers.ts'

/** Why a model cannot be held to a schema, in its answer or by a strict tool; `undefined` when it can. */
export function obstacleTo(schema: string, { structured_output: structured }: ModelCapabilities): string | undefined {
  if (structured === 'none') return 'this model has no structured outputs'
  const beyond = structured === 'any' ? undefined : beyondStructuredOutputs(schema)
  return beyond && `structured outputs know no ${beyond}`
}

/**
 * @returns what it is in words; `undefined` for a schema that structured outputs take (Anthropic API, "Structured
 *   outputs"; conversion.md E144). Objects with free keys would be taken, but only ever be empty.
 */
function beyondStructuredOutputs(schema: string): string | undefined {
  const root = parsed(schema)?.value
  if (!isObject(root)) return undefined
  if (isRecursive(root)) return 'recursion'
  return subschemas(root).some(hasFreeKeys) ? 'objects with free keys' : undefined
}

function hasFreeKeys({ type, properties, additionalProperties, patternProperties }: JsonObject): boolean {
  if (isObject(additionalProperties) || additionalProperties === true || patternProperties !== undefined) return true
  return type === 'object' && properties === undefined && additionalProperties !== false
}

/** Whether a definition leads back to itself. */
function isRecursive(root: JsonObject): boolean {
  const definitions = new Map<string, JsonObject>([['#', root]])
  for (const key of ['$defs', 'definitions']) {
    const named = root[key]
    if (!isObject(named)) continue
    for (const [name, schema] of Object.entries(named))
      if (isObject(schema)) definitions.set(`#/${key}/${name}`, schema)
  }
  const done = new Set<string>()
  const leadsBack = (name: string, way: readonly string[]): boolean => {
    if (way.includes(name)) return true
    const schema = definitions.get(name)
    if (schema === undefined || done.has(name)) return false
    done.add(name)
    return refsOf(schema).some(ref => leadsBack(ref, [...way, name]))
  }
  return [...definitions.keys()].some(name => leadsBack(name, []))
}

function refsOf(schema: JsonObject): readonly string[] {
  return subschemas(schema, false).flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []))
}

const SCHEMAS = ['items', 'additionalProperties', 'not', 'if', 'then', 'else'] as const
const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const
const MAPS = ['properties', 'patternProperties'] as const
const DEFINITIONS = ['$defs', 'definitions'] as const

/** The schema and all that stand in it. @param withDefinitions also those that it only names */
function subschemas(schema: JsonObject, withDefinitions = true): readonly JsonObject[] {
  const maps = withDefinitions ? [...MAPS, ...DEFINITIONS] : MAPS
  const inside = [
    ...SCHEMAS.map(key => schema[key]),
    ...LISTS.flatMap(key => (Array.isArray(schema[key]) ? schema[key] : [])),
    ...maps.flatMap(key => (isObject(schema[key]) ? Object.values(schema[key]) : [])),
  ]
  return [schema, ...inside.filter(isObject).flatMap(each => subschemas(each, withDefinitions))]
}
