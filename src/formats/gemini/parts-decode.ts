import type { JsonDocument } from '../../json/document.ts'
import type { HostedToolPart, OpaqueState, Part } from '../conversation.ts'
import type { CallIds } from './call-ids.ts'
import { Fields, FORMAT, isRecord, type Json } from './fields.ts'
import { decodeFile, decodeInline } from './media.ts'
import { decodeToolResult } from './tool-results.ts'

/**
 * What stands in for a signature that the client never got (ai.google.dev, "Thought signatures"): no state of anybody,
 * so it is not taken for one; the request encoder sets it where it is needed.
 */
export const NO_SIGNATURE = 'skip_thought_signature_validator'

export interface PartSource {
  readonly document: JsonDocument
  readonly ids: CallIds
  /** What the model says; a function's response there is that of a tool which Google ran. */
  readonly fromModel: boolean
  /** Parts with a call that Google has answered itself. */
  readonly answered?: ReadonlySet<unknown>
}

/** One `Part` → canonical. What is not understood is kept whole. */
export function decodePart(node: unknown, source: PartSource): Part {
  const fields = new Fields(node, source.document)
  const signature = fields.takeString('thoughtSignature')
  const call = source.answered?.has(node) === true ? fields.takeRecord('functionCall') : undefined
  const part =
    (call ? hosted('functionCall', call, source) : decodeData(fields, source)) ?? signatureOnly(fields, signature)
  if (!part) return opaque(node, source.document)
  const state = signature === undefined || signature === NO_SIGNATURE ? {} : { state: [signatureState(signature)] }
  const rest = fields.rest()
  if (!rest) return { ...part, ...state }
  return { ...part, ...state, extensions: { [FORMAT]: { ...part.extensions?.[FORMAT], ...rest } } }
}

export function signatureState(value: string): OpaqueState {
  return { scheme: 'gemini.thought-signature', value }
}

/** Exactly one of the data fields is set (reference of `Part`). */
function decodeData(fields: Fields, source: PartSource): Part | undefined {
  const thought = fields.takeBoolean('thought') === true
  const text = fields.takeString('text')
  if (text !== undefined) {
    if (!thought) return { type: 'text', text }
    return { type: 'reasoning', visibility: 'summary', chunks: [text] }
  }
  if (thought) fields.leave('thought', 'true')
  const call = fields.takeRecord('functionCall')
  if (call) return decodeCall(call, source)
  const result = fields.takeRecord('functionResponse')
  if (result) return source.fromModel ? hosted('functionResponse', result, source) : toolResult(result, source)
  const inline = fields.takeRecord('inlineData')
  if (inline) return decodeInline(inline, source.document)
  const file = fields.takeRecord('fileData')
  if (file) return decodeFile(file, source.document)
  for (const name of Object.keys(HOSTED) as (keyof typeof HOSTED)[]) {
    const data = fields.takeRecord(name)
    if (data) return hosted(name, data, source)
  }
  return undefined
}

function signatureOnly(fields: Fields, signature: string | undefined): Part | undefined {
  return signature !== undefined && !fields.rest() ? { type: 'text', text: '' } : undefined
}

function decodeCall(node: Json, source: PartSource): Part {
  const fields = new Fields(node, source.document)
  const name = fields.takeString('name') ?? ''
  const id = fields.takeString('id')
  const args = fields.takeRecord('args')
  const rest = fields.restText()
  return {
    type: 'tool-call',
    callId: source.ids.call(name, id),
    name,
    kind: 'function',
    arguments: args ? source.document.textOf(args) : '{}',
    ...(rest === undefined ? {} : { extensions: { [FORMAT]: { functionCall: rest } } }),
  }
}

function toolResult(node: Json, source: PartSource): Part {
  return decodeToolResult(node, source.document, (name, id) => source.ids.result(name, id))
}

/** The name under which a function appears that Google called and answered itself. */
export const HOSTED_FUNCTION = 'function'

/** Parts of the tools that Google runs itself. */
const HOSTED = {
  executableCode: { tool: 'codeExecution', phase: 'call' },
  codeExecutionResult: { tool: 'codeExecution', phase: 'result' },
  toolCall: { tool: 'toolCall', phase: 'call' },
  toolResponse: { tool: 'toolCall', phase: 'result' },
  functionCall: { tool: HOSTED_FUNCTION, phase: 'call' },
  functionResponse: { tool: HOSTED_FUNCTION, phase: 'result' },
} as const

function hosted(name: keyof typeof HOSTED, node: Json, source: PartSource): HostedToolPart {
  const { tool, phase } = HOSTED[name]
  const fields = new Fields(node, source.document)
  const given = fields.takeString('id')
  const id = hostedId(name, fields.takeString('name') ?? '', given, source.ids)
  return {
    type: 'hosted-tool',
    tool: tool === 'toolCall' ? (fields.takeString('toolType') ?? tool) : tool,
    phase,
    format: FORMAT,
    json: `{"${name}":${source.document.textOf(node)}}`,
    ...(id === undefined ? {} : { callId: id }),
  }
}

/** Calls of functions have ids, and are counted, like all others; those of Google's own tools may go without. */
function hostedId(
  kind: keyof typeof HOSTED,
  name: string,
  given: string | undefined,
  ids: CallIds,
): string | undefined {
  if (kind === 'functionCall') return ids.call(name, given)
  return kind === 'functionResponse' ? ids.result(name, given) : given
}

function opaque(node: unknown, document: JsonDocument): Part {
  const label = isRecord(node)
    ? Object.keys(node).find(key => key !== 'thoughtSignature' && key !== 'thought')
    : undefined
  return { type: 'opaque', format: FORMAT, label: label ?? 'part', json: document.textOf(node) }
}
