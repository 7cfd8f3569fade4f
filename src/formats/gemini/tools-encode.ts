import { RawJson, type Writable } from '../../json/raw.ts'
import type { ModelCapabilities } from '../../models/capabilities.ts'
import type { Conversation, CustomTool, FunctionTool, HostedTool, Tool, ToolChoice } from '../conversation.ts'
import { flatName, nameRule } from '../tool-names.ts'
import { FREE_TEXT } from './arguments.ts'
import { extensionMembers, FORMAT, noteOf } from './fields.ts'
import type { Losses } from './losses.ts'
import { nestedMembers } from './nested.ts'
import { jsonSchemaOfText } from './openapi-schema.ts'
import { unsupported } from './parts-encode.ts'
import { fitSchema } from './schema-subset.ts'

/** Reference of `FunctionDeclaration.name`. */
export const TOOL_NAMES = nameRule('a-zA-Z0-9_.:-', 128, 'a-zA-Z_')

/** Canonical → `tools`: neighbouring functions share one entry, each of Google's own tools has one. */
export function encodeTools(tools: readonly Tool[], toolChoice: ToolChoice | undefined, losses: Losses): Writable {
  const entries: Writable[] = []
  let functions: Writable[] = []
  tools.forEach((tool, at) => {
    const path = `tools[${at}]`
    if (tool.kind !== 'hosted') {
      if (functions.length === 0) entries.push({ functionDeclarations: functions })
      functions.push(tool.kind === 'function' ? encodeFunction(tool, path, losses) : encodeCustom(tool, path, losses))
      return
    }
    const hosted = encodeHosted(tool, toolChoice, path, losses)
    if (hosted === undefined) return
    functions = []
    entries.push(hosted)
  })
  checkNames(tools)
  return entries.length === 0 ? undefined : entries
}

function encodeFunction(tool: FunctionTool, path: string, losses: Losses): Writable {
  losses.foreign(tool.extensions, path)
  if (tool.deferred) losses.approximated(`${path}.deferred`, 'Gemini gets all tools at once')
  return {
    name: flatName(tool),
    description: tool.description,
    ...encodeParameters(tool, path, losses),
    ...extensionMembers(tool.extensions),
  }
}

/** `parameters` goes back as it came as long as it still says the same as the schema. */
function encodeParameters(tool: FunctionTool, path: string, losses: Losses): Readonly<Record<string, Writable>> {
  const { schema } = tool
  if (schema === undefined) return {}
  const parameters = noteOf(tool.extensions, 'parameters')
  if (parameters !== undefined && jsonSchemaOfText(parameters) === schema)
    return { parameters: new RawJson(parameters) }
  return { parametersJsonSchema: encodeSchema(schema, `${path}.schema`, losses) }
}

export function encodeSchema(schema: string, path: string, losses: Losses): Writable {
  const { text, altered } = fitSchema(schema)
  if (altered.length > 0) losses.approximated(path, `Gemini does not take ${altered.join(', ')}`)
  return new RawJson(text)
}

/** A free-text tool becomes a function with one text (conversion.md E49). */
function encodeCustom(tool: CustomTool, path: string, losses: Losses): Writable {
  losses.foreign(tool.extensions, path)
  if (tool.grammar) losses.approximated(path, 'Gemini enforces no grammars: put in the description')
  const grammar =
    tool.grammar && `The text must follow this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}`
  const description = [tool.description, grammar].filter(text => text !== undefined).join('\n\n')
  return {
    name: flatName(tool),
    description: description === '' ? undefined : description,
    parametersJsonSchema: { type: 'object', properties: { [FREE_TEXT]: { type: 'string' } }, required: [FREE_TEXT] },
  }
}

