/** Requests, wire → canonical (Anthropic Messages API, `POST /v1/messages` and `/v1/messages/count_tokens`). */
import type { JsonDocument } from '../../json/document.ts'
import { Refusal } from '../../refusal.ts'
import { billingHeader } from '../billing-header.ts'
import { withCarriedState } from '../carried-state.ts'
import type { Conversation, Part, SettingsDeltaPart, Turn } from '../conversation.ts'
import type { DecodeInput } from '../wire-format.ts'
import { decodeContent } from './blocks-decode.ts'
import { isObject, type JsonObject, numberAt, objectAt, objectsAt, present, stringAt } from './fields.ts'
import { extensionsWith, type Fields, leftoversOf, NO_FIELDS, nestedLeftovers } from './leftovers.ts'
import { decodeOutputFormat, decodeReasoning, decodeServiceTier, effortOf } from './settings-decode.ts'
import { decodeToolChoice, decodeTools, MCP_SERVERS } from './tools-decode.ts'

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'stream',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
  'speed',
  'thread',
  MCP_SERVERS,
])
const METADATA_KEYS: ReadonlySet<string> = new Set(['user_id'])

/** @throws Refusal 400 when a message has no content */
export function decodeRequest(input: DecodeInput): Conversation {
  return withCarriedState(decoded(input), input.stateKey)
}

function decoded({ document }: DecodeInput): Conversation {
  const body = isObject(document.value) ? document.value : {}
  const tools = decodeTools(document, body)
  const choice = decodeToolChoice(document, body, tools)
  const reasoning = decodeReasoning(document, body)
  const format = decodeOutputFormat(document, body)
  const tier = decodeServiceTier(body)
  const metadata = objectAt(body, 'metadata')
  const conversation: Conversation = present({
    turns: decodeTurns(document, body),
    tools,
    toolChoice: choice.toolChoice,
    parallelToolCalls: choice.parallelToolCalls,
    maxOutputTokens: numberAt(body, 'max_tokens'),
    sampling: decodeSampling(body),
    stop: stopOf(body),
    reasoning: reasoning.value,
    outputFormat: format.value,
    endUser: stringAt(metadata, 'user_id'),
    serviceTier: tier.value,
    state: isObject(body.thread) ? { thread: document.textOf(body.thread) } : undefined,
  })
  return {
    ...conversation,
    ...extensionsWith({
      ...leftoversOf(document, body, KNOWN),
      ...choice.fields,
      ...reasoning.fields,
      ...format.fields,
      ...tier.fields,
      ...nestedLeftovers(document, 'metadata', metadata, METADATA_KEYS),
    }),
  }
}

function decodeSampling(body: JsonObject): Conversation['sampling'] {
  return present({
    temperature: numberAt(body, 'temperature'),
    topP: numberAt(body, 'top_p'),
    topK: numberAt(body, 'top_k'),
  })
}

function stopOf(body: JsonObject): readonly string[] | undefined {
  const stop = body.stop_sequences
  if (!Array.isArray(stop)) return undefined
  const words = stop.filter(word => typeof word === 'string')
  return words.length === 0 ? undefined : words
}

function decodeTurns(document: JsonDocument, body: JsonObject): readonly Turn[] {
  const system = decodeContent(document, body.system).map(part => withoutBilling(part))
  const turns: Turn[] = system.length === 0 ? [] : [{ role: 'system', parts: system }]
  for (const [index, message] of objectsAt(body, 'messages').entries()) {
    turns.push(...decodeMessage(document, message, index))
  }
  return turns
}

const BILLING = 'x-anthropic-billing-header:'

function withoutBilling(part: Part): Part {
  if (part.type !== 'text' || !part.text.startsWith(BILLING)) return part
  return billingHeader(JSON.stringify({ type: 'text', text: part.text }))
}

function decodeMessage(document: JsonDocument, message: JsonObject, index: number): readonly Turn[] {
  const role = stringAt(message, 'role')
  if (role === 'system') return [decodeSystem(document, message)]
  if (message.content === undefined || message.content === null) {
    throw new Refusal(400, 'invalid_request', `"messages[${index}].content" is missing.`, {
      param: `messages[${index}].content`,
    })
  }
  const parts = decodeContent(document, message.content)
  const fields = leftoversOf(document, message, MESSAGE_KEYS)
  return role === 'assistant' ? [{ role: 'assistant', parts, ...extensionsWith(fields) }] : splitResults(parts, fields)
}

const MESSAGE_KEYS: ReadonlySet<string> = new Set(['role', 'content'])
const SYSTEM_KEYS: ReadonlySet<string> = new Set(['role', 'content', 'output_config'])
const SYSTEM_CONFIG_KEYS: ReadonlySet<string> = new Set(['effort'])

/** A system message in the conversation may also change the effort from there on (beta). */
function decodeSystem(document: JsonDocument, message: JsonObject): Turn {
  const config = objectAt(message, 'output_config')
  const effort = effortOf(config)
  const delta: readonly SettingsDeltaPart[] = effort === undefined ? [] : [{ type: 'settings-delta', effort }]
  return {
    role: 'system',
    parts: [...decodeContent(document, message.content), ...delta],
    ...extensionsWith({
      ...leftoversOf(document, message, SYSTEM_KEYS),
      ...nestedLeftovers(document, 'output_config', config, SYSTEM_CONFIG_KEYS),
    }),
  }
}

/** Tool results stand in turns of their own in the canonical view; here they share the user's. Order is kept. */
function splitResults(parts: readonly Part[], fields: Fields): readonly Turn[] {
  const turns: { role: 'user' | 'tool'; parts: Part[] }[] = []
  for (const part of parts) {
    const role = part.type === 'tool-result' ? 'tool' : 'user'
    const last = turns.at(-1)
    if (last?.role === role) last.parts.push(part)
    else turns.push({ role, parts: [part] })
  }
  if (fields === NO_FIELDS && turns.length > 0) return turns
  const [first = { role: 'user', parts: [] }, ...rest] = turns
  return [{ ...first, ...extensionsWith(fields) }, ...rest]
}
