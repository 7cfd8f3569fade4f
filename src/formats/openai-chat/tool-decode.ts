/** `tools`, `tool_choice` and their ancestors `functions` and `function_call` → canonical. */
import { Refusal } from '../../refusal.ts'
import type { CacheMark, CustomTool, FunctionTool, Tool, ToolChoice } from '../conversation.ts'
import {
  arrayOf,
  booleanOf,
  compact,
  FieldReader,
  objectOf,
  oneOf,
  stringOf,
  type TextSource,
  wordOf,
} from './fields.ts'
import { FORMAT } from './name.ts'

/** @throws Refusal 400 when a function has no name */
export function decodeTools(source: TextSource, tools: readonly unknown[]): readonly Tool[] {
  return tools.map((tool, index) => decodeTool(source, tool, `tools[${index}]`))
}

/** @throws Refusal 400 when a function has no name */
export function decodeLegacyFunctions(source: TextSource, functions: readonly unknown[]): readonly Tool[] {
  return functions.map((declared, index) => decodeFunction(source, { function: declared }, `functions[${index}]`))
}

function decodeTool(source: TextSource, value: unknown, path: string): Tool {
  const fields = objectOf(value) ?? {}
  if (objectOf(fields.function)) return decodeFunction(source, fields, `${path}.function`)
  if (objectOf(fields.custom)) return decodeCustom(source, fields, `${path}.custom`)
  return { kind: 'hosted', name: wordOf(fields.type) ?? 'tool', format: FORMAT, json: source.textOf(value) }
}

function decodeFunction(source: TextSource, fields: Readonly<Record<string, unknown>>, path: string): FunctionTool {
  const outer = new FieldReader(source, fields)
  outer.skip('type', 'function')
  const inner = new FieldReader(source, objectOf(fields.function) ?? {})
  const schema = inner.take('parameters', value => (objectOf(value) ? source.textOf(value) : undefined))
  return compact({
    kind: 'function',
    name: nameOf(inner, path),
    description: inner.take('description', stringOf),
    schema,
    strict: inner.take('strict', booleanOf),
    cache: outer.take('cache_control', decodeCache),
    extensions: nested(outer, inner, 'function'),
  })
}

function decodeCustom(source: TextSource, fields: Readonly<Record<string, unknown>>, path: string): CustomTool {
  const outer = new FieldReader(source, fields)
  outer.skip('type', 'custom')
  const inner = new FieldReader(source, objectOf(fields.custom) ?? {})
  const name = nameOf(inner, path)
  const description = inner.take('description', stringOf)
  if (objectOf(inner.take('format', objectOf))?.type === 'text') inner.skip('format')
  const grammar = readGrammar(objectOf(fields.custom)?.format)
  return compact({ kind: 'custom', name, description, grammar, extensions: nested(outer, inner, 'custom') })
}

function readGrammar(format: unknown): CustomTool['grammar'] {
  const grammar = objectOf(objectOf(format)?.grammar)
  const syntax = oneOf(['lark', 'regex'])(grammar?.syntax)
  const definition = stringOf(grammar?.definition)
  return syntax === undefined || definition === undefined ? undefined : { syntax, definition }
}

/** Unknown fields of the tool by name; those of its inner object under `function.` or `custom.`. */
function nested(outer: FieldReader, inner: FieldReader, name: string): FunctionTool['extensions'] {
  const below = Object.entries(inner.rest() ?? {}).map(([key, text]) => [`${name}.${key}`, text] as const)
  const fields = [...Object.entries(outer.rest() ?? {}), ...below]
  return fields.length === 0 ? undefined : { [FORMAT]: Object.fromEntries(fields) }
}

function nameOf(reader: FieldReader, path: string): string {
  const name = reader.take('name', wordOf)
  if (name !== undefined) return name
  throw new Refusal(400, 'invalid_request', `"${path}.name" is missing.`, { param: `${path}.name` })
}

function decodeCache(value: unknown): CacheMark | undefined {
  const fields = objectOf(value)
  return fields && compact({ ttl: oneOf(['5m', '30m', '1h', '12h'])(fields.ttl) })
}

/** @returns `undefined` for a choice of an unknown kind */
export function decodeToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { mode: choice }
  // Mistral's word.
  if (choice === 'any') return { mode: 'required' }
  const fields = objectOf(choice)
  const called = wordOf(objectOf(fields?.function)?.name) ?? wordOf(fields?.name)
  if (called !== undefined) return { mode: 'named', name: called, kind: 'function' }
  const custom = wordOf(objectOf(fields?.custom)?.name)
  if (custom !== undefined) return { mode: 'named', name: custom, kind: 'custom' }
  return decodeAllowed(objectOf(fields?.allowed_tools))
}

function decodeAllowed(allowed: Readonly<Record<string, unknown>> | undefined): ToolChoice | undefined {
  const mode = oneOf(['auto', 'required'])(allowed?.mode)
  const names = arrayOf(allowed?.tools)?.map(tool => {
    const fields = objectOf(tool)
    return wordOf(objectOf(fields?.function)?.name) ?? wordOf(objectOf(fields?.custom)?.name)
  })
  if (mode === undefined || names === undefined) return undefined
  const known = names.filter(name => name !== undefined)
  return known.length === names.length ? { mode, allowed: known } : undefined
}
