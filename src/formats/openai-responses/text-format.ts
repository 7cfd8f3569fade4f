/** Output formats and efforts, which stand both at the top of a request and in `configuration_update` items. */
import { createHash } from 'node:crypto'
import type { JsonDocument } from '../../json/document.ts'
import { RawJson, type Writable } from '../../json/raw.ts'
import type { Effort, OutputFormat } from '../conversation.ts'
import { booleanOf, isFields, stringOf } from './fields.ts'

/** From the least to the most. */
export const EFFORTS: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

export function effortOf(value: unknown): Effort | undefined {
  return EFFORTS.find(effort => effort === value)
}

/** @returns `undefined` when it is missing or of a type that is not known */
export function decodeOutputFormat(document: JsonDocument, format: unknown): OutputFormat | undefined {
  if (!isFields(format)) return undefined
  switch (format.type) {
    case 'text':
      return { type: 'text' }
    case 'json_object':
      return { type: 'json' }
    case 'json_schema': {
      if (!isFields(format.schema)) return undefined
      const name = stringOf(format.name)
      const description = stringOf(format.description)
      const strict = booleanOf(format.strict)
      return {
        type: 'schema',
        schema: document.textOf(format.schema),
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        ...(strict === undefined ? {} : { strict }),
      }
    }
    default:
      return undefined
  }
}

export function encodeOutputFormat(format: OutputFormat): Writable {
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json') return { type: 'json_object' }
  return {
    type: 'json_schema',
    name: schemaName(format.name),
    description: format.description,
    schema: new RawJson(format.schema),
    strict: format.strict,
  }
}

/** The API insists on a name of 1 to 64 letters, digits, `_` and `-`; other formats need none or allow more. */
function schemaName(name: string | undefined): string {
  if (name === undefined || name === '') return 'response'
  if (/^[a-zA-Z0-9_-]{1,64}$/.test(name)) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 55)}_${hash}`
}