function encodeHosted(tool: HostedTool, choice: ToolChoice | undefined, path: string, losses: Losses): Writable {
  if (tool.format === FORMAT) return new RawJson(tool.json)
  if (!isWebSearch(tool)) {
    throw unsupported(path, `(${tool.name}) is run by another provider, and Gemini has none like it. Leave it out.`)
  }
  // The mode NONE keeps Gemini from calling functions, but not from searching.
  if (choice?.mode === 'none') return undefined
  losses.approximated(path, 'the search is Google’s, without the options of this one')
  return { googleSearch: {} }
}

function isWebSearch({ name }: HostedTool): boolean {
  return /^web_search(?:_preview)?(?:_\d|$)/.test(name)
}

function isForeignSearch(tool: Tool): boolean {
  return tool.kind === 'hosted' && tool.format !== FORMAT && isWebSearch(tool)
}

function checkNames(tools: readonly Tool[]): void {
  const seen = new Map<string, number>()
  tools.forEach((tool, at) => {
    if (tool.kind === 'hosted') return
    const name = flatName(tool)
    const before = seen.get(name)
    seen.set(name, at)
    if (before !== undefined)
      throw unsupported(`tools[${at}].name`, `is the same as that of tools[${before}]: "${name}".`)
  })
}

/** Canonical → `toolConfig`. */
export function encodeToolConfig(conversation: Conversation, capabilities: ModelCapabilities): Writable {
  const { tools, toolChoice, extensions } = conversation
  const { functionCallingConfig: _, ...rest } = nestedMembers(extensions, 'toolConfig')
  const functions = tools.filter(tool => tool.kind !== 'hosted')
  const strict = functions.some(tool => tool.kind === 'function' && tool.strict === true)
  const left = callingRest(conversation)
  const choice = functions.length === 0 ? undefined : encodeChoice(toolChoice, functions, strict)
  const calling = choice || Object.keys(left).length > 0 ? { ...choice, ...left } : undefined
  const mixed = functions.length > 0 && tools.some(isForeignSearch)
  const includeServerSideToolInvocations = mixed && capabilities.hosted_tools_with_functions ? true : undefined
  if (calling === undefined && !includeServerSideToolInvocations && Object.keys(rest).length === 0) return undefined
  return { functionCallingConfig: calling, includeServerSideToolInvocations, ...rest }
}

/** What is left of `functionCallingConfig`; its `mode` counts only while the choice is still the one it stood for. */
function callingRest({ extensions, toolChoice }: Conversation): Readonly<Record<string, RawJson>> {
  const text = nestedMembers(extensions, 'toolConfig').functionCallingConfig?.text
  if (text === undefined) return {}
  const { mode, ...rest } = nestedMembers({ [FORMAT]: { calling: text } }, 'calling')
  return mode !== undefined && toolChoice?.mode === 'auto' ? { mode, ...rest } : rest
}

function encodeChoice(
  choice: ToolChoice | undefined,
  functions: readonly (FunctionTool | CustomTool)[],
  strict: boolean,
): Readonly<Record<string, Writable>> | undefined {
  if (choice === undefined) return strict ? { mode: 'VALIDATED' } : undefined
  if (choice.mode === 'named') {
    if (choice.kind === 'hosted') throw unsupported('toolChoice', 'names a tool that Gemini cannot be made to use.')
    return { mode: 'ANY', allowedFunctionNames: [nameIn(functions, choice.name)] }
  }
  if (choice.mode === 'none') return { mode: 'NONE' }
  const names = choice.allowed?.map(name => nameIn(functions, name)) ?? []
  const allowedFunctionNames = names.length > 0 ? names : undefined
  if (choice.mode === 'required') return { mode: 'ANY', allowedFunctionNames }
  // The mode AUTO takes no list of names.
  return { mode: strict || allowedFunctionNames ? 'VALIDATED' : 'AUTO', allowedFunctionNames }
}

/** What a function that a choice names is called here: one of a namespace has another name on this wire. */
function nameIn(functions: readonly (FunctionTool | CustomTool)[], name: string): string {
  const found = functions.find(each => each.name === name)
  return found === undefined ? name : flatName(found)
}
