/**
 * Items → parts. Input items of a request and output items of a reply are the same things here: what a reply holds,
 * the next request sends back (OpenAI Responses API, `input`, `output`).
 */
import type { JsonDocument } from '../../json/document.ts'
import { writeJson } from '../../json/raw.ts'
import type { Extensions, OpaqueState, Part, ReasoningPart, TextPart, Turn } from '../conversation.ts'
import { decodeContent } from './content-decode.ts'
import type { Fault } from './fault.ts'
import {
  type Bag,
  bagOf,
  extensionsOf,
  type Fields,
  isFields,
  listOf,
  nativeExtensions,
  stringOf,
  unmapped,
  written,
} from './fields.ts'
import { decodeHostedItem } from './hosted-items.ts'
import { decodeImageCall } from './image-call.ts'
import { FORMAT } from './name.ts'
import { decodeSettingsDelta } from './settings-delta.ts'
import { decodeTools } from './tools-decode.ts'

export interface DecodedItem {
  readonly role: Turn['role']
  readonly parts: readonly Part[]
  /** Belongs to the turn: fields of a message that is not the assistant's. */
  readonly extensions?: Extensions
}

export function decodeItem(document: JsonDocument, item: Fields, path: string, fault: Fault): DecodedItem {
  switch (item.type) {
    case undefined:
    case null:
    case 'message':
      return decodeMessage(document, item, path, fault)
    case 'reasoning':
      return assistant(...decodeReasoning(document, item))
    case 'function_call':
    case 'custom_tool_call':
      return assistant(decodeCall(document, item, path, fault))
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { role: 'tool', parts: [decodeResult(document, item, path, fault)] }
    case 'additional_tools':
      return developer({
        type: 'tools-delta',
        add: decodeTools(document, item.tools, `${path}.tools`, fault),
        remove: [],
        ...nativeExtensions(unmapped(document, item, TOOLS_DELTA_FIELDS)),
      })
    case 'configuration_update':
      return developer(decodeSettingsDelta(document, item))
    case 'compaction':
      return assistant({
        type: 'compaction',
        ...idOf(item),
        ...stateOf(item),
        ...nativeExtensions(unmapped(document, item, COMPACTION_FIELDS)),
      })
    case 'item_reference':
      return assistant(reference(document, item, path, fault))
    case 'image_generation_call': {
      const image = decodeImageCall(document, item)
      return image ? assistant(image) : decodeHostedItem(document, item)
    }
    default:
      return decodeHostedItem(document, item)
  }
}

const TOOLS_DELTA_FIELDS = new Set(['type', 'role', 'tools'])
const COMPACTION_FIELDS = new Set(['type', 'id', 'encrypted_content'])
const REFERENCE_FIELDS = new Set(['type', 'id'])
const MESSAGE_FIELDS = new Set(['type', 'role', 'content'])
const ASSISTANT_FIELDS = new Set(['type', 'role', 'content', 'id', 'phase'])
const REASONING_FIELDS = ['type', 'id', 'encrypted_content']
const CALL_FIELDS = new Set(['type', 'id', 'call_id', 'name', 'namespace', 'caller', 'arguments'])
const CUSTOM_CALL_FIELDS = new Set(['type', 'id', 'call_id', 'name', 'namespace', 'caller', 'input'])
const RESULT_FIELDS = new Set(['type', 'id', 'call_id', 'name', 'output'])
const ROLES = ['user', 'assistant', 'system', 'developer'] as const

function assistant(...parts: readonly Part[]): DecodedItem {
  return { role: 'assistant', parts }
}

function developer(part: Part): DecodedItem {
  return { role: 'developer', parts: [part] }
}

function decodeMessage(document: JsonDocument, item: Fields, path: string, fault: Fault): DecodedItem {
  const role = ROLES.find(known => known === item.role)
  if (role === undefined) {
    // An item of neither type nor role is an item reference, if it is anything.
    if (item.type !== 'message' && item.role === undefined && typeof item.id === 'string')
      return assistant(reference(document, item, path, fault))
    fault(`${path}.role`, `must be one of ${ROLES.map(known => `"${known}"`).join(', ')}`)
  }
  const parts = decodeContent(document, item.content, `${path}.content`, fault)
  if (role === 'assistant' || role === undefined) return assistant(...ofMessage(document, item, parts))
  return { role, parts, ...extensionsOf(unmapped(document, item, MESSAGE_FIELDS)) }
}

/** Gives the parts of an assistant's message what the message itself says: id and phase all, the rest the first. */
function ofMessage(document: JsonDocument, item: Fields, parts: readonly Part[]): readonly Part[] {
  const id = idOf(item)
  const phase = phaseOf(item)
  const rest = unmapped(document, item, ASSISTANT_FIELDS)
  if (parts.length === 0) {
    return [{ type: 'opaque', format: FORMAT, label: 'message', json: document.textOf(item) }]
  }
  return parts.map((part, index) => {
    const bag: Bag = { ...bagOf(part), ...(index === 0 ? messageMark(rest) : {}) }
    const identified = { ...part, ...id, ...nativeExtensions(bag) }
    return identified.type === 'text' ? { ...identified, ...phase } : identified
  })
}

function phaseOf(item: Fields): Pick<TextPart, 'phase'> {
  return item.phase === 'commentary' || item.phase === 'final_answer' ? { phase: item.phase } : {}
}

