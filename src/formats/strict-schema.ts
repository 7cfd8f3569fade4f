/**
 * Whether a schema keeps the rules of OpenAI's strict mode: every object closed, every property required, and no keyword
 * or pattern that the mode has no grammar for. Other makers' strict modes ask for less, and OpenAI answers 400 to a
 * strict schema that breaks its rules (OpenAI API, "Structured outputs"; conversion.md C.6).
 */
export function keepsStrictRules(schemaText: string): boolean {
  try {
    return keeps(JSON.parse(schemaText))
  } catch {
    return false
  }
}

export const NOT_STRICT = 'not strict: the schema does not keep the rules of the strict mode of OpenAI'

const REFUSED = ['oneOf', 'allOf', 'not', 'if', 'propertyNames', 'patternProperties'] as const
const LOOKAROUND = /\(\?<?[=!]/

function keeps(schema: unknown): boolean {
  if (!isObject(schema)) return typeof schema !== 'boolean'
  const { properties, pattern } = schema
  if (REFUSED.some(key => schema[key] !== undefined)) return false
  if (typeof pattern === 'string' && LOOKAROUND.test(pattern)) return false
  if (schema.type === 'object' || properties !== undefined) {
    const names = isObject(properties) ? Object.keys(properties) : []
    const required = listOf(schema.required)
    if (schema.additionalProperties !== false || !names.every(name => required.includes(name))) return false
  }
  return (
    [properties, schema.$defs, schema.definitions].every(each => !isObject(each) || Object.values(each).every(keeps)) &&
    listOf(schema.anyOf).every(keeps) &&
    (schema.items === undefined || keeps(schema.items))
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
