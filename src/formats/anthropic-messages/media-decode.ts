/** Images and documents, wire → canonical (Anthropic Messages API, `image` and `document` blocks). */
import type { JsonDocument } from '../../json/document.ts'
import type { MediaPart, MediaSource, Part } from '../conversation.ts'
import { booleanAt, type JsonObject, objectAt, present, stringAt } from './fields.ts'
import { type Fields, leftoversOf, nestedLeftovers } from './leftovers.ts'
import { FORMAT } from './name.ts'

const IMAGE_KEYS: ReadonlySet<string> = new Set(['type', 'source', 'cache_control'])
const DOCUMENT_KEYS: ReadonlySet<string> = new Set([...IMAGE_KEYS, 'title', 'context', 'citations'])
const CITATION_KEYS: ReadonlySet<string> = new Set(['enabled'])

/** Decodes the content of a `content` source, or of anything else that nests blocks. */
export type BlocksDecoder = (content: unknown) => readonly Part[]

export interface DecodedMedia {
  readonly part: MediaPart
  readonly fields: Fields
}

/** @returns `undefined` when the block's source is of a kind that nobody knows yet */
export function decodeMedia(
  document: JsonDocument,
  block: JsonObject,
  blocks: BlocksDecoder,
): DecodedMedia | undefined {
  const isImage = block.type === 'image'
  const found = sourceOf(objectAt(block, 'source'), blocks)
  if (found === undefined) return undefined
  const citations = objectAt(block, 'citations')
  const part: MediaPart = present({
    type: 'media',
    kind: isImage ? 'image' : 'document',
    source: found.source,
    mimeType: found.mimeType,
    title: stringAt(block, 'title'),
    context: stringAt(block, 'context'),
    citationsEnabled: booleanAt(citations, 'enabled'),
  } as const)
  const fields = {
    ...leftoversOf(document, block, isImage ? IMAGE_KEYS : DOCUMENT_KEYS),
    ...nestedLeftovers(document, 'citations', citations, CITATION_KEYS),
  }
  return { part, fields }
}

interface FoundSource {
  readonly source: MediaSource
  readonly mimeType?: string
}

function sourceOf(source: JsonObject, blocks: BlocksDecoder): FoundSource | undefined {
  const data = stringAt(source, 'data')
  const mimeType = stringAt(source, 'media_type')
  const url = stringAt(source, 'url')
  const fileId = stringAt(source, 'file_id')
  switch (source.type) {
    case 'base64':
      return data === undefined ? undefined : present({ source: { base64: data }, mimeType })
    case 'text':
      return data === undefined ? undefined : { source: { text: data }, mimeType: mimeType ?? 'text/plain' }
    case 'url':
      return url === undefined ? undefined : { source: { url } }
    case 'file':
      return fileId === undefined ? undefined : { source: { fileId, format: FORMAT } }
    case 'content':
      return { source: { parts: blocks(source.content) } }
    default:
      return undefined
  }
}
