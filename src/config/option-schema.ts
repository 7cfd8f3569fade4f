import { Ajv, type ValidateFunction } from 'ajv'
import type { ObjectSchema } from '../options.ts'
import type { Problem } from './problems.ts'
import { entryOf, isTable, type Table } from './table.ts'
import { readDuration, readSize, readUntil } from './units.ts'
import { urlFault } from './url.ts'

/** One compiler for all tables: strict, all errors at once, defaults filled in, and the words of `ObjectSchema`. */
const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, allowUnionTypes: true, verbose: true })
  .addKeyword({ keyword: 'refersTo', type: 'string', metaSchema: { enum: ['provider', 'model'] } })
  .addKeyword({ keyword: 'keysReferTo', type: 'object', metaSchema: { enum: ['provider', 'model'] } })
  .addKeyword({ keyword: 'secret', type: 'string', metaSchema: { enum: [true] } })
  .addFormat('duration', text => 'value' in readDuration(text))
  .addFormat('size', text => 'value' in readSize(text))
  .addFormat('until', text => 'value' in readUntil(text))
  .addFormat('url', text => urlFault(text) === undefined)
  .addFormat('glob', text => text !== '')
  .addFormat('path', text => text !== '')

/** Schemas are literals of modules: each is compiled once, and forgotten together with its module. */
const compiled = new WeakMap<ObjectSchema, ValidateFunction>()

/** @throws Error when the schema itself is bad; `schemaProblems` tells how */
export function compileSchema(schema: ObjectSchema): ValidateFunction {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const validate = ajv.compile(schema)
  // The compiler's own cache would keep every schema that ever was, also those of replaced modules.
  ajv.removeSchema(schema)
  compiled.set(schema, validate)
  return validate
}

/**
 * What is wrong with the schema of a component: its author's fault, so it is named by the component's file.
 * @param reserved keys that the host keeps for itself in the same table
 */
export function schemaProblems(schema: unknown, file: string, reserved: Iterable<string> = []): readonly Problem[] {
  const problem = (key: string, message: string): Problem => ({ file, key, message })
  if (!isTable(schema) || schema.type !== 'object' || !isTable(schema.properties)) {
    return [problem('options', 'must be a JSON Schema of type "object" with "properties"')]
  }
  const faults = [...faultsOf(schema, 'options')]
  for (const key of reserved) {
    if (!Object.hasOwn(schema.properties, key)) continue
    faults.push([`options.${key}`, 'is a key that the host reads itself; rename it'])
  }
  if (faults.length > 0) return faults.map(([key, message]) => problem(key, message))
  try {
    const validate = compileSchema(schema as unknown as ObjectSchema)
    return defaultFaults(validate).map(([key, message]) => problem(key, message))
  } catch (error) {
    return [
      problem('options', `is not a strict JSON Schema: ${error instanceof Error ? error.message : 'unknown fault'}`),
    ]
  }
}

/** Defaults that their own schema refuses: the user would be told of a mistake that is not theirs. */
function defaultFaults(validate: ValidateFunction): readonly Fault[] {
  // Of an empty table, all that there is to find fault with are the defaults that fill it.
  validate({})
  const refused = (validate.errors ?? []).filter(error => error.keyword !== 'required')
  return refused.map(error => [
    `options${error.instancePath.replaceAll('/', '.')}`,
    'has a default that its schema refuses',
  ])
}

type Fault = readonly [key: string, message: string]

/** The rules beyond JSON Schema: everything is described, and no table takes keys that nobody declared. */
function* faultsOf(schema: Table, key: string): Generator<Fault> {
  if (isTable(schema.properties)) {
    if (schema.additionalProperties !== false) yield [key, 'must have "additionalProperties: false"']
    for (const [name, property] of Object.entries(schema.properties)) {
      const propertyKey = `${key}.${name}`
      if (!isTable(property)) yield [propertyKey, 'must be a JSON Schema']
      else yield* propertyFaults(property, propertyKey)
    }
  } else if (schema.type === 'object' && !isTable(schema.additionalProperties)) {
    yield [key, 'must have "properties", or a schema as its "additionalProperties"']
  }
  for (const inner of [entryOf(schema, 'items'), entryOf(schema, 'additionalProperties')]) {
    if (isTable(inner)) yield* faultsOf(inner, `${key}[]`)
  }
}

function* propertyFaults(property: Table, key: string): Generator<Fault> {
  if (typeof property.description !== 'string' || property.description.trim() === '') yield [key, 'has no description']
  if (property.type === undefined) yield [key, 'has no type']
  yield* faultsOf(property, key)
}
