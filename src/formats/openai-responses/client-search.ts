/**
 * Tool search that the client runs (OpenAI Responses API, `{ type: "tool_search", execution: "client" }`): the client
 * holds tools back until the model has looked for them, as Codex does with those of many MCP servers. A model of another
 * format looks for them by calling a function; what the client found is offered to it from then on. On the way back a
 * call of that function is a `tool_search_call` again, see `search-item.ts`.
 */
import { parseDocument } from '../../json/document.ts'
import type { Conversation, FunctionTool, HostedTool, HostedToolPart, Part, Tool, Turn } from '../conversation.ts'
import { acceptedName, flatName, type NameRule } from '../tool-names.ts'
import { tolerate } from './fault.ts'
import { type Fields, isFields } from './fields.ts'
import { FORMAT } from './name.ts'
import { decodeTools } from './tools-decode.ts'

/** The tool's type, and the name of the function that stands for it. */
export const SEARCH = 'tool_search'

/** Whether a tool or an item, as the API has it, is of a search that the client runs. */
export function isClientRun(node: unknown): node is Fields {
  return isFields(node) && node.execution === 'client'
}

interface LossNotes {
  approximated(path: string, reason: string): void
  dropped(path: string, reason: string): void
}

/**
 * The conversation as formats without tool search know it; the same one where there is no search by the client.
 *
 * @param names as the format has them, to tell the model what it has found
 */
export function withSearchAsFunction(conversation: Conversation, losses: LossNotes, names: NameRule): Conversation {
  const { tools, toolChoice, turns } = conversation
  const at = tools.findIndex(tool => tool.kind === 'hosted' && isSearchTool(tool))
  const search = tools[at]
  if (search?.kind !== 'hosted') return conversation
  if (tools.some(isNamedLikeIt)) {
    losses.dropped(`tools[${at}]`, 'another tool has the name of the function that would stand for it')
    return { ...conversation, tools: tools.toSpliced(at, 1) }
  }
  losses.approximated(`tools[${at}]`, 'offered as a function: what it finds is offered from the beginning on')
  const declared = loadedAtOnce(tools.with(at, functionFor(search)), losses)
  const isChosen = toolChoice?.mode === 'named' && toolChoice.name === SEARCH
  return {
    ...conversation,
    tools: [...declared, ...foundIn(turns, declared)],
    turns: turns.map(turn => ({ ...turn, parts: turn.parts.map(part => asFunction(part, names)) })),
    ...(isChosen && { toolChoice: { ...toolChoice, kind: 'function' } }),
  }
}

/** Elsewhere nothing would ever load a tool that is declared as held back. */
function loadedAtOnce(tools: readonly Tool[], losses: LossNotes): readonly Tool[] {
  return tools.map((tool, index) => {
    if (tool.kind !== 'function' || tool.deferred !== true) return tool
    losses.approximated(`tools[${index}].deferred`, 'loaded at once: nothing here looks for tools that are held back')
    return loaded(tool)
  })
}

function loaded({ deferred: _, ...tool }: FunctionTool): FunctionTool {
  return tool
}

function isSearchTool({ format, name, json }: HostedTool): boolean {
  return format === FORMAT && name === SEARCH && isClientRun(JSON.parse(json))
}

function isNamedLikeIt(tool: Tool): boolean {
  return tool.kind !== 'hosted' && tool.namespace === undefined && tool.name === SEARCH
}

function functionFor({ json }: HostedTool): FunctionTool {
  const document = parseDocument(json)
  const { description, parameters } = isFields(document.value) ? document.value : {}
  return {
    kind: 'function',
    name: SEARCH,
    description: typeof description === 'string' ? description : 'Looks for further tools, which can be called then.',
    ...(isFields(parameters) ? { schema: document.textOf(parameters) } : {}),
  }
}

/** Each tool once, in the order in which they were found, so that a longer conversation begins alike. */
function foundIn(turns: readonly Turn[], declared: readonly Tool[]): readonly Tool[] {
  const names = new Set(declared.map(nameOf))
  const parts = turns.flatMap(turn => turn.parts).filter(isSearchPart)
  const found = parts.flatMap(part => (part.phase === 'result' ? foundTools(part) : []))
  const fresh = found.filter(tool => {
    const isNew = !names.has(nameOf(tool))
    names.add(nameOf(tool))
    return isNew
  })
  return fresh.map(tool => (tool.kind === 'function' ? loaded(tool) : tool))
}

function isSearchPart(part: Part): part is HostedToolPart {
  if (part.type !== 'hosted-tool' || part.format !== FORMAT || part.tool !== SEARCH) return false
  return part.callId !== undefined && isClientRun(JSON.parse(part.json))
}

function foundTools({ json }: HostedToolPart): readonly Tool[] {
  const document = parseDocument(json)
  return decodeTools(document, isFields(document.value) ? document.value.tools : [], 'tools', tolerate)
}

function asFunction(part: Part, names: NameRule): Part {
  if (!isSearchPart(part)) return part
  const { callId = '', phase, json } = part
  if (phase === 'result') {
    return {
      type: 'tool-result',
      callId,
      name: SEARCH,
      content: [{ type: 'text', text: wordsFor(foundTools(part), names) }],
    }
  }
  const document = parseDocument(json)
  const { arguments: given = {} } = isFields(document.value) ? document.value : {}
  const text = given === undefined ? '{}' : document.textOf(given)
  return { type: 'tool-call', callId, name: SEARCH, kind: 'function', arguments: text }
}

function wordsFor(found: readonly Tool[], names: NameRule): string {
  if (found.length === 0) return 'Nothing was found.'
  return `These tools can be called now: ${found.map(tool => acceptedName(nameOf(tool), names)).join(', ')}.`
}

/** As other formats call a tool of a namespace. */
function nameOf(tool: Tool): string {
  return tool.kind === 'hosted' ? tool.name : flatName(tool)
}
