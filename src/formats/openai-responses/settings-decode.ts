/** Everything of a request beside its input and tools → the conversation's settings. */
import type { JsonDocument } from '../../json/document.ts'
import { writeJson } from '../../json/raw.ts'
import type { Conversation, OutputFormat, Reasoning, Sampling, ServerState, ServiceTier } from '../conversation.ts'
import { type Bag, booleanOf, type Fields, isFields, listOf, numberOf, stringOf, unmapped, written } from './fields.ts'
import { decodeOutputFormat, effortOf } from './text-format.ts'
import { decodeToolChoice, encodeToolChoice } from './tool-choice.ts'

/** Fields of the body that always have a canonical place; `null` in one of them means that it is not set. */
export const SETTINGS: readonly string[] = [
  'model',
  'input',
  'instructions',
  'stream',
  'prompt',
  'tools',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'safety_identifier',
  'prompt_cache_key',
  'previous_response_id',
  'store',
]

type Settings = Partial<Conversation> & Pick<Conversation, 'sampling'>

interface DecodedSettings {
  readonly conversation: Settings
  /** Further fields whose whole meaning is in `conversation`. */
  readonly mapped: readonly string[]
  /** What is left of fields that have a canonical place for some of their members. */
  readonly bag: Bag
}

export function decodeSettings(document: JsonDocument, body: Fields): DecodedSettings {
  const mapped: string[] = []
  const choice = decodeToolChoice(body.tool_choice)
  if (body.tool_choice === null || (choice !== undefined && isPlain(body.tool_choice))) mapped.push('tool_choice')
  const reasoning = decodeReasoning(document, body.reasoning)
  const text = decodeText(document, body.text)
  if (isFields(body.reasoning) || body.reasoning === null) mapped.push('reasoning')
  if (isFields(body.text) || body.text === null) mapped.push('text')
  const metadata = decodeMetadata(body.metadata)
  if (metadata !== undefined || body.metadata === null) mapped.push('metadata')
  const serviceTier = tierOf(body.service_tier)
  if (serviceTier !== undefined || body.service_tier === null) mapped.push('service_tier')
  const state = decodeState(body)
  if (state.conversation !== undefined || body.conversation === null) mapped.push('conversation')
  const logprobs = decodeLogprobsWish(body)
  if (logprobs?.top !== undefined || body.top_logprobs === null) mapped.push('top_logprobs')
  const conversation: Settings = {
    sampling: decodeSampling(body),
    ...present('toolChoice', choice),
    ...present('parallelToolCalls', booleanOf(body.parallel_tool_calls)),
    ...present('maxOutputTokens', numberOf(body.max_output_tokens)),
    ...present('logprobs', logprobs),
    ...present('reasoning', reasoning.reasoning),
    ...present('outputFormat', text.format),
    ...present('verbosity', text.verbosity),
    ...present('endUser', stringOf(body.safety_identifier) ?? stringOf(body.user)),
    ...present('metadata', metadata),
    ...present('serviceTier', serviceTier),
    ...present('cacheKey', stringOf(body.prompt_cache_key)),
    ...(Object.keys(state).length === 0 ? {} : { state }),
  }
  return { conversation, mapped, bag: { ...reasoning.bag, ...text.bag } }
}

/** A member to spread, or nothing: absent and `undefined` are not the same to those who compare. */
function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V })
}

/** Whether a choice is written back as it was from its canonical form alone. */
function isPlain(choice: unknown): boolean {
  if (!isFields(choice)) return true
  const decoded = decodeToolChoice(choice)
  const tools = listOf(choice.tools)
  const functions = tools.every(tool => isFields(tool) && tool.type === 'function' && Object.keys(tool).length === 2)
  return (
    decoded !== undefined &&
    functions &&
    Object.keys(choice).length === Object.keys(Object(encodeToolChoice(decoded, []))).length
  )
}

function decodeSampling(body: Fields): Sampling {
  return { ...present('temperature', numberOf(body.temperature)), ...present('topP', numberOf(body.top_p)) }
}

function decodeReasoning(document: JsonDocument, node: unknown): { readonly reasoning?: Reasoning; readonly bag: Bag } {
  if (!isFields(node)) return { bag: {} }
  const effort = effortOf(node.effort)
  const summary = stringOf(node.summary) ?? stringOf(node.generate_summary)
  const mapped = new Set<string>()
  if (effort !== undefined || node.effort === null) mapped.add('effort')
  if (node.summary === 'auto' || node.summary === null) mapped.add('summary')
  const reasoning: Reasoning = { ...present('effort', effort), ...(summary === undefined ? {} : { show: 'summary' }) }
  return {
    ...(Object.keys(reasoning).length === 0 ? {} : { reasoning }),
    bag: objectBag('reasoning', unmapped(document, node, mapped)),
  }
}

interface DecodedText {
  readonly format?: OutputFormat
  readonly verbosity?: string
  readonly bag: Bag
}

function decodeText(document: JsonDocument, node: unknown): DecodedText {
  if (!isFields(node)) return { bag: {} }
  const format = decodeOutputFormat(document, node.format)
  const verbosity = stringOf(node.verbosity)
  const mapped = new Set(['verbosity'])
  if (format !== undefined || node.format === null) mapped.add('format')
  return {
    ...present('format', format),
    ...present('verbosity', verbosity),
    bag: objectBag('text', unmapped(document, node, mapped)),
  }
}

/** What is left of an object, under a mark: the encoder puts it together again with what it knows. */
function objectBag(name: string, rest: Bag): Bag {
  const members = written(rest)
  return Object.keys(members).length === 0 ? {} : { [`#${name}`]: writeJson(members) }
}

function decodeMetadata(node: unknown): Readonly<Record<string, string>> | undefined {
  if (!isFields(node)) return undefined
  const entries = Object.entries(node).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return entries.length === Object.keys(node).length ? Object.fromEntries(entries) : undefined
}

const TIERS: Readonly<Record<string, ServiceTier>> = {
  auto: 'auto',
  default: 'standard',
  flex: 'flex',
  priority: 'priority',
  fast: 'fast',
  ultrafast: 'ultrafast',
}

function tierOf(value: unknown): ServiceTier | undefined {
  return typeof value === 'string' && Object.hasOwn(TIERS, value) ? TIERS[value] : undefined
}

function decodeState(body: Fields): ServerState {
  const conversation = isFields(body.conversation) ? stringOf(body.conversation.id) : stringOf(body.conversation)
  return {
    ...present('previousId', stringOf(body.previous_response_id)),
    ...present('conversation', conversation),
    ...present('store', booleanOf(body.store)),
  }
}

function decodeLogprobsWish(body: Fields): { readonly top?: number } | undefined {
  const top = numberOf(body.top_logprobs)
  if (top !== undefined) return { top }
  return listOf(body.include).includes('message.output_text.logprobs') ? {} : undefined
}
