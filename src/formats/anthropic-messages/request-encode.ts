/** Requests, canonical → wire (Anthropic Messages API, `POST /v1/messages` and `/v1/messages/count_tokens`). */
import { RawJson, writeJson } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import { inTurn } from '../amendment.ts'
import type { Conversation } from '../conversation.ts'
import { withSearchAsFunction } from '../openai-responses/client-search.ts'
import { withAcceptedNames } from '../tool-names.ts'
import type { EncodedRequest, EncodeTarget } from '../wire-format.ts'
import { CacheMarks } from './cache-marks.ts'
import { type Encoding, unsupported } from './encoding.ts'
import { noteForeign } from './foreign.ts'
import { type WritableObject, withMembers, writableFields } from './leftovers.ts'
import { LossLog } from './losses.ts'
import { encodeMessages } from './messages-encode.ts'
import { FORMAT } from './name.ts'
import { encodeOutputFormat } from './output-format.ts'
import { encodeSampling, encodeStop } from './sampling-encode.ts'
import { encodeThinking } from './thinking-encode.ts'
import { encodeTools, TOOL_NAMES } from './tools-encode.ts'

/** @throws Refusal 400 when the request cannot be said here and must not be cut */
export function encodeRequest(given: Conversation, target: EncodeTarget): EncodedRequest {
  const log = new LossLog()
  const called = withSearchAsFunction(given, log, TOOL_NAMES)
  const { conversation: asked, amendment: naming } = withAcceptedNames(called, TOOL_NAMES, target)
  const { capabilities } = target
  const encoding: Encoding = { target, capabilities, log, marks: new CacheMarks(asked, log) }
  refuseImpossible(asked, target)
  noteForeign(asked, log)
  noteUnknown(asked, log)

  const { conversation, format, instruction, amendment: unwrapping } = encodeOutputFormat(asked, encoding)
  const { system, messages, betas, unthoughtCall } = encodeMessages(conversation, encoding)
  const thinking = encodeThinking(conversation, maxTokensOf(conversation, encoding), unthoughtCall, encoding)
  const tools = encodeTools(conversation, thinking.budget !== undefined, encoding)
  const extra = writableFields(conversation)
  const generate = target.operation === 'generate'
  const thinks = thinking.thinking !== undefined && thinking.thinking.type !== 'disabled'
  const body: WritableObject = {
    model: target.model,
    ...(generate ? generation(conversation, thinking.maxTokens, thinks, encoding) : {}),
    ...withoutNested(extra, generate),
    ...optional('thinking', withMembers(thinking.thinking, nestedText(extra.thinking))),
    ...optional('output_config', outputConfig(thinking.effort, format, extra)),
    ...optional(
      'thread',
      conversation.state?.thread === undefined ? undefined : new RawJson(conversation.state.thread),
    ),
    ...optional('mcp_servers', tools.mcpServers),
    ...optional('tool_choice', tools.choice),
    ...optional('tools', tools.tools.length === 0 ? undefined : tools.tools),
    ...optional('system', systemOf(system, instruction)),
    messages,
  }
  const amendment = inTurn(naming, unwrapping)
  const headers = betas.length === 0 ? {} : { headers: { 'anthropic-beta': betas.join(',') } }
  return { body: writeJson(body), losses: log.losses, ...headers, ...(amendment && { amendment }) }
}

/** What only a call that generates may say. */
function generation(
  conversation: Conversation,
  maxTokens: number,
  thinks: boolean,
  encoding: Encoding,
): WritableObject {
  const metadata = conversation.endUser === undefined ? undefined : { user_id: conversation.endUser }
  return {
    max_tokens: maxTokens,
    ...(encoding.target.stream ? { stream: true } : {}),
    ...encodeSampling(conversation.sampling, thinks, encoding),
    ...encodeStop(conversation.stop, encoding),
    ...encodeTier(conversation, encoding),
    ...optional('metadata', withMembers(metadata, conversation.extensions?.[FORMAT]?.metadata)),
  }
}

