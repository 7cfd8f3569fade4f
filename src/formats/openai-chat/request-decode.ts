/** A Chat Completions request → conversation (OpenAI API reference, "Create chat completion"). */
import { Refusal } from '../../refusal.ts'
import { withCarriedState } from '../carried-state.ts'
import type { Conversation, Extensions, OutputFormat, Sampling, ServerState, ServiceTier } from '../conversation.ts'
import type { DecodeInput } from '../wire-format.ts'
import {
  arrayOf,
  booleanOf,
  compact,
  FieldReader,
  type Fields,
  numberOf,
  objectOf,
  stringOf,
  type TextSource,
  wordOf,
} from './fields.ts'
import { decodeMessages } from './message-decode.ts'
import { FORMAT } from './name.ts'
import { decodeReasoningSettings } from './reasoning-settings.ts'
import { STREAM_OPTIONS } from './stream-usage.ts'
import { decodeLegacyFunctions, decodeToolChoice, decodeTools } from './tool-decode.ts'

/** @throws Refusal 400 naming the field */
export function decodeRequest(input: DecodeInput): Conversation {
  return withCarriedState(decoded(input), input.stateKey)
}

function decoded({ document }: DecodeInput): Conversation {
  const fields = objectOf(document.value)
  const messages = arrayOf(fields?.messages)
  if (fields === undefined || messages === undefined) {
    throw new Refusal(400, 'invalid_request', '"messages" must be an array.', { param: 'messages' })
  }
  const reader = new FieldReader(document, fields)
  reader.skip('model', 'messages', 'stream')
  return compact({
    turns: decodeMessages(document, messages),
    ...decodeToolSettings(document, reader),
    maxOutputTokens: decodeMaxTokens(reader),
    sampling: decodeSampling(reader),
    stop: reader.take('stop', decodeStop),
    candidates: reader.take('n', numberOf),
    logprobs: decodeLogprobs(reader),
    reasoning: decodeReasoningSettings(reader),
    outputFormat: reader.take('response_format', value => decodeOutputFormat(document, value)),
    ...decodeAccount(reader),
    extensions: withStreamOptions(reader),
  })
}

/** How a stream is to be told is a matter of this format alone: a note, and no loss elsewhere. */
function withStreamOptions(reader: FieldReader): Extensions | undefined {
  const { stream_options: given, ...rest } = reader.rest() ?? {}
  const fields = given === undefined ? rest : { ...rest, [STREAM_OPTIONS]: given }
  return Object.keys(fields).length === 0 ? undefined : { [FORMAT]: fields }
}

function decodeToolSettings(
  source: TextSource,
  reader: FieldReader,
): Pick<Conversation, 'tools' | 'toolChoice' | 'parallelToolCalls'> {
  const tools = reader.take('tools', arrayOf)
  const functions = reader.take('functions', arrayOf)
  const toolChoice = reader.take('tool_choice', decodeToolChoice)
  return compact({
    tools: [
      ...(tools ? decodeTools(source, tools) : []),
      ...(functions ? decodeLegacyFunctions(source, functions) : []),
    ],
    toolChoice: toolChoice ?? reader.take('function_call', decodeToolChoice),
    parallelToolCalls: reader.take('parallel_tool_calls', booleanOf),
  })
}

/** Both may be there; the newer one counts (conversion.md E116). */
function decodeMaxTokens(reader: FieldReader): number | undefined {
  const old = reader.take('max_tokens', numberOf)
  return reader.take('max_completion_tokens', numberOf) ?? old
}

function decodeSampling(reader: FieldReader): Sampling {
  const randomSeed = reader.take('random_seed', numberOf)
  return compact({
    temperature: reader.take('temperature', numberOf),
    topP: reader.take('top_p', numberOf),
    topK: reader.take('top_k', numberOf),
    frequencyPenalty: reader.take('frequency_penalty', numberOf),
    presencePenalty: reader.take('presence_penalty', numberOf),
    seed: reader.take('seed', numberOf) ?? randomSeed,
    logitBias: reader.take('logit_bias', numbersOf),
  })
}

function numbersOf(value: unknown): Readonly<Record<string, number>> | undefined {
  const fields = objectOf(value)
  return fields && Object.values(fields).every(each => typeof each === 'number')
    ? (fields as Readonly<Record<string, number>>)
    : undefined
}

function stringsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  const fields = objectOf(value)
  return fields && Object.values(fields).every(each => typeof each === 'string')
    ? (fields as Readonly<Record<string, string>>)
    : undefined
}

/** One string or several; an empty one stops nothing (conversion.md E125). */
function decodeStop(value: unknown): readonly string[] | undefined {
  const words = typeof value === 'string' ? [value] : arrayOf(value)
  if (words === undefined || !words.every(word => typeof word === 'string')) return undefined
  return words.filter(word => word !== '')
}

function decodeLogprobs(reader: FieldReader): Conversation['logprobs'] {
  if (reader.take('logprobs', booleanOf) !== true) return undefined
  return compact({ top: reader.take('top_logprobs', numberOf) })
}

function decodeOutputFormat(source: TextSource, value: unknown): OutputFormat | undefined {
  const fields = objectOf(value)
  if (fields?.type === 'text') return { type: 'text' }
  if (fields?.type === 'json_object') return { type: 'json' }
  const described = fields?.type === 'json_schema' ? objectOf(fields.json_schema) : undefined
  return described && decodeSchemaFormat(source, described)
}

function decodeSchemaFormat(source: TextSource, described: Fields): OutputFormat | undefined {
  const schema = objectOf(described.schema)
  return (
    schema &&
    compact({
      type: 'schema',
      schema: source.textOf(schema),
      name: wordOf(described.name),
      description: stringOf(described.description),
      strict: booleanOf(described.strict),
    })
  )
}

type Account = Pick<
  Conversation,
  'verbosity' | 'modalities' | 'endUser' | 'metadata' | 'serviceTier' | 'cacheKey' | 'state'
>

function decodeAccount(reader: FieldReader): Partial<Account> {
  // `user` is the old name; it stays among the extensions, so that a client that uses it is answered in kind.
  let user: string | undefined
  reader.take('user', value => {
    user = wordOf(value)
    return undefined
  })
  return compact({
    verbosity: reader.take('verbosity', wordOf),
    modalities: reader.take('modalities', value => arrayOf(value)?.filter(each => typeof each === 'string')),
    endUser: reader.take('safety_identifier', wordOf) ?? user,
    metadata: reader.take('metadata', stringsOf),
    serviceTier: reader.take('service_tier', decodeServiceTier),
    cacheKey: reader.take('prompt_cache_key', wordOf),
    state: reader.take('store', decodeStore),
  })
}

function decodeStore(value: unknown): ServerState | undefined {
  return typeof value === 'boolean' ? { store: value } : undefined
}

const TIERS: ReadonlyMap<unknown, ServiceTier> = new Map([
  ['auto', 'auto'],
  ['default', 'standard'],
  ['on_demand', 'standard'],
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['performance', 'priority'],
  ['fast', 'fast'],
  ['ultrafast', 'ultrafast'],
])

function decodeServiceTier(value: unknown): ServiceTier | undefined {
  return TIERS.get(value)
}
