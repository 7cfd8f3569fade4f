/** Canonical tools → `tools` (OpenAI Responses API). */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { CustomTool, FunctionTool, HostedTool, Tool } from '../conversation.ts'
import { keepsStrictRules, NOT_STRICT } from '../strict-schema.ts'
import { nameRule } from '../tool-names.ts'
import { bagOf, written } from './fields.ts'
import { encodeHostedTool } from './hosted-tools.ts'
import { type LossList, unsupported } from './loss-list.ts'

/** As in Chat Completions: the API's description allows more for some tools, but servers hold to this. */
export const TOOL_NAMES = nameRule('a-zA-Z0-9_-', 64)

/** @param path where the tools stand, for losses: `tools` */
export function encodeTools(tools: readonly Tool[], path: string, losses: LossList): readonly Writable[] {
  refuseDuplicates(tools, path)
  const encoded: Writable[] = []
  let at = 0
  while (at < tools.length) {
    const end = endOfNamespace(tools, at)
    encoded.push(
      end > at
        ? encodeNamespace(tools.slice(at, end), `${path}[${at}]`, losses)
        : encodeTool(tools[at] as Tool, `${path}[${at}]`, losses),
    )
    at = Math.max(end, at + 1)
  }
  return encoded
}

/** Of two tools of one name nobody could tell which is called (conversion.md E41). A client's own are OpenAI's to judge. */
function refuseDuplicates(tools: readonly Tool[], path: string): void {
  const seen = new Set<string>()
  for (const [index, tool] of tools.entries()) {
    if (tool.kind === 'hosted' || bagOf(tool) !== undefined) continue
    if (seen.has(tool.name)) unsupported(`${path}[${index}].name`, `two tools are called "${tool.name}". Rename one`)
    seen.add(tool.name)
  }
}

/** Where the namespace that begins at `start` ends; `start` itself when none begins there. */
function endOfNamespace(tools: readonly Tool[], start: number): number {
  const namespace = namespaceOf(tools[start])
  if (namespace === undefined) return start
  let end = start + 1
  // The same name with a mark of its own is another namespace tool of that name.
  while (namespaceOf(tools[end]) === namespace && markOf(tools[end]) === undefined) end++
  return end
}

function namespaceOf(tool: Tool | undefined): string | undefined {
  return tool === undefined || tool.kind === 'hosted' ? undefined : tool.namespace
}

function markOf(tool: Tool | undefined): string | undefined {
  return tool === undefined || tool.kind === 'hosted' ? undefined : bagOf(tool)?.['#namespace']
}

function encodeNamespace(tools: readonly Tool[], path: string, losses: LossList): Writable {
  const fields: unknown = JSON.parse(markOf(tools[0]) ?? '{}')
  return {
    type: 'namespace',
    name: namespaceOf(tools[0]) ?? '',
    description: '',
    ...(fields as Record<string, Writable>),
    tools: tools.map((tool, index) => encodeTool(tool, `${path}.tools[${index}]`, losses)),
  }
}

function encodeTool(tool: Tool, path: string, losses: LossList): Writable {
  if (tool.cache !== undefined) losses.dropped(`${path}.cache`, 'the Responses API has no cache breakpoints on tools')
  if (tool.kind === 'hosted') return encodeHosted(tool, path, losses)
  losses.foreign(tool.extensions, path)
  return tool.kind === 'function' ? encodeFunction(tool, path, losses) : encodeCustom(tool)
}

function encodeHosted(tool: HostedTool, path: string, losses: LossList): Writable {
  return (
    encodeHostedTool(tool, path, losses) ??
    unsupported(path, `the Responses API has no tool like "${tool.name}" of ${tool.format}. Remove it`)
  )
}

const NO_PARAMETERS = new RawJson('{"type":"object","properties":{}}')

function encodeFunction(tool: FunctionTool, path: string, losses: LossList): Writable {
  const bag = bagOf(tool)
  const native = bag !== undefined
  if (tool.deferred && !native) {
    losses.approximated(
      `${path}.deferred`,
      'loaded at once: the Responses API defers tools only beside its tool search',
    )
  }
  return {
    type: 'function',
    name: tool.name,
    description: tool.description,
    parameters: tool.schema === undefined ? (native ? undefined : NO_PARAMETERS) : new RawJson(tool.schema),
    strict: strictOf(tool, native, path, losses),
    defer_loading: tool.deferred && native ? true : undefined,
    ...written(bag),
  }
}

/** Where `strict` is left out, the API tries to be strict; every other format means not to be (conversion.md E65). */
function strictOf(tool: FunctionTool, native: boolean, path: string, losses: LossList): boolean | undefined {
  if (native) return tool.strict
  if (tool.strict === true && !keepsStrictRules(tool.schema ?? '{}')) {
    losses.approximated(`${path}.strict`, NOT_STRICT)
    return false
  }
  return tool.strict ?? false
}

function encodeCustom(tool: CustomTool): Writable {
  return {
    type: 'custom',
    name: tool.name,
    description: tool.description,
    format: tool.grammar === undefined ? undefined : { type: 'grammar', ...tool.grammar },
    ...written(bagOf(tool)),
  }
}
