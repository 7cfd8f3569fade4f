/** A conversation → a Chat Completions request (conversion.md C.10, D.0). */
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import type { ModelCapabilities } from '../../models/capabilities.ts'
import { Refusal } from '../../refusal.ts'
import { inTurn } from '../amendment.ts'
import { threadUnsupported } from '../anthropic-messages/threads.ts'
import { withFunctionsForDesigns } from '../client-tools.ts'
import type { Conversation, Effort, OutputFormat, Sampling } from '../conversation.ts'
import { cacheKeyForOpenAi, userIdForOpenAi } from '../end-user.ts'
import { withSearchAsFunction } from '../openai-responses/client-search.ts'
import { withSettingsAtEnd } from '../settings-at-end.ts'
import { planStop, STOPS_HERE, type StopPlan } from '../stop-scan.ts'
import { keepsStrictRules, NOT_STRICT } from '../strict-schema.ts'
import { withAcceptedNames } from '../tool-names.ts'
import type { EncodedRequest, EncodeTarget } from '../wire-format.ts'
import { withinCapabilities } from '../within-capabilities.ts'
import { ownFields } from './ledger.ts'
import { encodeMessages } from './message-encode.ts'
import { encodeReasoningSettings } from './reasoning-encode.ts'
import { STREAM_OPTIONS } from './stream-usage.ts'
import { type Target, targetOf, unsupported } from './target.ts'
import { encodeTools, TOOL_NAMES } from './tool-encode.ts'

type WireFields = { readonly [key: string]: Writable }

/** @throws Refusal 400 naming what Chat Completions, or this server, cannot be asked for */
export function encodeRequest(asked: Conversation, encodeTarget: EncodeTarget): EncodedRequest {
  if (encodeTarget.operation !== 'generate') {
    throw new Refusal(400, 'unsupported_by_target', `Chat Completions cannot do "${encodeTarget.operation}".`)
  }
  const target = targetOf(encodeTarget)
  const { ledger } = target
  ledger.foreign(asked.extensions, '')
  const settled = withSettingsAtEnd(asked, path =>
    ledger.approximated(path, 'Chat Completions has the same settings from beginning to end'),
  )
  const callable = withFunctionsForDesigns(withSearchAsFunction(settled, ledger, TOOL_NAMES), ledger)
  const { conversation: named, amendment: naming } = withAcceptedNames(callable, TOOL_NAMES, encodeTarget)
  const conversation = withinCapabilities(named, target.capabilities, ledger)
  const reasoning = encodeReasoningSettings(conversation, target)
  const { sent: stop, amendment: stopping } = stopPlan(conversation, encodeTarget.stream, target)
  const amendment = inTurn(naming, stopping)
  const fields: WireFields = {
    model: encodeTarget.model,
    messages: encodeMessages(conversation.turns, target),
    ...encodeTools(conversation, target),
    max_completion_tokens: conversation.maxOutputTokens,
    ...encodeSampling(conversation, reasoning.effort, target),
    stop: stop.length === 0 ? undefined : stop,
    n: conversation.candidates,
    ...reasoning.fields,
    response_format: conversation.outputFormat && encodeOutputFormat(conversation.outputFormat, target),
    ...encodeAccount(conversation, target),
    stream: encodeTarget.stream ? true : undefined,
  }
  const own = encodeOwn(conversation, encodeTarget.stream, target)
  const body = { ...own, ...inDialect(fields, target) }
  return { body: writeJson(body), losses: ledger.losses, ...(amendment && { amendment }) }
}

/** Fields that the client gave and nobody here understood, as it wrote them. */
function encodeOwn({ extensions }: Conversation, stream: boolean, { dialect, ledger }: Target): WireFields {
  const { [STREAM_OPTIONS]: streamOptions, ...own } = ownFields(extensions)
  if (streamOptions === undefined) return own
  // Refused where nothing is streamed (conversion.md E135).
  if (stream && dialect.streamOptions) return { ...own, stream_options: streamOptions }
  if (stream) ledger.dropped('stream_options', 'this server tells usage without being asked')
  return own
}

/** The fields that are set: renames what has another name here, and leaves out what is refused here. */
function inDialect(fields: WireFields, { dialect, ledger, ...target }: Target): WireFields {
  if (typeof fields.n === 'number' && fields.n > 1 && dialect.omit.includes('n')) {
    throw unsupported(target, 'n', 'a wish for several answers')
  }
  const taken: Record<string, Writable> = {}
  for (const key of Object.keys(fields)) {
    if (fields[key] === undefined) continue
    if (dialect.omit.includes(key)) ledger.dropped(CANONICAL.get(key) ?? key, 'this server does not take it')
    else taken[Object.hasOwn(dialect.rename, key) ? (dialect.rename[key] ?? key) : key] = fields[key]
  }
  return taken
}

