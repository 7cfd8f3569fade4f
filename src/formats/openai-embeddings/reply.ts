/** An embeddings reply ↔ events (OpenAI API reference, "The embedding object"). */
import type { JsonDocument } from '../../json/document.ts'
import { parseDocument } from '../../json/document.ts'
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import { vectorBase64, vectorNumbers } from '../embedding-vector.ts'
import { findError, inlineError } from '../openai-chat/error-decode.ts'
import { arrayOf, compact, FieldReader, type Fields, numberOf, objectOf, stringOf } from '../openai-chat/fields.ts'
import type { Completion, EmbeddingEvent, RawEvent, ReplyEvent, Usage } from '../reply-events.ts'
import { unreadable } from '../reply-faults.ts'
import type { EncodedReply, Observation, ReplyContext } from '../wire-format.ts'
import { FORMAT } from './name.ts'

export function decodeReply(document: JsonDocument): readonly ReplyEvent[] {
  const failed = findError(document.value)
  if (failed) return [{ type: 'error', error: inlineError(failed) }]
  const body = objectOf(document.value)
  const data = arrayOf(body?.data)
  if (body === undefined || data === undefined) return [{ type: 'error', error: NO_VECTORS }]
  const vectors = data.map(decodeVector).filter(vector => vector !== undefined)
  if (vectors.length !== data.length) return [{ type: 'error', error: NO_VECTORS }]
  const reader = new FieldReader(document, body)
  reader.skip('data', 'usage', 'model', 'object')
  const rest = reader.rest()
  const usage = decodeUsage(document, body)
  return [
    { type: 'start', id: stringOf(body.id) ?? '', model: stringOf(body.model) ?? '' },
    ...(rest ? [{ type: 'raw' as const, format: FORMAT, json: writeJson(rawFields(rest)) }] : []),
    ...vectors,
    ...(usage ? [{ type: 'usage' as const, usage }] : []),
    { type: 'end' },
  ]
}

const NO_VECTORS = unreadable('something that is not a list of embeddings')

function decodeVector(value: unknown, place: number): EmbeddingEvent | undefined {
  const fields = objectOf(value)
  const vector = fields?.embedding
  const input = numberOf(fields?.index) ?? place
  if (typeof vector === 'string') return { type: 'embedding', input, values: { base64: vector } }
  const numbers = arrayOf(vector)
  return numbers?.every(each => typeof each === 'number') ? { type: 'embedding', input, values: numbers } : undefined
}

/** Some providers give the total only; an embedding has no output, so it is the input. */
function decodeUsage(document: JsonDocument, body: Fields): Usage | undefined {
  const usage = objectOf(body.usage)
  if (usage === undefined) return undefined
  const input = count(usage.prompt_tokens) ?? count(usage.total_tokens) ?? 0
  return { input, output: 0, raw: { format: FORMAT, json: document.textOf(usage) } }
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? Math.floor(value) : undefined
}

/** Vectors go out as the client asked for them: as they came where it did not say. */
export function encodeReply(completion: Completion, context: ReplyContext): EncodedReply {
  const wanted = objectOf(context.request.body)?.encoding_format
  const foreign = completion.raw.filter(event => event.format !== FORMAT)
  const { usage } = completion
  const body = writeJson({
    object: 'list',
    data: (completion.embeddings ?? []).map(({ input, values }) => ({
      object: 'embedding',
      index: input,
      embedding: encodeVector(values, wanted),
    })),
    model: context.model,
    usage: usage ? encodeUsage(usage) : { prompt_tokens: 0, total_tokens: 0 },
    ...ownFields(completion.raw),
  })
  const losses = foreign.map(({ format }) => ({
    path: format,
    action: 'dropped' as const,
    reason: `embeddings have no form for an event of ${format}`,
  }))
  return { body, losses }
}

function encodeVector(values: EmbeddingEvent['values'], wanted: unknown): Writable {
  if (wanted === 'base64') return vectorBase64(values)
  const numbers = wanted === 'float' || !('base64' in values) ? vectorNumbers(values) : undefined
  return numbers ?? ('base64' in values ? values.base64 : values)
}

function encodeUsage(usage: Usage): Writable {
  if (usage.raw?.format === FORMAT) return new RawJson(usage.raw.json)
  return { prompt_tokens: usage.input, total_tokens: usage.input + usage.output }
}

function ownFields(raw: readonly RawEvent[]): { readonly [key: string]: Writable } {
  const fields = raw
    .filter(event => event.format === FORMAT)
    .flatMap(event => {
      const document = parseDocument(event.json)
      return Object.entries(objectOf(document.value) ?? {}).map(
        ([key, value]) => [key, document.textOf(value)] as const,
      )
    })
  return rawFields(Object.fromEntries(fields))
}

function rawFields(texts: Readonly<Record<string, string>>): { readonly [key: string]: RawJson } {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, new RawJson(text)]))
}

export function observeReply(document: JsonDocument): Observation {
  const failed = findError(document.value)
  if (failed) return { error: inlineError(failed) }
  const body = objectOf(document.value) ?? {}
  return compact({ model: stringOf(body.model), usage: decodeUsage(document, body) })
}
