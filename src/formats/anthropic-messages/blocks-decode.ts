/** Content blocks of requests and replies, wire → canonical. What is not understood becomes an `opaque` part, whole. */
import type { JsonDocument } from '../../json/document.ts'
import type { HostedToolPart, OpaqueState, Part, ReasoningPart, ToolCallPart } from '../conversation.ts'
import { decodeCacheMark } from './cache-marks.ts'
import { decodeCitation } from './citations.ts'
import { booleanAt, isObject, type JsonObject, objectsAt, present, stringAt } from './fields.ts'
import { DIRECT_CALLER, extensionsWith, type Fields, leftoversOf, NO_FIELDS } from './leftovers.ts'
import { decodeMedia } from './media-decode.ts'
import { FORMAT } from './name.ts'

/** A string or a list of blocks → parts. */
export function decodeContent(document: JsonDocument, content: unknown): readonly Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (!Array.isArray(content)) return []
  return content.filter(isObject).map(block => decodeBlock(document, block))
}

export function decodeBlock(document: JsonDocument, block: JsonObject): Part {
  const decoded = understood(document, block)
  if (decoded === undefined) return opaque(document, block)
  const { cache, fields } = decodeCacheMark(document, block)
  if (cache === undefined && fields === NO_FIELDS && decoded.fields === NO_FIELDS) return decoded.part
  return {
    ...decoded.part,
    ...(cache === undefined ? {} : { cache }),
    ...extensionsWith({ ...decoded.fields, ...fields }),
  }
}

interface Decoded {
  readonly part: Part
  readonly fields: Fields
}

function understood(document: JsonDocument, block: JsonObject): Decoded | undefined {
  switch (block.type) {
    case 'text':
      return decodeText(document, block)
    case 'thinking':
      return { part: decodeThinking(block), fields: leftoversOf(document, block, THINKING_KEYS) }
    case 'redacted_thinking':
      return { part: decodeRedacted(block), fields: leftoversOf(document, block, REDACTED_KEYS) }
    case 'image':
    case 'document':
      return decodeMedia(document, block, content => decodeContent(document, content))
    case 'tool_use':
      return { part: decodeToolUse(document, block), fields: toolUseFields(document, block) }
    case 'tool_result':
      return decodeToolResult(document, block)
    case 'search_result':
      return decodeSearchResult(document, block)
    case 'compaction':
      return decodeCompaction(document, block)
    default:
      return decodeHosted(document, block)
  }
}

export function opaque(document: JsonDocument, block: JsonObject): Part {
  return { type: 'opaque', format: FORMAT, label: stringAt(block, 'type') ?? 'unknown', json: document.textOf(block) }
}

const TEXT_KEYS: ReadonlySet<string> = new Set(['type', 'text', 'citations', 'cache_control'])
const THINKING_KEYS: ReadonlySet<string> = new Set(['type', 'thinking', 'signature', 'cache_control'])
const REDACTED_KEYS: ReadonlySet<string> = new Set(['type', 'data', 'cache_control'])
const TOOL_USE_KEYS: ReadonlySet<string> = new Set(['type', 'id', 'name', 'input', 'caller', 'cache_control'])
const TOOL_RESULT_KEYS: ReadonlySet<string> = new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control'])
const SEARCH_RESULT_KEYS: ReadonlySet<string> = new Set(['type', 'source', 'title', 'content', 'cache_control'])
const COMPACTION_KEYS: ReadonlySet<string> = new Set(['type', 'content', 'cache_control'])

/** A request's schema has seen to it that there is text; an upstream may send anything. */
function decodeText(document: JsonDocument, block: JsonObject): Decoded {
  const text = stringAt(block, 'text') ?? ''
  const fields = leftoversOf(document, block, TEXT_KEYS)
  if (block.citations === undefined) return { part: { type: 'text', text }, fields }
  const citations = objectsAt(block, 'citations').map(citation => decodeCitation(document, citation))
  return { part: { type: 'text', text, ...(citations.length === 0 ? {} : { citations }) }, fields }
}

