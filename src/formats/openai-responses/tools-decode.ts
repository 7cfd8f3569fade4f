/** Tools of a request → canonical tools (OpenAI Responses API, `tools`, and `additional_tools` items). */
import type { JsonDocument } from '../../json/document.ts'
import { writeJson } from '../../json/raw.ts'
import type { CustomTool, FunctionTool, Tool } from '../conversation.ts'
import type { Fault } from './fault.ts'
import { type Bag, booleanOf, type Fields, isFields, nativeExtensions, stringOf, unmapped, written } from './fields.ts'
import { FORMAT } from './name.ts'

export function decodeTools(document: JsonDocument, tools: unknown, path: string, fault: Fault): readonly Tool[] {
  if (tools === undefined || tools === null) return []
  if (!Array.isArray(tools)) {
    fault(path, 'must be an array')
    return []
  }
  return tools.flatMap((tool, index) => {
    if (isFields(tool)) return decodeTool(document, tool, `${path}[${index}]`, fault)
    fault(`${path}[${index}]`, 'must be an object')
    return []
  })
}

function decodeTool(document: JsonDocument, tool: Fields, path: string, fault: Fault): readonly Tool[] {
  if (tool.type === 'function') return [decodeFunction(document, tool, path, fault)]
  if (tool.type === 'custom') return [decodeCustom(document, tool, path, fault)]
  if (tool.type === 'namespace') return decodeNamespace(document, tool, path, fault)
  if (typeof tool.type !== 'string') fault(`${path}.type`, 'is missing')
  return [hosted(document, tool)]
}

const FUNCTION_FIELDS = ['type', 'name', 'description', 'defer_loading']
const CUSTOM_FIELDS = ['type', 'name', 'description']
const NAMESPACE_FIELDS = new Set(['type', 'name', 'tools'])

function hosted(document: JsonDocument, tool: Fields): Tool {
  return { kind: 'hosted', name: stringOf(tool.type) ?? 'tool', format: FORMAT, json: document.textOf(tool) }
}

function decodeFunction(document: JsonDocument, tool: Fields, path: string, fault: Fault): FunctionTool {
  const mapped = new Set(FUNCTION_FIELDS)
  const strict = booleanOf(tool.strict)
  if (strict !== undefined) mapped.add('strict')
  if (isFields(tool.parameters)) mapped.add('parameters')
  return {
    kind: 'function',
    name: nameOf(tool, path, fault),
    ...descriptionOf(tool),
    ...(isFields(tool.parameters) ? { schema: document.textOf(tool.parameters) } : {}),
    ...(strict === undefined ? {} : { strict }),
    ...(tool.defer_loading === true ? { deferred: true } : {}),
    // The bag's presence tells the encoder that an omitted `strict` was the client's own choice.
    ...nativeExtensions(unmapped(document, tool, mapped)),
  }
}

function decodeCustom(document: JsonDocument, tool: Fields, path: string, fault: Fault): CustomTool {
  const grammar = grammarOf(tool.format)
  const mapped = new Set(CUSTOM_FIELDS)
  if (grammar !== undefined) mapped.add('format')
  return {
    kind: 'custom',
    name: nameOf(tool, path, fault),
    ...descriptionOf(tool),
    ...(grammar === undefined ? {} : { grammar }),
    ...nativeExtensions(unmapped(document, tool, mapped)),
  }
}

function grammarOf(format: unknown): CustomTool['grammar'] {
  if (!isFields(format) || format.type !== 'grammar' || typeof format.definition !== 'string') return undefined
  if (format.syntax !== 'lark' && format.syntax !== 'regex') return undefined
  return { syntax: format.syntax, definition: format.definition }
}

/** Each tool of a namespace on its own, with the namespace's name; its other fields go with the first. */
function decodeNamespace(document: JsonDocument, tool: Fields, path: string, fault: Fault): readonly Tool[] {
  const namespace = nameOf(tool, path, fault)
  const inner = decodeTools(document, tool.tools, `${path}.tools`, fault)
  // A namespace of nothing, or with tools of a kind that cannot stand in one today, is kept whole.
  if (inner.length === 0 || inner.some(one => one.kind === 'hosted' || one.namespace !== undefined))
    return [hosted(document, tool)]
  const mark = namespaceMark(unmapped(document, tool, NAMESPACE_FIELDS))
  return inner.map((one, index) =>
    one.kind === 'hosted' || index > 0
      ? { ...one, namespace }
      : { ...one, namespace, ...nativeExtensions({ ...one.extensions?.[FORMAT], ...mark }) },
  )
}

function namespaceMark(fields: Bag): Bag {
  return { '#namespace': writeJson(written(fields)) }
}

function nameOf(tool: Fields, path: string, fault: Fault): string {
  if (typeof tool.name === 'string' && tool.name !== '') return tool.name
  fault(`${path}.name`, tool.name === undefined ? 'is missing' : 'must be a string that is not empty')
  return ''
}

function descriptionOf(tool: Fields): { readonly description?: string } {
  return typeof tool.description === 'string' ? { description: tool.description } : {}
}
