/** The conversation's settings → the fields of a request beside its input and tools. */
import type { Writable } from '../../json/raw.ts'
import type { ModelCapabilities } from '../../models/capabilities.ts'
import { threadUnsupported } from '../anthropic-messages/threads.ts'
import type { Conversation, Effort, Reasoning } from '../conversation.ts'
import { effortOfBudget, nearestEffort } from '../effort.ts'
import { cacheKeyForOpenAi, userIdForOpenAi } from '../end-user.ts'
import { isThinkingShown } from '../shown-thinking.ts'
import { keepsStrictRules, NOT_STRICT } from '../strict-schema.ts'
import type { EncodeTarget } from '../wire-format.ts'
import { bagOf, valueIn, written } from './fields.ts'
import { type LossList, unsupported } from './loss-list.ts'
import { encodeOutputFormat } from './text-format.ts'

type Body = Readonly<Record<string, Writable>>

export function encodeSettings(conversation: Conversation, target: EncodeTarget, losses: LossList): Body {
  const bag = bagOf(conversation)
  const { tool_choice: _, ...rest } = written(bag)
  const common: Body = {
    parallel_tool_calls: conversation.parallelToolCalls,
    ...text(conversation, losses),
    metadata: metadata(conversation, losses),
    service_tier: conversation.serviceTier === 'standard' ? 'default' : conversation.serviceTier,
    ...endUser(conversation),
    prompt_cache_key: bag === undefined ? cacheKeyForOpenAi(conversation) : conversation.cacheKey,
    previous_response_id: conversation.state?.previousId,
    conversation: conversation.state?.conversation,
    stream: target.stream ? true : undefined,
  }
  return bag === undefined
    ? { ...common, ...foreignSettings(conversation, target, losses) }
    : { ...common, ...nativeSettings(conversation), ...withoutStreaming(rest, target.stream) }
}

/** `stream_options` beside a request that is not streamed is refused. */
function withoutStreaming({ stream_options, ...rest }: Body, stream: boolean): Body {
  return stream && stream_options !== undefined ? { ...rest, stream_options } : rest
}

/** What the client said in this very format, said again. */
function nativeSettings(conversation: Conversation): Body {
  const { sampling, reasoning, logprobs, state } = conversation
  const members = valueIn(bagOf(conversation), '#reasoning')
  const fields = typeof members === 'object' && members !== null ? (members as Readonly<Record<string, Writable>>) : {}
  const told = reasoning !== undefined || Object.keys(fields).length > 0
  const summary = reasoning?.show === 'summary' && fields.summary === undefined && fields.generate_summary === undefined
  return {
    max_output_tokens: conversation.maxOutputTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_logprobs: logprobs?.top,
    store: state?.store,
    reasoning: told ? { effort: reasoning?.effort, summary: summary ? 'auto' : undefined, ...fields } : undefined,
  }
}

/** What was said in another format: brought to what this API, and this model as far as it is known, takes. */
function foreignSettings(conversation: Conversation, target: EncodeTarget, losses: LossList): Body {
  refuseWhatChangesTheReply(conversation)
  const { sampling, logprobs, state } = conversation
  const { capabilities } = target
  const reasoning = encodeReasoningWish(conversation.reasoning, target, losses)
  const sampled = takesSampling(capabilities, reasoning.effort)
  const keep = <T>(value: T | undefined, path: string): T | undefined =>
    sampled || value === undefined ? value : losses.dropped(path, `${target.model} does not take it while it reasons`)
  for (const key of ['topK', 'frequencyPenalty', 'presencePenalty', 'seed', 'logitBias'] as const) {
    if (sampling[key] !== undefined) losses.dropped(`sampling.${key}`, 'the Responses API has no such setting')
  }
  const wantedLogprobs = keep(logprobs, 'logprobs')
  const include = [
    ...(wantedLogprobs === undefined ? [] : ['message.output_text.logprobs']),
    ...(mayReason(reasoning, capabilities) && state?.store !== true ? ['reasoning.encrypted_content'] : []),
  ]
  return {
    // Refused beside no tools.
    parallel_tool_calls: conversation.tools.length === 0 ? undefined : conversation.parallelToolCalls,
    max_output_tokens: atLeastSixteen(conversation.maxOutputTokens, losses),
    temperature: keep(sampling.temperature, 'sampling.temperature'),
    top_p: keep(sampling.topP, 'sampling.topP'),
    top_logprobs: wantedLogprobs?.top,
    reasoning: Object.keys(reasoning).length === 0 ? undefined : reasoning,
    include: include.length === 0 ? undefined : include,
    // Only this API keeps replies unless told not to.
    store: state?.store ?? false,
  }
}

