import { parseDocument } from '../../json/document.ts'
import { RawJson, type Writable } from '../../json/raw.ts'
import type { ModelCapabilities } from '../../models/capabilities.ts'
import { Refusal } from '../../refusal.ts'
import type { Conversation, JsonText, Reasoning } from '../conversation.ts'
import { noteOf } from './fields.ts'
import type { Losses } from './losses.ts'
import { nestedMembers } from './nested.ts'
import { jsonSchemaOfText } from './openapi-schema.ts'
import { decodeThinking, encodeThinking } from './thinking.ts'
import { encodeSchema } from './tools-encode.ts'

type Members = Readonly<Record<string, Writable>>

/** Canonical → `generationConfig`; `undefined` when there is nothing to set. */
export function encodeConfig(conversation: Conversation, capabilities: ModelCapabilities, losses: Losses): Writable {
  const { extensions } = conversation
  const config: Members = {
    ...encodeSampling(conversation, losses),
    maxOutputTokens: conversation.maxOutputTokens,
    stopSequences: conversation.stop?.length === 0 ? undefined : conversation.stop,
    candidateCount: conversation.candidates,
    ...encodeLogprobs(conversation),
    thinkingConfig: encodeReasoning(conversation.reasoning, noteOf(extensions, 'thinkingConfig'), capabilities, losses),
    ...encodeOutputFormat(conversation, noteOf(extensions, 'responseSchema'), losses),
    responseModalities: conversation.modalities?.map(modality => modality.toUpperCase()),
    ...nestedMembers(extensions, 'generationConfig'),
  }
  return Object.values(config).some(value => value !== undefined) ? config : undefined
}

const INT32 = 2 ** 31

function encodeSampling({ sampling }: Conversation, losses: Losses): Members {
  const { temperature, topP, topK, frequencyPenalty, presencePenalty, seed, logitBias } = sampling
  if (logitBias !== undefined) losses.dropped('sampling.logitBias', 'Gemini has none')
  if (seed !== undefined && (!Number.isInteger(seed) || seed >= INT32 || seed < -INT32)) {
    throw new Refusal(400, 'unsupported_by_target', '"seed" must be a whole number of 32 bits for Gemini.', {
      param: 'seed',
    })
  }
  return { temperature, topP, topK, frequencyPenalty, presencePenalty, seed }
}

function encodeLogprobs({ logprobs }: Conversation): Members {
  return logprobs === undefined ? {} : { responseLogprobs: true, logprobs: logprobs.top }
}

/** What a Gemini client wrote goes back as it came, as long as it still says the same. */
function encodeReasoning(
  reasoning: Reasoning | undefined,
  given: JsonText | undefined,
  capabilities: ModelCapabilities,
  losses: Losses,
): Writable {
  if (given !== undefined && JSON.stringify(thinkingOf(given)) === JSON.stringify(reasoning)) return new RawJson(given)
  return reasoning && encodeThinking(reasoning, capabilities, losses)
}

function thinkingOf(text: JsonText): Reasoning | undefined {
  const document = parseDocument(text)
  return decodeThinking(document.value, document)
}

function encodeOutputFormat(conversation: Conversation, given: JsonText | undefined, losses: Losses): Members {
  const { outputFormat, verbosity } = conversation
  if (verbosity !== undefined) losses.dropped('verbosity', 'Gemini has none')
  switch (outputFormat?.type) {
    case 'text':
      return { responseMimeType: 'text/plain' }
    case 'json':
      return { responseMimeType: 'application/json' }
    case 'schema': {
      if (outputFormat.description !== undefined)
        losses.dropped('outputFormat.description', 'Gemini has no description of a schema as a whole')
      const responseMimeType = 'application/json'
      if (given !== undefined && jsonSchemaOfText(given) === outputFormat.schema) {
        return { responseMimeType, responseSchema: new RawJson(given) }
      }
      return { responseMimeType, responseJsonSchema: encodeSchema(outputFormat.schema, 'outputFormat.schema', losses) }
    }
    default:
      return {}
  }
}
