import type { JsonDocument } from '../../json/document.ts'
import type { FunctionTool, JsonText, Tool, ToolChoice } from '../conversation.ts'
import { Fields, FORMAT, NOTE } from './fields.ts'
import { jsonSchemaOf } from './openapi-schema.ts'

/** `tools` → canonical. Each entry may hold function declarations and tools of Google's own side by side. */
export function decodeTools(entries: readonly unknown[], document: JsonDocument): readonly Tool[] {
  return entries.flatMap(entry => {
    const fields = new Fields(entry, document)
    const functions = (fields.takeList('functionDeclarations') ?? []).map(node => decodeFunction(node, document))
    const hosted = Object.entries(fields.rest() ?? {}).map(([name, json]): Tool => {
      return { kind: 'hosted', name, format: FORMAT, json: `{${JSON.stringify(name)}:${json}}` }
    })
    return [...functions, ...hosted]
  })
}

function decodeFunction(node: unknown, document: JsonDocument): FunctionTool {
  const fields = new Fields(node, document)
  const name = fields.takeString('name') ?? ''
  const description = fields.takeString('description')
  const schema = decodeParameters(fields, document)
  return {
    kind: 'function',
    name,
    ...(description === undefined ? {} : { description }),
    ...(schema === undefined ? {} : { schema }),
    ...fields.extensions(),
  }
}

/** `parameters` stays beside the JSON Schema made of it, for the same format's encoder. */
function decodeParameters(fields: Fields, document: JsonDocument): JsonText | undefined {
  const jsonSchema = fields.take('parametersJsonSchema')
  if (jsonSchema !== undefined) return document.textOf(jsonSchema)
  const parameters = fields.take('parameters')
  if (parameters === undefined) return undefined
  fields.leave(`${NOTE}parameters`, document.textOf(parameters))
  return jsonSchemaOf(parameters, document)
}

/** `FunctionCallingConfig.Mode`, as clients that send enums as numbers have it. */
const MODES = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED']

/** `toolConfig` → the canonical choice, and what is left of it as JSON text. */
export function decodeToolConfig(
  node: unknown,
  document: JsonDocument,
): { readonly toolChoice: ToolChoice | undefined; readonly rest: JsonText | undefined } {
  const fields = new Fields(node, document)
  const calling = fields.takeRecord('functionCallingConfig')
  if (!calling) return { toolChoice: undefined, rest: fields.restText() }
  const inner = new Fields(calling, document)
  const toolChoice = decodeChoice(inner)
  fields.leave('functionCallingConfig', inner.restText())
  return { toolChoice, rest: fields.restText() }
}

function decodeChoice(fields: Fields): ToolChoice | undefined {
  const given = fields.take('mode')
  const mode = typeof given === 'number' ? MODES[given] : String(given ?? '').toUpperCase()
  const names = fields.takeStrings('allowedFunctionNames') ?? []
  const allowed = names.length > 0 ? { allowed: names } : {}
  switch (mode) {
    case 'ANY': {
      const [name] = names
      if (name !== undefined && names.length === 1) return { mode: 'named', name, kind: 'function' }
      return { mode: 'required', ...allowed }
    }
    case 'NONE':
      return { mode: 'none', ...allowed }
    case 'VALIDATED':
      fields.leave('mode', '"VALIDATED"')
      return { mode: 'auto', ...allowed }
    default:
      return mode === 'AUTO' || names.length > 0 ? { mode: 'auto', ...allowed } : undefined
  }
}