function refuseWhatChangesTheReply(conversation: Conversation): void {
  if ((conversation.candidates ?? 1) > 1)
    unsupported('candidates', 'the Responses API gives one answer. Ask several times, or for one')
  const other = conversation.modalities?.find(modality => modality.toLowerCase() !== 'text')
  if (other !== undefined) unsupported('modalities', `the Responses API answers in text, not in ${other}`)
  if (conversation.state?.thread !== undefined) throw threadUnsupported()
  if (conversation.maxOutputTokens === 0)
    unsupported('maxOutputTokens', 'the Responses API cannot be asked for no output at all')
}

type ReasoningWish = { readonly effort?: Effort; readonly summary?: 'auto' }

function encodeReasoningWish(
  reasoning: Reasoning | undefined,
  { model, capabilities }: EncodeTarget,
  losses: LossList,
): ReasoningWish {
  const wanted = reasoning === undefined ? undefined : wantedEffort(reasoning)
  const effort = wanted === undefined ? wanted : nearestEffort(wanted, capabilities.efforts)
  if (effort !== wanted) {
    if (effort !== undefined)
      losses.approximated('reasoning.effort', `${model} has no "${wanted}": "${effort}" instead`)
    // Not to think is what a model without reasoning does anyway.
    else if (wanted !== 'none') losses.dropped('reasoning', `${model} does not reason`)
  }
  if (effort !== undefined && effort !== 'none' && reasoning?.effort === undefined && reasoning?.budget !== undefined)
    losses.approximated('reasoning.budget', `the Responses API takes no budget of tokens: asked for "${effort}"`)
  const silent = capabilities.efforts.length === 0
  const shown = reasoning !== undefined && isThinkingShown(reasoning)
  return {
    ...(effort === undefined ? {} : { effort }),
    ...(shown && !silent && effort !== 'none' ? { summary: 'auto' as const } : {}),
  }
}

/** An explicit level wins over a mode, and a mode over a budget (conversion.md C.5). */
function wantedEffort(reasoning: Reasoning): Effort | undefined {
  if (reasoning.effort !== undefined) return reasoning.effort
  if (reasoning.mode === 'disabled') return 'none'
  return typeof reasoning.budget === 'number' && reasoning.budget >= 0 ? effortOfBudget(reasoning.budget) : undefined
}

function takesSampling({ sampling }: ModelCapabilities, effort: Effort | undefined): boolean {
  return sampling === 'always' || (sampling === 'without_reasoning' && effort === 'none')
}

/** Whether encrypted reasoning may be asked for: models that do not reason refuse the wish. */
function mayReason({ effort }: ReasoningWish, { reasons_unasked }: ModelCapabilities): boolean {
  return effort === undefined ? reasons_unasked : effort !== 'none'
}

function atLeastSixteen(tokens: number | undefined, losses: LossList): number | undefined {
  if (tokens === undefined || tokens >= 16) return tokens
  losses.approximated('maxOutputTokens', 'the Responses API takes no less than 16')
  return 16
}

function text(conversation: Conversation, losses: LossList): Body {
  const format = conversation.outputFormat
  const bag = bagOf(conversation)
  const members = valueIn(bag, '#text')
  const fields = typeof members === 'object' && members !== null ? (members as Readonly<Record<string, Writable>>) : {}
  const strictly =
    format?.type === 'schema' && format.strict === true && bag === undefined && !keepsStrictRules(format.schema)
  if (strictly) losses.approximated('outputFormat.strict', NOT_STRICT)
  const node = {
    ...(format === undefined ? {} : { format: encodeOutputFormat(strictly ? { ...format, strict: false } : format) }),
    ...(conversation.verbosity === undefined ? {} : { verbosity: conversation.verbosity }),
    ...fields,
  }
  return Object.keys(node).length === 0 ? {} : { text: node }
}

/** OpenAI takes 16 pairs of at most 64 and 512 characters. */
function metadata(conversation: Conversation, losses: LossList): Writable {
  const entries = Object.entries(conversation.metadata ?? {})
  if (conversation.metadata === undefined || bagOf(conversation) !== undefined) return conversation.metadata
  const fitting = entries.filter(([key, value], index) => {
    if (index < 16 && key.length <= 64 && value.length <= 512) return true
    losses.dropped(`metadata.${key}`, 'OpenAI takes 16 pairs of at most 64 and 512 characters')
    return false
  })
  return Object.fromEntries(fitting)
}

/** Ids of end users may have 64 characters: a longer one is told by its hash, which is as stable and tells less. */
function endUser(conversation: Conversation): Body {
  const { endUser: id } = conversation
  if (id === undefined) return {}
  // The older field, `user`, goes back by way of the bag.
  if (valueIn(bagOf(conversation), 'user') === id && bagOf(conversation) !== undefined) {
    return {}
  }
  return { safety_identifier: bagOf(conversation) === undefined ? userIdForOpenAi(id) : id }
}
