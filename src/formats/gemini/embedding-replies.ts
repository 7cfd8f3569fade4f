import type { JsonDocument } from '../../json/document.ts'
import { type Writable, writeJson } from '../../json/raw.ts'
import type { Completion, EmbeddingEvent, ReplyEvent } from '../reply-events.ts'
import { unreadable } from '../reply-faults.ts'
import type { EncodedReply, ReplyContext } from '../wire-format.ts'
import { errorObject, viewOf } from './errors.ts'
import { isRecord, type Json } from './fields.ts'
import { decodeUsage, encodeUsage } from './usage.ts'

/** A reply of `:embedContent` or `:batchEmbedContents` → events. Neither names its model. */
export function decodeEmbeddings({ value }: JsonDocument): readonly ReplyEvent[] {
  const error = errorObject(value)
  if (error) return [{ type: 'error', error: viewOf(error, 200) }]
  const nodes = isRecord(value) ? vectorNodes(value) : []
  if (nodes.length === 0) {
    return [{ type: 'error', error: unreadable('no embedding') }]
  }
  const usage = isRecord(value) ? decodeUsage(value.usageMetadata) : undefined
  return [
    { type: 'start', id: '', model: '' },
    ...nodes.map((node, input): EmbeddingEvent => ({ type: 'embedding', input, values: valuesOf(node) })),
    ...(usage ? [{ type: 'usage' as const, usage }] : []),
    { type: 'end' },
  ]
}

function vectorNodes({ embedding, embeddings }: Json): readonly unknown[] {
  if (Array.isArray(embeddings)) return embeddings
  return isRecord(embedding) ? [embedding] : []
}

function valuesOf(node: unknown): readonly number[] {
  const values = isRecord(node) && Array.isArray(node.values) ? node.values : []
  return values.filter(value => typeof value === 'number')
}

/** Many vectors for those who sent many requests, one for those who sent one. */
export function encodeEmbeddings({ embeddings = [], usage }: Completion, { request }: ReplyContext): EncodedReply {
  const vectors = embeddings.map((event): Writable => ({ values: floatsOf(event.values) }))
  const many = request.route.path.endsWith(':batchEmbedContents')
  const usageMetadata = usage && encodeUsage(usage)
  const body = many
    ? { embeddings: vectors, usageMetadata }
    : { embedding: vectors[0] ?? { values: [] }, usageMetadata }
  return { body: writeJson(body), losses: [] }
}

function floatsOf(values: EmbeddingEvent['values']): readonly number[] {
  if (!('base64' in values)) return values
  const bytes = Buffer.from(values.base64, 'base64')
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readFloatLE(at * 4))
}
