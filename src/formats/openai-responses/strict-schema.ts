import { isFields, listOf } from './fields.ts'

/**
 * Whether a schema keeps the rules of OpenAI's strict mode: every object closed, and every property required. Other
 * makers' strict modes ask for less, and OpenAI answers 400 to a strict schema that breaks its rules.
 */
export function keepsStrictRules(schemaText: string): boolean {
  try {
    return keeps(JSON.parse(schemaText))
  } catch {
    return false
  }
}

function keeps(schema: unknown): boolean {
  if (!isFields(schema)) return typeof schema !== 'boolean'
  const { properties } = schema
  if (schema.type === 'object' || properties !== undefined) {
    const names = isFields(properties) ? Object.keys(properties) : []
    const required = listOf(schema.required)
    if (schema.additionalProperties !== false || !names.every(name => required.includes(name))) return false
  }
  return (
    [properties, schema.$defs, schema.definitions].every(each => !isFields(each) || Object.values(each).every(keeps)) &&
    listOf(schema.anyOf).every(keeps) &&
    (schema.items === undefined || keeps(schema.items)) &&
    schema.oneOf === undefined &&
    schema.allOf === undefined
  )
}