const SAMPLING = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  seed: 'seed',
  logitBias: 'logit_bias',
} as const satisfies Record<keyof Sampling, string>
const SAMPLING_FIELDS = Object.entries(SAMPLING) as readonly [keyof Sampling, string][]

/** Canonical paths of fields that a server may not take, for losses. */
const CANONICAL: ReadonlyMap<string, string> = new Map([
  ...Object.entries(SAMPLING).map(([name, wire]) => [wire, `sampling.${name}`] as const),
  ['n', 'candidates'],
  ['stop', 'stop'],
  ['max_completion_tokens', 'maxOutputTokens'],
  ['parallel_tool_calls', 'parallelToolCalls'],
  ['response_format', 'outputFormat'],
  ['reasoning_effort', 'reasoning.effort'],
  ['tool_choice', 'toolChoice'],
  ['safety_identifier', 'endUser'],
  ['prompt_cache_key', 'cacheKey'],
  ['service_tier', 'serviceTier'],
  ['store', 'state.store'],
])

/** What reasoning models refuse, though others take it (OpenAI, "Reasoning models"). */
const REFUSED_WHEN_REASONING: readonly (keyof Sampling)[] = [
  'temperature',
  'topP',
  'frequencyPenalty',
  'presencePenalty',
  'logitBias',
]

function encodeSampling(
  { sampling, logprobs }: Conversation,
  effort: Effort | undefined,
  { capabilities, ledger }: Target,
): WireFields {
  const isFree = samplesFreely(capabilities, effort)
  const fields: Record<string, Writable> = {}
  for (const [name, wire] of SAMPLING_FIELDS) {
    const value = sampling[name]
    if (value === undefined) continue
    const isDefault = value === 1 && (name === 'temperature' || name === 'topP')
    if (isFree || isDefault || !REFUSED_WHEN_REASONING.includes(name)) fields[wire] = value
    else ledger.dropped(`sampling.${name}`, 'this model does not take it')
  }
  if (logprobs === undefined) return fields
  if (isFree) return { ...fields, logprobs: true, top_logprobs: logprobs.top }
  ledger.dropped('logprobs', 'this model does not tell them')
  return fields
}

/** Models that can rest do so unless asked to reason. */
function samplesFreely({ sampling }: ModelCapabilities, effort: Effort | undefined): boolean {
  return sampling === 'always' || (sampling === 'without_reasoning' && (effort === undefined || effort === 'none'))
}

/** OpenAI takes four stop sequences, and none for models that reason. */
function stopPlan(conversation: Conversation, stream: boolean, { capabilities, dialect, ledger }: Target): StopPlan {
  const most = !capabilities.stop ? 0 : dialect.openaiModels ? 4 : Number.POSITIVE_INFINITY
  const plan = planStop(conversation, most, stream)
  if (plan.amendment) ledger.approximated('stop', STOPS_HERE)
  return plan
}

function encodeOutputFormat(format: OutputFormat, { dialect, ledger }: Target): Writable {
  switch (format.type) {
    case 'text':
      return { type: 'text' }
    case 'json':
      return { type: 'json_object' }
    default: {
      const { name = 'response', description, schema } = format
      const isRefused = format.strict === true && dialect.openaiModels && !keepsStrictRules(schema)
      if (isRefused) ledger.approximated('outputFormat.strict', NOT_STRICT)
      const strict = isRefused ? false : format.strict
      return { type: 'json_schema', json_schema: { name, description, schema: new RawJson(schema), strict } }
    }
  }
}

function encodeAccount(conversation: Conversation, target: Target): WireFields {
  const { serviceTier, state, endUser, extensions } = conversation
  refuseState(conversation, target)
  const tier = serviceTier && target.dialect.serviceTiers[serviceTier]
  if (serviceTier && tier === undefined)
    target.ledger.dropped('serviceTier', `this server has no tier "${serviceTier}"`)
  // A client that said `user` is taken at its word: the field goes out among its own.
  const saidUser = endUser !== undefined && ownFields(extensions).user?.text === JSON.stringify(endUser)
  return {
    verbosity: conversation.verbosity,
    modalities: conversation.modalities,
    safety_identifier: saidUser || endUser === undefined ? undefined : userIdForOpenAi(endUser),
    metadata: conversation.metadata,
    service_tier: tier,
    prompt_cache_key: target.dialect.openaiModels ? cacheKeyForOpenAi(conversation) : conversation.cacheKey,
    // Nobody but OpenAI keeps replies: what keeps none need not be told not to.
    store: state?.store === false && !target.dialect.openaiModels ? undefined : state?.store,
  }
}

/** What the provider is to remember is part of the prompt: without it the model would answer something else. */
function refuseState({ state }: Conversation, target: Target): void {
  if (state?.previousId !== undefined) throw unsupported(target, 'previous_response_id', 'an earlier response')
  if (state?.conversation !== undefined) throw unsupported(target, 'conversation', 'a stored conversation')
  if (state?.thread !== undefined) throw threadUnsupported()
}
