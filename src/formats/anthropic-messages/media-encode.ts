/** Images and documents, canonical → wire (Anthropic Messages API, `image` and `document` blocks). */
import type { MediaPart, MediaSource } from '../conversation.ts'
import { type DataUrl, mediaTypeOf, parseDataUrl } from './data-url.ts'
import { type Encoding, unsupported } from './encoding.ts'
import type { WritableObject } from './leftovers.ts'
import { FORMAT } from './name.ts'

const IMAGES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])

/** Encodes the blocks of a document that is made of blocks. */
export type PartsEncoder = (source: Extract<MediaSource, { parts: unknown }>, path: string) => readonly WritableObject[]

/** @throws Refusal 400 for media that Claude cannot take */
export function encodeMedia(part: MediaPart, path: string, encoding: Encoding, parts: PartsEncoder): WritableObject {
  switch (part.kind) {
    case 'image':
      noteDetail(part, path, encoding)
      return { type: 'image', source: imageSource(part, path) }
    case 'document':
    case 'file':
      return {
        type: 'document',
        source: documentSource(part, path, parts),
        ...titleOf(part),
        ...(part.context === undefined ? {} : { context: part.context }),
        ...(part.citationsEnabled === undefined ? {} : { citations: { enabled: part.citationsEnabled } }),
      }
    default:
      throw unsupported(path, `Anthropic takes no ${part.kind} input. Remove the part or use another provider.`)
  }
}

function noteDetail(part: MediaPart, path: string, { log }: Encoding): void {
  if (part.detail !== undefined && part.detail !== 'auto')
    log.dropped(`${path}.detail`, 'Anthropic has no image detail')
}

function titleOf({ title, filename }: MediaPart): WritableObject {
  const name = title ?? filename
  return name === undefined ? {} : { title: name }
}

function imageSource(part: MediaPart, path: string): WritableObject {
  const { source } = part
  if ('fileId' in source) return fileSource(source, path)
  const inline = inlineOf(part)
  if (inline === undefined) return urlSource(source, path)
  const mediaType = mediaTypeOf(inline)
  if (mediaType === undefined || !IMAGES.has(mediaType)) {
    throw unsupported(path, `Anthropic takes JPEG, PNG, GIF and WebP images, not ${mediaType ?? 'an unknown type'}.`)
  }
  return { type: 'base64', media_type: mediaType, data: inline.base64 }
}

function documentSource(part: MediaPart, path: string, parts: PartsEncoder): WritableObject {
  const { source } = part
  if ('fileId' in source) return fileSource(source, path)
  if ('text' in source) return { type: 'text', media_type: 'text/plain', data: source.text }
  if ('parts' in source) return { type: 'content', content: parts(source, path) }
  const inline = inlineOf(part)
  if (inline === undefined) return urlSource(source, path)
  const mediaType = mediaTypeOf(inline)
  if (mediaType === undefined || mediaType === 'application/pdf') {
    return { type: 'base64', media_type: 'application/pdf', data: inline.base64 }
  }
  if (!isText(mediaType)) throw unsupported(path, `Anthropic takes PDF and text documents, not ${mediaType}.`)
  return { type: 'text', media_type: 'text/plain', data: Buffer.from(inline.base64, 'base64').toString('utf8') }
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith('text/') || mediaType === 'application/json' || mediaType === 'application/xml'
}

function inlineOf({ source, mimeType }: MediaPart): DataUrl | undefined {
  if ('base64' in source) return { base64: source.base64, ...(mimeType === undefined ? {} : { mediaType: mimeType }) }
  return 'url' in source ? parseDataUrl(source.url) : undefined
}

function urlSource(source: MediaSource, path: string): WritableObject {
  const url = 'url' in source ? source.url : ''
  if (/^https?:\/\//i.test(url)) return { type: 'url', url }
  throw unsupported(path, 'Anthropic fetches media over http and https only. Send the data itself (base64).')
}

/** Files belong to the account that they were uploaded to. */
function fileSource(source: { readonly fileId: string; readonly format: string }, path: string): WritableObject {
  if (source.format === FORMAT) return { type: 'file', file_id: source.fileId }
  throw unsupported(path, `The file "${source.fileId.slice(0, 80)}" was uploaded to another provider. Send its data.`)
}
