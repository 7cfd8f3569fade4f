import type { JsonDocument } from '../../json/document.ts'
import type { Conversation, JsonText, OutputFormat, Sampling } from '../conversation.ts'
import { Fields } from './fields.ts'
import { jsonSchemaOf } from './openapi-schema.ts'
import { decodeThinking } from './thinking.ts'

type Config = Pick<
  Conversation,
  'maxOutputTokens' | 'sampling' | 'stop' | 'candidates' | 'logprobs' | 'reasoning' | 'outputFormat' | 'modalities'
>

export interface DecodedConfig {
  readonly config: Config
  /** What is left, as the JSON text of one object. */
  readonly rest: JsonText | undefined
  /** How the parts were written that are said in other words now. */
  readonly notes: { readonly thinkingConfig?: JsonText; readonly responseSchema?: JsonText }
}

/** `generationConfig` → canonical. */
export function decodeConfig(node: unknown, document: JsonDocument): DecodedConfig {
  const fields = new Fields(node, document)
  const notes = { ...notedText(fields, 'thinkingConfig'), ...notedText(fields, 'responseSchema') }
  const config: Config = {
    ...defined('maxOutputTokens', fields.takeNumber('maxOutputTokens')),
    sampling: decodeSampling(fields),
    ...defined('stop', fields.takeStrings('stopSequences')),
    ...defined('candidates', fields.takeNumber('candidateCount')),
    ...defined('logprobs', decodeLogprobs(fields)),
    ...defined('reasoning', decodeReasoning(fields, document)),
    ...defined('outputFormat', decodeOutputFormat(fields, document)),
    ...defined('modalities', decodeModalities(fields)),
  }
  return { config, rest: fields.restText(), notes }
}

/** `{ [name]: value }`, or nothing for `undefined`. */
export function defined<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]?: V })
}

function decodeSampling(fields: Fields): Sampling {
  return {
    ...defined('temperature', fields.takeNumber('temperature')),
    ...defined('topP', fields.takeNumber('topP')),
    ...defined('topK', fields.takeNumber('topK')),
    ...defined('frequencyPenalty', fields.takeNumber('frequencyPenalty')),
    ...defined('presencePenalty', fields.takeNumber('presencePenalty')),
    ...defined('seed', fields.takeNumber('seed')),
  }
}

function decodeLogprobs(fields: Fields): Conversation['logprobs'] {
  if (fields.takeBoolean('responseLogprobs') !== true) return undefined
  return { ...defined('top', fields.takeNumber('logprobs')) }
}

function notedText<K extends string>(fields: Fields, name: K): { readonly [P in K]?: JsonText } {
  return defined(name, fields.sourceOf(name))
}

/** What is not understood stays as it is. */
function decodeReasoning(fields: Fields, document: JsonDocument): Conversation['reasoning'] {
  const node = fields.take('thinkingConfig')
  const reasoning = node === undefined ? undefined : decodeThinking(node, document)
  if (node !== undefined && !reasoning) fields.leave('thinkingConfig', document.textOf(node))
  return reasoning
}

function decodeOutputFormat(fields: Fields, document: JsonDocument): OutputFormat | undefined {
  const mimeType = fields.takeString('responseMimeType')
  if (mimeType === 'text/plain') return { type: 'text' }
  if (mimeType !== 'application/json') {
    fields.leave('responseMimeType', mimeType === undefined ? undefined : JSON.stringify(mimeType))
    return undefined
  }
  const jsonSchema = fields.take('responseJsonSchema') ?? fields.take('_responseJsonSchema')
  if (jsonSchema !== undefined) return { type: 'schema', schema: document.textOf(jsonSchema) }
  const schema = fields.take('responseSchema')
  if (schema === undefined) return { type: 'json' }
  return { type: 'schema', schema: jsonSchemaOf(schema, document) }
}

function decodeModalities(fields: Fields): readonly string[] | undefined {
  return fields.takeStrings('responseModalities')?.map(modality => modality.toLowerCase())
}
