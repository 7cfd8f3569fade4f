/** Changes of single fields of a request in its own format, asked for by `Call.with({ fields })`. */
import type { FieldChange } from '../contract.ts'
import { editAt, PointerError, parsePointer } from '../json/pointer.ts'
import { Refusal } from '../refusal.ts'
import { Body } from './body.ts'

/** What the engine has read of the request already: changed here, it would mean two things at once. */
const ENGINE_FIELDS: readonly string[] = ['model', 'stream']

/**
 * @throws Refusal 400 when the client sent something else than an object where a field is to be set
 * @throws Error when a change itself is wrong: a bug of the processor
 */
export function withFields(body: Body, changes: readonly FieldChange[]): Body {
  let { bytes } = body
  for (const change of changes) {
    const keys = parsePointer(change.pointer)
    if (keys.length === 1 && ENGINE_FIELDS.includes(keys[0] ?? '')) {
      throw new Error(`"${change.pointer}" cannot be changed as a field; use call.with({ model })`)
    }
    if (change.mode !== 'remove') JSON.parse(change.json)
    bytes = edited(bytes, keys, change)
  }
  return bytes === body.bytes ? body : Body.of(bytes)
}

function edited(bytes: Buffer, keys: readonly string[], change: FieldChange): Buffer {
  try {
    return editAt(bytes, keys, change)
  } catch (error) {
    if (!(error instanceof PointerError)) throw error
    const param = error.path.join('.')
    throw new Refusal(400, 'invalid_request', `"${param}" must be an object.`, { param, cause: error })
  }
}
