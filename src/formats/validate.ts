import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { Refusal } from '../refusal.ts'

// One error is enough to refuse, and collecting all of a hostile body's errors takes memory (reliability.md, fact 11).
const ajv = new Ajv({
  allErrors: false,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
})

/**
 * Makes a check of request bodies out of a schema, which is compiled when the first body comes.
 * @returns a function that throws a Refusal 400 naming the field at fault
 */
export function bodyCheck(schema: object): (body: unknown) => void {
  // Compiling costs more than a thousand checks, and many a gateway never meets most of the formats.
  let validate: ValidateFunction | undefined
  return body => {
    validate ??= ajv.compile(schema)
    if (validate(body)) return
    const error = validate.errors?.[0]
    if (!error) throw new Refusal(400, 'invalid_request', 'The request body is not valid.')
    const param = pathOf(error)
    throw new Refusal(
      400,
      'invalid_request',
      `${param === '' ? 'The request body' : `"${param}"`} ${reasonOf(error)}.`,
      {
        param,
      },
    )
  }
}

/** `/messages/0/content` → `messages[0].content`, with the missing or surplus key appended. */
function pathOf(error: ErrorObject): string {
  const keys = error.instancePath.split('/').slice(1).map(unescapePointer)
  if (error.keyword === 'required') keys.push(String(error.params.missingProperty))
  if (error.keyword === 'additionalProperties') keys.push(String(error.params.additionalProperty))
  return keys
    .reduce((path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`), '')
    .slice(0, 256)
}

function unescapePointer(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~')
}

function reasonOf(error: ErrorObject): string {
  switch (error.keyword) {
    case 'required':
      return 'is missing'
    case 'type':
      return `must be ${[error.params.type].flat().map(withArticle).join(' or ')}`
    case 'enum':
      return `must be one of ${(error.params.allowedValues as unknown[]).map(value => JSON.stringify(value)).join(', ')}`
    case 'const':
      return `must be ${JSON.stringify(error.params.allowedValue)}`
    default:
      return error.message ?? 'is not valid'
  }
}

function withArticle(type: string): string {
  return type === 'null' ? 'null' : /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`
}
