/** Tools and the choice among them, canonical → wire. */
import { RawJson } from '../../json/raw.ts'
import type { Conversation, CustomTool, FunctionTool, Tool, ToolCallPart } from '../conversation.ts'
import { flatName, nameRule } from '../tool-names.ts'
import { FREE_TEXT } from './arguments.ts'
import { type Encoding, unsupported } from './encoding.ts'
import { encodeHosted, hostedChoice, type NamedTool } from './hosted-tools.ts'
import { type WritableObject, withMembers, writableFields } from './leftovers.ts'
import { FORMAT } from './name.ts'
import { obstacleTo } from './schema-reach.ts'
import { inputSchema, schemaSubset } from './schema-subset.ts'
import { MCP_SERVERS } from './tools-decode.ts'

/** Anthropic Messages API, `Tool.name`. */
export const TOOL_NAMES = nameRule('a-zA-Z0-9_-', 128)

export interface EncodedTools {
  readonly tools: readonly (WritableObject | RawJson)[]
  readonly choice?: WritableObject
  readonly mcpServers?: RawJson
}

/** @param thinks whether manual thinking is on, with which no tool can be forced */
export function encodeTools(conversation: Conversation, thinks: boolean, encoding: Encoding): EncodedTools {
  const all = conversation.tools.flatMap((tool, index) => encodeTool(tool, `tools[${index}]`, encoding) ?? [])
  const late = lateTools(conversation, encoding)
  const named = distinct([...all, ...late])
  const servers = conversation.tools.find(isMcpServers)
  const mcpServers = servers?.kind === 'hosted' ? { mcpServers: new RawJson(servers.json) } : {}
  if (named.length === 0) return { ...pastTools(conversation), ...mcpServers }
  const { choice, only } = encodeChoice(conversation, thinks, encoding)
  const kept = only === undefined ? named : named.filter(tool => only.includes(tool.name))
  return { tools: kept.map(tool => tool.block), ...(choice === undefined ? {} : { choice }), ...mcpServers }
}

function encodeTool(tool: Tool, path: string, encoding: Encoding): NamedTool | undefined {
  if (isMcpServers(tool)) return undefined
  switch (tool.kind) {
    case 'function':
      return { name: flatName(tool), block: encodeFunction(tool, path, encoding) }
    case 'custom':
      return { name: flatName(tool), block: encodeCustom(tool, path, encoding) }
    case 'hosted':
      return encodeHosted(tool, path, encoding)
  }
}

function isMcpServers(tool: Tool): boolean {
  return tool.kind === 'hosted' && tool.format === FORMAT && tool.name === MCP_SERVERS
}

function encodeFunction(tool: FunctionTool, path: string, encoding: Encoding): WritableObject {
  const { log, capabilities, marks } = encoding
  const obstacle = tool.strict === true ? obstacleTo(tool.schema ?? '{}', capabilities) : undefined
  const strict = obstacle === undefined ? tool.strict : undefined
  if (obstacle !== undefined) log.dropped(`${path}.strict`, obstacle)
  const subset = strict === true && tool.schema !== undefined ? schemaSubset(tool.schema) : undefined
  if (subset !== undefined && subset.moved.length > 0) {
    log.approximated(`${path}.schema`, `strict tools take no ${subset.moved.join(', ')}: moved to descriptions`)
  }
  return {
    name: flatName(tool),
    ...(tool.description === undefined ? {} : { description: tool.description }),
    input_schema: inputSchema(subset?.text ?? tool.schema),
    ...(strict === undefined ? {} : { strict }),
    ...(tool.deferred === undefined ? {} : { defer_loading: tool.deferred }),
    ...writableFields(tool),
    ...marks.encode(tool, path),
  }
}

/** A tool that takes free text becomes a function of one string (conversion.md E49). */
function encodeCustom(tool: CustomTool, path: string, { log, marks }: Encoding): WritableObject {
  const { grammar } = tool
  if (grammar !== undefined)
    log.approximated(`${path}.grammar`, 'Anthropic enforces no grammars: put in the description')
  const rule =
    grammar === undefined ? [] : [`The input must match this ${grammar.syntax} grammar:\n${grammar.definition}`]
  const description = [...(tool.description === undefined ? [] : [tool.description]), ...rule].join('\n\n')
  return {
    name: flatName(tool),
    ...(description === '' ? {} : { description }),
    input_schema: { type: 'object', properties: { [FREE_TEXT]: { type: 'string' } }, required: [FREE_TEXT] },
    ...writableFields(tool),
    ...marks.encode(tool, path),
  }
}

