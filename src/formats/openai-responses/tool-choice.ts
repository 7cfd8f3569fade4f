/** `tool_choice`, both ways (OpenAI Responses API). */
import type { Writable } from '../../json/raw.ts'
import type { Tool, ToolChoice } from '../conversation.ts'
import { isFields, stringOf } from './fields.ts'

/** @returns `undefined` when it is missing or says nothing that is known */
export function decodeToolChoice(choice: unknown): ToolChoice | undefined {
  switch (choice) {
    case 'auto':
    case 'none':
    case 'required':
      return { mode: choice }
    // What Mistral and others call `required`; seen from clients that were written for them.
    case 'any':
      return { mode: 'required' }
    default:
      return isFields(choice) ? decodeObject(choice) : undefined
  }
}

function decodeObject(choice: Readonly<Record<string, unknown>>): ToolChoice | undefined {
  const type = stringOf(choice.type)
  const name = stringOf(choice.name)
  if (type === 'allowed_tools') {
    const tools = Array.isArray(choice.tools) ? choice.tools : []
    const allowed = tools.flatMap(tool => (isFields(tool) ? (stringOf(tool.name) ?? stringOf(tool.type) ?? []) : []))
    return { mode: choice.mode === 'required' ? 'required' : 'auto', allowed }
  }
  if (type === 'function' || type === 'custom')
    return name === undefined ? undefined : { mode: 'named', name, kind: type }
  return type === undefined ? undefined : { mode: 'named', name: type, kind: 'hosted' }
}

/** @param tools those of the request, to tell of what kind an allowed name is */
export function encodeToolChoice(choice: ToolChoice, tools: readonly Tool[]): Writable {
  if (choice.mode === 'named') {
    return choice.kind === 'hosted' ? { type: choice.name } : { type: choice.kind, name: choice.name }
  }
  if (choice.mode === 'none' || choice.allowed === undefined) return choice.mode
  return {
    type: 'allowed_tools',
    mode: choice.mode,
    tools: choice.allowed.map(name => {
      const kind = tools.find(tool => tool.name === name)?.kind ?? 'function'
      return kind === 'hosted' ? { type: name } : { type: kind, name }
    }),
  }
}

/** Whether two choices say the same. */
export function sameChoice(one: ToolChoice | undefined, other: ToolChoice | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
