import type { JsonDocument } from '../../json/document.ts'
import { type Writable, writeJson } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import type { Conversation, EmbeddingOptions, Part, Turn } from '../conversation.ts'
import type { EncodedRequest, EncodeTarget } from '../wire-format.ts'
import { CallIds } from './call-ids.ts'
import { defined } from './config-decode.ts'
import { extensionMembers, Fields, isRecord, listOf } from './fields.ts'
import { Losses } from './losses.ts'
import { encodeRequestMedia } from './media.ts'
import { decodePart, type PartSource } from './parts-decode.ts'

/** `:embedContent` has one request in its body, `:batchEmbedContents` a list of the same. */
export function decodeEmbedding(body: Fields, document: JsonDocument): Conversation {
  const source: PartSource = { document, ids: new CallIds(), fromModel: false }
  if (!body.has('requests')) {
    const { turn, embedding } = decodeOne(body, 'content', source)
    return { turns: [turn], tools: [], sampling: {}, embedding, ...body.extensions() }
  }
  const requests = (body.takeList('requests') ?? []).map((node, at) => {
    return decodeOne(new Fields(node, document), `requests[${at}].content`, source)
  })
  const [first] = requests
  if (!first) throw new Refusal(400, 'invalid_request', '"requests" must not be empty.', { param: 'requests' })
  const odd = requests.findIndex(({ embedding }) => JSON.stringify(embedding) !== JSON.stringify(first.embedding))
  if (odd > 0) {
    throw new Refusal(
      400,
      'unsupported_by_target',
      `"requests[${odd}]" asks for other options than "requests[0]". Send them in batches of their own.`,
      { param: `requests[${odd}]` },
    )
  }
  return {
    turns: requests.map(({ turn }) => turn),
    tools: [],
    sampling: {},
    embedding: first.embedding,
    ...body.extensions(),
  }
}

function decodeOne(
  fields: Fields,
  path: string,
  source: PartSource,
): { readonly turn: Turn; readonly embedding: EmbeddingOptions } {
  fields.take('model')
  const content = fields.take('content')
  if (!isRecord(content)) throw new Refusal(400, 'invalid_request', `"${path}" is missing.`, { param: path })
  const inner = new Fields(content, source.document)
  const parts = listOf(inner.take('parts')).map(part => decodePart(part, source))
  return {
    turn: { role: 'user', parts },
    embedding: {
      ...defined('dimensions', fields.takeNumber('outputDimensionality')),
      ...defined('task', fields.takeString('taskType')),
      ...defined('title', fields.takeString('title')),
    },
  }
}

/** One turn makes the body of `:embedContent`, several that of `:batchEmbedContents`. */
export function encodeEmbedding(conversation: Conversation, target: EncodeTarget): EncodedRequest {
  const losses = new Losses()
  const model = target.model.includes('/') ? target.model : `models/${target.model}`
  const requests = conversation.turns.map((turn, at): Readonly<Record<string, Writable>> => {
    return {
      model,
      content: { parts: turn.parts.flatMap((part, nth) => encodePart(part, `turns[${at}].parts[${nth}]`, losses)) },
      taskType: conversation.embedding?.task,
      title: conversation.embedding?.title,
      outputDimensionality: conversation.embedding?.dimensions,
    }
  })
  const [only, ...others] = requests
  if (!only) throw new Refusal(400, 'invalid_request', 'There is nothing to embed.', { param: 'input' })
  const body = others.length === 0 ? only : { requests }
  return { body: writeJson({ ...body, ...extensionMembers(conversation.extensions) }), losses: losses.all }
}

function encodePart(part: Part, path: string, losses: Losses): readonly Writable[] {
  if (part.type === 'text') return [{ text: part.text }]
  if (part.type === 'media') return [encodeRequestMedia(part, path)]
  losses.dropped(path, `Gemini embeds text and media, no ${part.type}`)
  return []
}
