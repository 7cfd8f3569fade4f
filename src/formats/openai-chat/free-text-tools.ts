/** Free-text tools for servers that know functions only: a function of one text stands in (conversion.md E49). */
import { writeJson } from '../../json/raw.ts'
import type { CustomTool, FunctionTool } from '../conversation.ts'
import type { Ledger } from './ledger.ts'

/** The stand-in's one argument. A format with free-text tools takes the text out of it again. */
const FREE_TEXT = 'input'
const SCHEMA = writeJson({ type: 'object', properties: { [FREE_TEXT]: { type: 'string' } }, required: [FREE_TEXT] })

/** @param path of the tool, for losses */
export function functionFor({ grammar, kind: _, ...tool }: CustomTool, path: string, ledger: Ledger): FunctionTool {
  const standIn: FunctionTool = { ...tool, kind: 'function', schema: SCHEMA }
  if (grammar === undefined) return standIn
  ledger.approximated(`${path}.grammar`, 'this server enforces no grammars: put in the description')
  const rule = `The input must match this ${grammar.syntax} grammar:\n${grammar.definition}`
  return { ...standIn, description: tool.description === undefined ? rule : `${tool.description}\n\n${rule}` }
}

/** The arguments of a call of the stand-in. */
export function argumentsFor(text: string): string {
  return writeJson({ [FREE_TEXT]: text })
}
