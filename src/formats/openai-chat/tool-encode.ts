/** Tools and tool choice of a conversation → `tools`, `tool_choice`, `parallel_tool_calls`. */
import { RawJson, type Writable } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import type { Conversation, CustomTool, Extensions, FunctionTool, Tool, ToolChoice } from '../conversation.ts'
import { keepsStrictRules, NOT_STRICT } from '../strict-schema.ts'
import { flatName, nameRule } from '../tool-names.ts'
import { cacheFields } from './content-encode.ts'
import { functionFor } from './free-text-tools.ts'
import { FORMAT } from './name.ts'
import { type Target, unsupported } from './target.ts'

/** OpenAI Chat Completions API, `FunctionObject.name`. */
export const TOOL_NAMES = nameRule('a-zA-Z0-9_-', 64)

type WireFields = { readonly [key: string]: Writable }

/** @throws Refusal 400 for tools that only another provider runs: a model may rely on them */
export function encodeTools(conversation: Conversation, target: Target): WireFields {
  const tools = [...conversation.tools, ...addedTools(conversation, target)]
  const { toolChoice } = conversation
  // An empty list and a choice among no tools are both refused by OpenAI (conversion.md E58, E59).
  if (tools.length === 0) return {}
  refuseDuplicates(tools)
  const allowed = toolChoice && 'allowed' in toolChoice ? toolChoice.allowed : undefined
  const offered = allowed && !target.dialect.customTools ? allowedOnly(tools, allowed, target) : tools
  const known = offered.flatMap((tool, index) => encodeTool(tool, `tools[${index}]`, target) ?? [])
  if (known.length === 0) return {}
  return {
    tools: known,
    tool_choice: toolChoice && encodeToolChoice(toolChoice, tools, target),
    parallel_tool_calls: conversation.parallelToolCalls,
  }
}

/** Tools that come in the middle of the conversation are there from its beginning (conversion.md E19). */
function addedTools({ turns }: Conversation, { ledger }: Target): readonly Tool[] {
  return turns.flatMap((turn, index) =>
    turn.parts.flatMap((part, place) => {
      if (part.type !== 'tools-delta') return []
      const path = `turns[${index}].parts[${place}]`
      if (part.add.length > 0) ledger.approximated(path, 'Chat Completions has the same tools from beginning to end')
      if (part.remove.length > 0) ledger.dropped(`${path}.remove`, 'Chat Completions cannot take tools away')
      return part.add
    }),
  )
}

function refuseDuplicates(tools: readonly Tool[]): void {
  const seen = new Set<string>()
  for (const [index, tool] of tools.entries()) {
    if (tool.kind === 'hosted') continue
    const name = flatName(tool)
    if (seen.has(name)) {
      throw new Refusal(400, 'unsupported_by_target', `Two tools are called "${name}". Give them different names.`, {
        param: `tools[${index}].name`,
      })
    }
    seen.add(name)
  }
}

function allowedOnly(tools: readonly Tool[], allowed: readonly string[], { ledger }: Target): readonly Tool[] {
  ledger.approximated('toolChoice.allowed', 'this server has no allowed_tools; the other tools are left out')
  return tools.filter(tool => allowed.includes(tool.name))
}

function encodeTool(tool: Tool, path: string, target: Target): WireFields | RawJson | undefined {
  switch (tool.kind) {
    case 'function':
      return encodeFunction(tool, path, target)
    case 'custom':
      return target.dialect.customTools
        ? encodeCustom(tool, path, target)
        : encodeFunction(functionFor(tool, path, target.ledger), path, target)
    default:
      if (tool.format === FORMAT) return new RawJson(tool.json)
      throw unsupported(target, path, `the tool "${tool.name}", which only ${tool.format} has,`)
  }
}

function encodeFunction(tool: FunctionTool, path: string, target: Target): WireFields {
  const { ledger } = target
  ledger.foreign(tool.extensions, path)
  if (tool.deferred) ledger.approximated(`${path}.deferred`, 'Chat Completions loads all tools at once')
  const own = splitOwn(tool.extensions, 'function')
  return {
    type: 'function',
    function: {
      name: flatName(tool),
      description: tool.description,
      parameters: tool.schema === undefined ? undefined : new RawJson(tool.schema),
      strict: strictOf(tool, path, target),
      ...own.inner,
    },
    ...(tool.cache && cacheFields(tool.cache, target)),
    ...own.outer,
  }
}

/** OpenAI refuses strict tools whose schemas its strict mode cannot hold; other servers have rules of their own. */
function strictOf({ strict, schema }: FunctionTool, path: string, { dialect, ledger }: Target): boolean | undefined {
  if (strict !== true || !dialect.openaiModels || keepsStrictRules(schema ?? '{}')) return strict
  ledger.approximated(`${path}.strict`, NOT_STRICT)
  return false
}

function encodeCustom(tool: CustomTool, path: string, target: Target): WireFields {
  target.ledger.foreign(tool.extensions, path)
  const own = splitOwn(tool.extensions, 'custom')
  const { description, grammar } = tool
  return {
    type: 'custom',
    custom: {
      name: flatName(tool),
      description,
      format: grammar && { type: 'grammar', grammar: { ...grammar } },
      ...own.inner,
    },
    ...own.outer,
  }
}

/** Fields of the tool, and those of its inner object, which the decoder has put aside under `function.` or `custom.`. */
function splitOwn(extensions: Extensions | undefined, inner: string): { inner: WireFields; outer: WireFields } {
  if (extensions?.[FORMAT] === undefined) return NOTHING_OWN
  const own = Object.entries(extensions[FORMAT]).map(([key, text]) => [key, new RawJson(text)] as const)
  const prefix = `${inner}.`
  const isInner = ([key]: readonly [string, RawJson]): boolean => key.startsWith(prefix)
  return {
    inner: Object.fromEntries(own.filter(isInner).map(([key, text]) => [key.slice(prefix.length), text])),
    outer: Object.fromEntries(own.filter(entry => !isInner(entry))),
  }
}

const NOTHING_OWN = { inner: {}, outer: {} }

function encodeToolChoice(choice: ToolChoice, tools: readonly Tool[], target: Target): Writable {
  if (choice.mode === 'named') return encodeNamed(wireNameIn(tools, choice.name), choice.kind, target)
  const word = choice.mode === 'required' ? target.dialect.forcedTool : choice.mode
  if (choice.allowed === undefined || choice.mode === 'none' || !target.dialect.customTools) return word
  const listed = choice.allowed.map(name => namedTool(name, tools))
  return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools: listed } }
}

function namedTool(chosen: string, tools: readonly Tool[]): Writable {
  const isCustom = tools.some(tool => tool.kind === 'custom' && tool.name === chosen)
  const name = wireNameIn(tools, chosen)
  return isCustom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } }
}

/** What a tool that a choice names is called here: one of a namespace has another name on this wire. */
function wireNameIn(tools: readonly Tool[], name: string): string {
  const tool = tools.find(each => each.kind !== 'hosted' && each.name === name)
  return tool === undefined || tool.kind === 'hosted' ? name : flatName(tool)
}

function encodeNamed(name: string, kind: 'function' | 'custom' | 'hosted', target: Target): Writable {
  if (kind === 'hosted') throw unsupported(target, 'tool_choice', `a choice of the provider's own tool "${name}"`)
  return kind === 'custom' && target.dialect.customTools
    ? { type: 'custom', custom: { name } }
    : { type: 'function', function: { name } }
}