function messageMark(rest: Bag): Bag {
  const fields = written(rest)
  return Object.keys(fields).length === 0 ? {} : { '#message': writeJson(fields) }
}

/** Two parts when the item has both its whole text and a summary of it; the state is the last one's. */
export function decodeReasoning(document: JsonDocument, item: Fields): readonly ReasoningPart[] {
  const content = textsOf(item.content, 'reasoning_text')
  const summary = textsOf(item.summary, 'summary_text')
  const mapped = new Set(REASONING_FIELDS)
  if (content !== undefined) mapped.add('content')
  if (summary !== undefined) mapped.add('summary')
  const bag = unmapped(document, item, mapped)
  const last = (part: ReasoningPart): ReasoningPart => ({ ...part, ...stateOf(item), ...nativeExtensions(bag) })
  const full: ReasoningPart = { type: 'reasoning', visibility: 'full', chunks: content ?? [], ...idOf(item) }
  const summarised: ReasoningPart = { type: 'reasoning', visibility: 'summary', chunks: summary ?? [], ...idOf(item) }
  if (full.chunks.length > 0 && summarised.chunks.length > 0)
    return [{ ...full, ...nativeExtensions({}) }, joined(last(summarised))]
  if (full.chunks.length > 0) return [last(full)]
  if (summarised.chunks.length > 0) return [last(summarised)]
  return [last({ type: 'reasoning', visibility: 'hidden', chunks: [], ...idOf(item) })]
}

/** Marks a part that is of the same item as the part before it. */
function joined(part: ReasoningPart): ReasoningPart {
  return { ...part, ...nativeExtensions({ ...bagOf(part), '#joined': 'true' }) }
}

/** The texts of a list whose entries all have the one type; `undefined` when it holds anything else. */
function textsOf(list: unknown, type: string): readonly string[] | undefined {
  if (list === undefined || list === null) return []
  const texts = listOf(list).flatMap(entry =>
    isFields(entry) && entry.type === type && typeof entry.text === 'string' ? [entry.text] : [],
  )
  return Array.isArray(list) && texts.length === list.length ? texts : undefined
}

function stateOf(item: Fields): { readonly state?: readonly OpaqueState[] } {
  const value = stringOf(item.encrypted_content)
  if (value === undefined) return {}
  const itemId = stringOf(item.id)
  return { state: [{ scheme: 'openai.encrypted', value, ...(itemId === undefined ? {} : { itemId }) }] }
}

function decodeCall(document: JsonDocument, item: Fields, path: string, fault: Fault): Part {
  const custom = item.type === 'custom_tool_call'
  const bag = unmapped(document, item, custom ? CUSTOM_CALL_FIELDS : CALL_FIELDS)
  return {
    type: 'tool-call',
    ...idOf(item),
    callId: required(item, 'call_id', path, fault),
    name: required(item, 'name', path, fault),
    ...namespaceOf(item),
    kind: custom ? 'custom' : 'function',
    arguments: required(item, custom ? 'input' : 'arguments', path, fault),
    ...(isFields(item.caller) ? { caller: document.textOf(item.caller) } : {}),
    ...nativeExtensions(isFoundTool(item) ? { ...bag, [FOUND]: JSON.stringify(item.namespace) } : bag),
  }
}

function namespaceOf(item: Fields): { readonly namespace?: string } {
  const namespace = stringOf(item.namespace)
  return namespace === undefined || isFoundTool(item) ? {} : { namespace }
}

/**
 * A function that the model found by tool search is called in a namespace of its own name, though it was declared in
 * none: everybody else knows it by its name, and OpenAI wants the field back (OpenAI API, "Tool search").
 */
function isFoundTool({ name, namespace }: Fields): boolean {
  return typeof namespace === 'string' && namespace === name
}

/** Written back as `namespace`, and no loss elsewhere. */
const FOUND = '#=namespace'

/** A result without `call_id` (the asynchronous form, told apart by name) has no form elsewhere: it stays whole. */
function decodeResult(document: JsonDocument, item: Fields, path: string, fault: Fault): Part {
  const callId = stringOf(item.call_id)
  if (callId === undefined || callId === '') {
    return { type: 'opaque', format: FORMAT, label: String(item.type), json: document.textOf(item) }
  }
  if (item.output === undefined) fault(`${path}.output`, 'is missing')
  const name = stringOf(item.name)
  return {
    type: 'tool-result',
    ...idOf(item),
    callId,
    ...(name === undefined ? {} : { name }),
    kind: item.type === 'custom_tool_call_output' ? 'custom' : 'function',
    content: decodeContent(document, item.output, `${path}.output`, fault),
    ...nativeExtensions(unmapped(document, item, RESULT_FIELDS)),
  }
}

function reference(document: JsonDocument, item: Fields, path: string, fault: Fault): Part {
  return {
    type: 'item-reference',
    id: required(item, 'id', path, fault),
    ...nativeExtensions(unmapped(document, item, REFERENCE_FIELDS)),
  }
}

function idOf(item: Fields): { readonly id?: string } {
  const id = stringOf(item.id)
  return id === undefined || id === '' ? {} : { id }
}

function required(item: Fields, key: string, path: string, fault: Fault): string {
  const value = item[key]
  if (typeof value === 'string') return value
  fault(`${path}.${key}`, value === undefined || value === null ? 'is missing' : 'must be a string')
  return ''
}
