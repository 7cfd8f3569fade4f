/** Tools and the choice among them, wire → canonical. */
import type { JsonDocument } from '../../json/document.ts'
import type { FunctionTool, HostedTool, Tool, ToolChoice } from '../conversation.ts'
import { decodeCacheMark } from './cache-marks.ts'
import { booleanAt, isObject, type JsonObject, objectsAt, present, stringAt } from './fields.ts'
import { extensionsWith, type Fields, leftoversOf, nestedLeftovers } from './leftovers.ts'
import { FORMAT } from './name.ts'

/** The name under which `mcp_servers` travels: servers are tools that the provider runs, wherever they are declared. */
export const MCP_SERVERS = 'mcp_servers'

export function decodeTools(document: JsonDocument, body: JsonObject): readonly Tool[] {
  const tools = objectsAt(body, 'tools').map(tool => decodeTool(document, tool))
  const servers = body[MCP_SERVERS]
  if (!Array.isArray(servers) || servers.length === 0) return tools
  return [...tools, { kind: 'hosted', name: MCP_SERVERS, format: FORMAT, json: document.textOf(servers) }]
}

const FUNCTION_KEYS: ReadonlySet<string> = new Set([
  'name',
  'description',
  'input_schema',
  'strict',
  'defer_loading',
  'cache_control',
])

/** Tools without a `type`, or of type `custom`, are the client's own; all others are of the provider's design. */
function decodeTool(document: JsonDocument, tool: JsonObject): Tool {
  const { cache, fields } = decodeCacheMark(document, tool)
  const type = stringAt(tool, 'type')
  if (type !== undefined && type !== 'custom') {
    const hosted: HostedTool = present({
      kind: 'hosted',
      name: type,
      format: FORMAT,
      json: document.textOf(tool),
      cache,
    })
    return hosted
  }
  const schema = tool.input_schema
  const decoded: FunctionTool = present({
    kind: 'function',
    name: stringAt(tool, 'name') ?? '',
    description: stringAt(tool, 'description'),
    schema: isObject(schema) ? document.textOf(schema) : undefined,
    strict: booleanAt(tool, 'strict'),
    deferred: booleanAt(tool, 'defer_loading'),
    cache,
  })
  return { ...decoded, ...extensionsWith({ ...leftoversOf(document, tool, FUNCTION_KEYS), ...fields }) }
}

export interface DecodedToolChoice {
  readonly toolChoice?: ToolChoice
  readonly parallelToolCalls?: boolean
  readonly fields: Fields
}

const CHOICE_KEYS: ReadonlySet<string> = new Set(['type', 'name', 'disable_parallel_tool_use'])

export function decodeToolChoice(document: JsonDocument, body: JsonObject, tools: readonly Tool[]): DecodedToolChoice {
  const choice = body.tool_choice
  if (!isObject(choice)) return { fields: {} }
  const toolChoice = choiceOf(choice, tools)
  if (toolChoice === undefined) return { fields: { tool_choice: document.textOf(choice) } }
  const disabled = booleanAt(choice, 'disable_parallel_tool_use')
  return {
    toolChoice,
    ...(disabled === undefined ? {} : { parallelToolCalls: !disabled }),
    fields: nestedLeftovers(document, 'tool_choice', choice, CHOICE_KEYS),
  }
}

function choiceOf(choice: JsonObject, tools: readonly Tool[]): ToolChoice | undefined {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return { mode: choice.type }
    case 'any':
      return { mode: 'required' }
    case 'tool': {
      const name = stringAt(choice, 'name') ?? ''
      const isOwn = tools.some(tool => tool.kind !== 'hosted' && tool.name === name)
      return { mode: 'named', name, kind: isOwn ? 'function' : 'hosted' }
    }
    default:
      return undefined
  }
}
