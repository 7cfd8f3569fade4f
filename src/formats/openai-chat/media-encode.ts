/** Media of a request → content parts (conversion.md C.7). */
import type { Writable } from '../../json/raw.ts'
import type { MediaPart } from '../conversation.ts'
import { writeDataUrl } from './data-url.ts'
import { FORMAT } from './name.ts'
import { type Target, unsupported } from './target.ts'

type WirePart = { readonly [key: string]: Writable }

/** @throws Refusal 400 when Chat Completions, or this server, has no such part: the model would answer blindly */
export function encodeMediaPart(part: MediaPart, path: string, target: Target): WirePart {
  if (part.citationsEnabled) target.ledger.dropped(`${path}.citationsEnabled`, 'Chat Completions cannot cite documents')
  switch (part.kind) {
    case 'image':
      return { type: 'image_url', image_url: { url: urlOf(part, 'image/png', path, target), detail: part.detail } }
    case 'video':
      if (!target.dialect.video) throw unsupported(target, path, 'a video')
      return { type: 'video_url', video_url: { url: urlOf(part, 'video/mp4', path, target) } }
    case 'audio':
      return encodeAudio(part, path, target)
    default:
      return encodeFile(part, path, target)
  }
}

function urlOf({ source, mimeType }: MediaPart, unknown: string, path: string, target: Target): string {
  if ('url' in source) return source.url
  if ('base64' in source) return writeDataUrl({ base64: source.base64, ...(mimeType && { mimeType }) }, unknown)
  throw unsupported(target, path, 'media that is given by the id of a file')
}

function encodeAudio({ source, mimeType = '' }: MediaPart, path: string, target: Target): WirePart {
  if ('url' in source && target.dialect.documentUrl === 'document_url')
    return { type: 'input_audio', input_audio: source.url }
  if (!('base64' in source)) throw unsupported(target, path, 'audio that is not given inline')
  if (mimeType === '') return { type: 'input_audio', input_audio: source.base64 }
  const subtype = mimeType.slice(mimeType.indexOf('/') + 1)
  const format = AUDIO_FORMATS.get(subtype) ?? subtype
  return { type: 'input_audio', input_audio: { data: source.base64, format } }
}

const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([
  ['mpeg', 'mp3'],
  ['mpga', 'mp3'],
  ['x-wav', 'wav'],
  ['wave', 'wav'],
])

function encodeFile(part: MediaPart, path: string, target: Target): WirePart {
  const { source, mimeType } = part
  const filename = part.filename ?? part.title
  if ('text' in source || 'parts' in source)
    target.ledger.approximated(path, 'Chat Completions has no documents of plain text: said as text')
  if ('text' in source) return { type: 'text', text: headed(part, source.text) }
  if ('parts' in source) return { type: 'text', text: headed(part, textOf(source.parts)) }
  if ('fileId' in source) return { type: 'file', file: { file_id: ownFileId(source, path, target), filename } }
  if ('base64' in source) {
    const unknown = part.kind === 'document' ? 'application/pdf' : 'application/octet-stream'
    const data = writeDataUrl({ base64: source.base64, ...(mimeType && { mimeType }) }, unknown)
    return {
      type: 'file',
      file: { filename: filename ?? (part.kind === 'document' ? 'document.pdf' : 'file'), file_data: data },
    }
  }
  switch (target.dialect.documentUrl) {
    case 'document_url':
      return { type: 'document_url', document_url: source.url, document_name: filename }
    case 'file_data':
      return { type: 'file', file: { filename: filename ?? 'document', file_data: source.url } }
    default:
      throw unsupported(target, path, 'a document that is given by its address')
  }
}

/** Files of the Responses API are the same account's. */
function ownFileId(source: { readonly fileId: string; readonly format: string }, path: string, target: Target): string {
  if (source.format === FORMAT || source.format === 'openai-responses') return source.fileId
  throw unsupported(target, path, `a file that was uploaded to another provider`)
}

function headed({ title, context, filename }: MediaPart, text: string): string {
  const head = [title ?? filename, context].filter(line => line !== undefined && line !== '')
  return head.length === 0 ? text : `${head.join('\n')}\n\n${text}`
}

function textOf(parts: readonly { readonly type: string }[]): string {
  return parts.map(part => ('text' in part && typeof part.text === 'string' ? part.text : '')).join('')
}