/** Claude shows a summary of its thinking, or nothing but the signature (`display: "omitted"`). */
function decodeThinking(block: JsonObject): ReasoningPart {
  const text = stringAt(block, 'thinking') ?? ''
  const signature = stringAt(block, 'signature') ?? ''
  return {
    type: 'reasoning',
    visibility: 'summary',
    chunks: text === '' ? [] : [text],
    ...(signature === '' ? {} : { state: [signatureState(signature)] }),
  }
}

export function signatureState(signature: string): OpaqueState {
  return { scheme: 'anthropic.signature', value: signature }
}

function decodeRedacted(block: JsonObject): ReasoningPart {
  const state: OpaqueState = { scheme: 'anthropic.redacted', value: stringAt(block, 'data') ?? '' }
  return { type: 'reasoning', visibility: 'hidden', chunks: [], state: [state] }
}

/** `caller` counts only where the call came from code that the provider runs; `direct` is what every call is. */
export function decodeToolUse(document: JsonDocument, block: JsonObject): ToolCallPart {
  return {
    type: 'tool-call',
    callId: stringAt(block, 'id') ?? '',
    name: stringAt(block, 'name') ?? '',
    kind: 'function',
    arguments: block.input === undefined ? '{}' : document.textOf(block.input),
    ...(isObject(block.caller) && block.caller.type !== 'direct' ? { caller: document.textOf(block.caller) } : {}),
  }
}

export function toolUseFields(document: JsonDocument, block: JsonObject): Fields {
  const fields = leftoversOf(document, block, TOOL_USE_KEYS)
  const { caller } = block
  return isObject(caller) && caller.type === 'direct' ? { ...fields, [DIRECT_CALLER]: document.textOf(caller) } : fields
}

function decodeToolResult(document: JsonDocument, block: JsonObject): Decoded {
  return {
    part: present({
      type: 'tool-result',
      callId: stringAt(block, 'tool_use_id') ?? '',
      isError: booleanAt(block, 'is_error'),
      content: decodeContent(document, block.content),
    } as const),
    fields: leftoversOf(document, block, TOOL_RESULT_KEYS),
  }
}

function decodeSearchResult(document: JsonDocument, block: JsonObject): Decoded {
  return {
    part: {
      type: 'search-result',
      source: stringAt(block, 'source') ?? '',
      title: stringAt(block, 'title') ?? '',
      content: decodeContent(document, block.content),
    },
    fields: leftoversOf(document, block, SEARCH_RESULT_KEYS),
  }
}

/** `content: null` is a compaction that failed. */
function decodeCompaction(document: JsonDocument, block: JsonObject): Decoded {
  const summary = stringAt(block, 'content')
  return {
    part: { type: 'compaction', ...(summary === undefined ? {} : { summary }) },
    fields: leftoversOf(document, block, COMPACTION_KEYS),
  }
}

const CALL_SUFFIX = '_tool_use'
const RESULT_SUFFIX = '_tool_result'

/** `server_tool_use`, `mcp_tool_use` and every `…_tool_result`: tools that the provider runs itself. */
function decodeHosted(document: JsonDocument, block: JsonObject): Decoded | undefined {
  const type = stringAt(block, 'type') ?? ''
  const json = document.textOf(block)
  const common = { type: 'hosted-tool', format: FORMAT, json } as const
  if (isHostedCall(type)) {
    const callId = stringAt(block, 'id')
    const part: HostedToolPart = present({ ...common, tool: stringAt(block, 'name') ?? type, phase: 'call', callId })
    return { part, fields: {} }
  }
  if (!type.endsWith(RESULT_SUFFIX)) return undefined
  const tool = type.slice(0, -RESULT_SUFFIX.length)
  const part: HostedToolPart = present({ ...common, tool, phase: 'result', callId: stringAt(block, 'tool_use_id') })
  return { part, fields: {} }
}

export function isHostedCall(type: string): boolean {
  return type.endsWith(CALL_SUFFIX)
}