/** Members that hold the rest of an object, not a value of their own. */
const NESTED: ReadonlySet<string> = new Set(['thinking', 'output_config', 'metadata', 'tool_choice'])
const GENERATE_ONLY: ReadonlySet<string> = new Set(['service_tier', 'inference_geo', 'container'])

function withoutNested(extra: WritableObject, generate: boolean): WritableObject {
  return Object.fromEntries(
    Object.entries(extra).filter(([key]) => !NESTED.has(key) && (generate || !GENERATE_ONLY.has(key))),
  )
}

function nestedText(value: unknown): string | undefined {
  return value instanceof RawJson ? value.text : undefined
}

function optional(key: string, value: WritableObject[string]): WritableObject {
  return value === undefined ? {} : { [key]: value }
}

function outputConfig(
  effort: string | undefined,
  format: WritableObject | undefined,
  extra: WritableObject,
): WritableObject | undefined {
  const known = { ...(effort === undefined ? {} : { effort }), ...(format === undefined ? {} : { format }) }
  return withMembers(Object.keys(known).length === 0 ? undefined : known, nestedText(extra.output_config))
}

function systemOf(blocks: readonly (WritableObject | RawJson)[], instruction: string | undefined) {
  const all = instruction === undefined ? blocks : [...blocks, { type: 'text', text: instruction }]
  return all.length === 0 ? undefined : all
}

/** The API wants a limit. Without one the model may say as much as it can; a small default would cut answers short. */
function maxTokensOf({ maxOutputTokens }: Conversation, { capabilities, log, target }: Encoding): number {
  const { max_output_tokens: limit, default_output_tokens: usual } = capabilities
  if (maxOutputTokens === undefined) return limit === 0 ? usual : limit
  if (limit === 0 || maxOutputTokens <= limit || target.operation !== 'generate') return maxOutputTokens
  log.approximated('maxOutputTokens', `this model gives at most ${limit} tokens`)
  return limit
}

function encodeTier({ serviceTier }: Conversation, { capabilities, log }: Encoding): WritableObject {
  switch (serviceTier) {
    case undefined:
      return {}
    case 'auto':
      return { service_tier: 'auto' }
    case 'standard':
      return { service_tier: 'standard_only' }
    case 'priority':
      log.approximated('serviceTier', 'Anthropic uses priority capacity where there is some')
      return { service_tier: 'auto' }
    case 'fast':
      if (capabilities.fast) return { speed: 'fast' }
      log.dropped('serviceTier', 'this model has no fast mode')
      return {}
    default:
      log.dropped('serviceTier', `Anthropic has no tier like "${serviceTier}"`)
      return {}
  }
}

function refuseImpossible(conversation: Conversation, target: EncodeTarget): void {
  const { candidates, modalities, state } = conversation
  if (target.operation !== 'generate' && target.operation !== 'count-tokens') {
    throw new Refusal(400, 'unsupported_by_target', `Anthropic has nothing like "${target.operation}".`)
  }
  if (candidates !== undefined && candidates > 1) {
    throw unsupported(
      'candidates',
      'Anthropic gives one answer a call. Ask for one ("n", "candidateCount"), or call several times.',
    )
  }
  const other = modalities?.find(modality => modality.toLowerCase() !== 'text')
  if (other !== undefined) throw unsupported('modalities', `Anthropic answers in text only, not in ${other}.`)
  if (state?.previousId !== undefined || state?.conversation !== undefined) {
    const param = state.previousId === undefined ? 'conversation' : 'previous_response_id'
    throw unsupported(param, `"${param}": Anthropic does not hold this conversation. Send all of its turns.`)
  }
}

const UNKNOWN = ['logprobs', 'verbosity', 'metadata', 'cacheKey'] as const

function noteUnknown(conversation: Conversation, log: LossLog): void {
  for (const key of UNKNOWN) {
    if (conversation[key] !== undefined) log.dropped(key, 'Anthropic has no such parameter')
  }
  if (conversation.state?.store === true) log.dropped('state.store', 'Anthropic does not store replies')
}
