/** A tool call's arguments: JSON text in the canonical view, an object on this wire. */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { ToolCallPart } from '../conversation.ts'
import { isObject } from './fields.ts'

/** The member that holds what is not a JSON object; a model can still read it there (conversion.md E42, E43). */
export const RAW_ARGUMENTS = '_raw'
/** The one member of a free-text tool's arguments, as its stand-in schema declares it. */
export const FREE_TEXT = 'input'

export interface ArgumentsObject {
  readonly input: Writable
  /** False when the text was no JSON object and had to be wrapped. */
  readonly exact: boolean
}

export function argumentsObject(part: Pick<ToolCallPart, 'kind' | 'arguments'>): ArgumentsObject {
  if (part.kind === 'custom') return { input: { [FREE_TEXT]: part.arguments }, exact: true }
  if (part.arguments.trim() === '') return { input: {}, exact: true }
  if (isJsonObject(part.arguments)) return { input: new RawJson(part.arguments), exact: true }
  return { input: { [RAW_ARGUMENTS]: part.arguments }, exact: false }
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}
