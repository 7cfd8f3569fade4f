import { RawJson, type Writable } from '../../json/raw.ts'
import type { ToolCallPart } from '../conversation.ts'
import { isRecord } from './fields.ts'
import type { Losses } from './losses.ts'

/** The one argument of a free-text tool, as its stand-in declaration names it. */
export const FREE_TEXT = 'input'
/** Holds arguments that are no JSON object, where the model can still read them (conversion.md E42, E43). */
const NOT_AN_OBJECT = '_raw'

/** A call's arguments as the object that `args` must be: spliced as they were written. */
export function encodeArguments(call: ToolCallPart, path: string, losses: Losses): Writable {
  if (call.kind === 'custom') return { [FREE_TEXT]: call.arguments }
  if (call.arguments.trim() === '') return {}
  if (isObjectText(call.arguments)) return new RawJson(call.arguments)
  losses.approximated(`${path}.arguments`, 'they are no JSON object')
  return { [NOT_AN_OBJECT]: call.arguments }
}

function isObjectText(text: string): boolean {
  try {
    return isRecord(JSON.parse(text))
  } catch {
    return false
  }
}