/** Tools that come in the middle of the conversation are offered from its beginning (conversion.md E19). */
function lateTools(conversation: Conversation, encoding: Encoding): readonly NamedTool[] {
  return conversation.turns.flatMap((turn, index) =>
    turn.parts.flatMap((part, at) => {
      if (part.type !== 'tools-delta') return []
      const path = `turns[${index}].parts[${at}]`
      encoding.log.approximated(path, 'tools cannot come or go on the way: offered from the beginning')
      return part.add.flatMap((tool, n) => encodeTool(tool, `${path}.add[${n}]`, encoding) ?? [])
    }),
  )
}

/** @throws Refusal 400 when two tools ended up with one name */
function distinct(tools: readonly NamedTool[]): readonly NamedTool[] {
  const names = new Set<string>()
  for (const { name } of tools) {
    if (names.has(name)) throw unsupported('tools', `Two tools would be called "${name}". Rename one of them.`)
    names.add(name)
  }
  return tools
}

/** The API wants tools declared that the history calls; they are, and none may be called (conversion.md E60). */
function pastTools(conversation: Conversation): EncodedTools {
  const calls = conversation.turns.flatMap(turn => turn.parts.filter(part => part.type === 'tool-call'))
  if (calls.length === 0 || conversation.state?.thread !== undefined) return { tools: [] }
  const names = new Set(calls.map((call: ToolCallPart) => flatName(call)))
  const tools = [...names].map(name => ({ name, input_schema: { type: 'object' } }))
  return { tools, choice: { type: 'none' } }
}

interface EncodedChoice {
  readonly choice?: WritableObject
  /** The names of the only tools to offer. */
  readonly only?: readonly string[]
}

function encodeChoice(conversation: Conversation, thinks: boolean, encoding: Encoding): EncodedChoice {
  const { choice, only } = choiceOf(conversation, thinks, encoding)
  const written = withMembers(withParallel(choice, conversation), conversation.extensions?.[FORMAT]?.tool_choice)
  return { ...(written === undefined ? {} : { choice: written }), ...(only === undefined ? {} : { only }) }
}

/** Parallel calls are forbidden inside the choice, which is made for it if there is none (conversion.md E62). */
function withParallel(choice: WritableObject | undefined, conversation: Conversation): WritableObject | undefined {
  const { parallelToolCalls } = conversation
  if (parallelToolCalls === undefined || choice?.type === 'none') return choice
  if (choice === undefined) return parallelToolCalls ? undefined : { type: 'auto', disable_parallel_tool_use: true }
  return { ...choice, disable_parallel_tool_use: !parallelToolCalls }
}

/** What a tool that a choice names is called here. */
function chosenName(conversation: Conversation, name: string): string {
  const tool = conversation.tools.find(found => found.name === name && found.kind !== 'hosted')
  return tool === undefined || tool.kind === 'hosted' ? hostedChoice(name) : flatName(tool)
}

function choiceOf(conversation: Conversation, thinks: boolean, { capabilities, log }: Encoding): EncodedChoice {
  const { toolChoice } = conversation
  if (toolChoice === undefined) return {}
  const mayForce = capabilities.forced_tools && !thinks
  if (toolChoice.mode === 'named') {
    const name = chosenName(conversation, toolChoice.name)
    if (mayForce) return { choice: { type: 'tool', name } }
    log.approximated('toolChoice', 'this model takes no forced tool: only that one is offered')
    return { choice: { type: 'auto' }, only: [name] }
  }
  const { mode, allowed } = toolChoice
  if (allowed !== undefined && mode !== 'none') {
    log.approximated('toolChoice.allowed', 'only the allowed tools are offered, which costs the prompt cache')
  }
  const names = allowed?.map(name => chosenName(conversation, name))
  const only = names === undefined || mode === 'none' ? {} : { only: names }
  if (mode !== 'required') return { choice: { type: mode }, ...only }
  if (mayForce) return { choice: { type: 'any' }, ...only }
  log.approximated('toolChoice', 'this model cannot be made to call a tool')
  return { choice: { type: 'auto' }, ...only }
}
