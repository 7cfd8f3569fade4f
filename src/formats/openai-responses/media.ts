/** Images and files of message content, both ways (OpenAI Responses API, `input_image`, `input_file`). */
import type { MediaPart, MediaSource } from '../conversation.ts'
import { type Fields, stringOf } from './fields.ts'
import { FORMAT } from './name.ts'

/** The kinds of file that models read as documents; anything else stays a plain file. */
const DOCUMENT_TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}

interface Source {
  readonly source: MediaSource
  readonly mimeType?: string
}

/** A URL as a source: base64 data URLs are taken apart, whatever the case and parameters of their head. */
export function sourceOfUrl(url: string): Source {
  if (url.slice(0, 5).toLowerCase() !== 'data:') return { source: { url } }
  const comma = url.indexOf(',')
  if (comma < 0) return { source: { url } }
  const [mimeType = '', ...parameters] = url.slice(5, comma).split(';')
  if (!parameters.some(parameter => parameter.trim().toLowerCase() === 'base64')) return { source: { url } }
  const base64 = url.slice(comma + 1)
  return mimeType === '' ? { source: { base64 } } : { source: { base64 }, mimeType: mimeType.trim().toLowerCase() }
}

export function dataUrl(base64: string, mimeType: string): string {
  return `data:${mimeType};base64,${base64}`
}

/** The source of an `input_image`; `undefined` when it names none. */
export function imageSource(part: Fields): Source | undefined {
  const url = stringOf(part.image_url)
  if (url !== undefined) return sourceOfUrl(url)
  const fileId = stringOf(part.file_id)
  return fileId === undefined ? undefined : { source: { fileId, format: FORMAT } }
}

/** The source of an `input_file`; `undefined` when it names none. */
export function fileSource(part: Fields): Source | undefined {
  const data = stringOf(part.file_data)
  if (data !== undefined)
    return data.slice(0, 5).toLowerCase() === 'data:' ? sourceOfUrl(data) : { source: { base64: data } }
  const url = stringOf(part.file_url)
  if (url !== undefined) return { source: { url } }
  const fileId = stringOf(part.file_id)
  return fileId === undefined ? undefined : { source: { fileId, format: FORMAT } }
}

/** What a file is, by its declared type, else by the ending of its name. */
export function fileKind(mimeType: string | undefined, name: string | undefined): MediaPart['kind'] {
  const type = mimeType ?? typeOfName(name)
  if (type === undefined) return 'document'
  if (type.startsWith('image/')) return 'image'
  if (type.startsWith('audio/')) return 'audio'
  if (type.startsWith('video/')) return 'video'
  return type.startsWith('text/') || Object.values(DOCUMENT_TYPES).includes(type) ? 'document' : 'file'
}

/** `report.PDF` and `https://host/report.pdf?x=1` → `application/pdf`. */
export function typeOfName(name: string | undefined): string | undefined {
  const path = name?.split(/[?#]/, 1)[0] ?? ''
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  return Object.hasOwn(DOCUMENT_TYPES, ending) ? DOCUMENT_TYPES[ending] : undefined
}

/** A name for a file whose source had none; the API insists on one beside `file_data`. */
export function nameOfType(mimeType: string): string {
  const entry = Object.entries(DOCUMENT_TYPES).find(([, type]) => type === mimeType)
  return entry ? `document.${entry[0]}` : 'file'
}
