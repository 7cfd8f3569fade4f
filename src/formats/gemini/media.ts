import type { JsonDocument } from '../../json/document.ts'
import type { Writable } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import type { Extensions, MediaPart } from '../conversation.ts'
import { extensionMembersExcept, Fields, FORMAT, type Json } from './fields.ts'
import { nestedMembers } from './nested.ts'

/** `inlineData` → canonical. `undefined` when it holds no data. */
export function decodeInline(blob: Json, document: JsonDocument): MediaPart | undefined {
  const fields = new Fields(blob, document)
  const data = fields.takeString('data')
  const mimeType = fields.takeString('mimeType')
  if (data === undefined) return undefined
  return {
    type: 'media',
    kind: kindOf(mimeType),
    source: { base64: standardBase64(data) },
    ...(mimeType === undefined ? {} : { mimeType }),
    ...nestedRest('inlineData', fields),
  }
}

/** `fileData` → canonical. Uploaded files belong to Google; other addresses are open to anybody. */
export function decodeFile(file: Json, document: JsonDocument): MediaPart | undefined {
  const fields = new Fields(file, document)
  const uri = fields.takeString('fileUri')
  const mimeType = fields.takeString('mimeType')
  if (uri === undefined) return undefined
  return {
    type: 'media',
    kind: kindOf(mimeType),
    source: isUploaded(uri) ? { fileId: uri, format: FORMAT } : { url: uri },
    ...(mimeType === undefined ? {} : { mimeType }),
    ...nestedRest('fileData', fields),
  }
}

function nestedRest(name: string, fields: Fields): { readonly extensions?: Extensions } {
  const rest = fields.restText()
  return rest === undefined ? {} : { extensions: { [FORMAT]: { [name]: rest } } }
}

function isUploaded(uri: string): boolean {
  return (
    uri.startsWith('gs://') || uri.startsWith('files/') || uri.startsWith('https://generativelanguage.googleapis.com/')
  )
}

/** ProtoJSON takes either alphabet of base64, with or without padding; other formats take the standard one only. */
function standardBase64(data: string): string {
  const standard = data.includes('-') || data.includes('_') ? data.replaceAll('-', '+').replaceAll('_', '/') : data
  return standard.length % 4 === 0 ? standard : standard.padEnd(Math.ceil(standard.length / 4) * 4, '=')
}

function kindOf(mimeType: string | undefined): MediaPart['kind'] {
  const [type] = (mimeType ?? '').toLowerCase().split('/')
  if (type === 'image' || type === 'audio' || type === 'video') return type
  return type === 'text' || mimeType?.toLowerCase() === 'application/pdf' ? 'document' : 'file'
}

/**
 * Canonical → the data field of a part of a request. Gemini fetches what stands at a public https address itself
 * (ai.google.dev, "File input methods"; its 2.0 models answer that they do not), and nothing at any other.
 *
 * @throws Refusal 400 when the address is not https, the file is kept by another provider, or its type cannot be told
 */
export function encodeRequestMedia(part: MediaPart, path: string): Readonly<Record<string, Writable>> {
  if ('url' in part.source && !/^(?:https|data):/i.test(part.source.url)) {
    const message = `"${path}" is at an address that Gemini does not fetch: it takes https only. Send the content inline.`
    throw new Refusal(400, 'unsupported_by_target', message, { param: path })
  }
  return encodeMedia(part, path)
}

/**
 * Canonical → the data field of a part.
 * @param path of the part, for refusals
 * @throws Refusal 400 when the file is kept by another provider, or its type cannot be told
 */
export function encodeMedia(part: MediaPart, path: string): Readonly<Record<string, Writable>> {
  const { source } = part
  const rest = extensionMembersExcept(part.extensions, 'inlineData', 'fileData')
  if ('base64' in source) return { inlineData: inlineData(part, source.base64, part.mimeType, path), ...rest }
  if ('text' in source) {
    const data = Buffer.from(source.text, 'utf8').toString('base64')
    return { inlineData: inlineData(part, data, part.mimeType ?? 'text/plain', path), ...rest }
  }
  if ('url' in source) {
    const inline = dataUrl(source.url)
    if (inline) return { inlineData: inlineData(part, inline.data, inline.mimeType ?? part.mimeType, path), ...rest }
    return { fileData: fileData(part, source.url), ...rest }
  }
  if ('fileId' in source && source.format === FORMAT) return { fileData: fileData(part, source.fileId), ...rest }
  throw new Refusal(
    400,
    'unsupported_by_target',
    `"${path}" is a file that another provider keeps. Send its content inline, or the address of a file that Gemini can read.`,
    { param: path },
  )
}

function inlineData(part: MediaPart, data: string, mimeType: string | undefined, path: string): Writable {
  const type = mimeType ?? sniffed(data)
  if (type === undefined) {
    throw new Refusal(400, 'unsupported_by_target', `"${path}" needs a media type: Gemini does not guess it.`, {
      param: path,
    })
  }
  // Base64 needs no escaping, but nothing makes a client send base64.
  return { mimeType: type === 'image/jpg' ? 'image/jpeg' : type, data, ...nestedMembers(part.extensions, 'inlineData') }
}

function fileData(part: MediaPart, uri: string): Writable {
  return {
    fileUri: uri,
    mimeType: part.mimeType ?? typeOfName(uri),
    ...nestedMembers(part.extensions, 'fileData'),
  }
}

/** RFC 2397, read leniently: any case, parameters before `;base64`, no media type. */
function dataUrl(url: string): { readonly data: string; readonly mimeType?: string } | undefined {
  if (url.slice(0, 5).toLowerCase() !== 'data:') return undefined
  const comma = url.indexOf(',')
  if (comma < 0) return undefined
  const [type = '', ...parameters] = url.slice(5, comma).split(';')
  const isBase64 = parameters.some(parameter => parameter.trim().toLowerCase() === 'base64')
  const text = url.slice(comma + 1)
  const data = isBase64 ? text : Buffer.from(percentDecoded(text), 'utf8').toString('base64')
  return type.trim() === '' ? { data } : { data, mimeType: type.trim().toLowerCase() }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The first bytes of common files, as base64 shows them. */
const SIGNATURES: readonly (readonly [start: string, mimeType: string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['JVBERi0', 'application/pdf'],
  ['SUQz', 'audio/mpeg'],
  ['T2dnUw', 'audio/ogg'],
  ['ZkxhQw', 'audio/flac'],
]

function sniffed(base64: string): string | undefined {
  if (base64.startsWith('UklGR'))
    return Buffer.from(base64.slice(0, 24), 'base64').includes('WEBP') ? 'image/webp' : 'audio/wav'
  return SIGNATURES.find(([start]) => base64.startsWith(start))?.[1]
}

const TYPE_OF_ENDING: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
}

function typeOfName(uri: string): string | undefined {
  const ending = /\.([a-z0-9]+)(?:[?#]|$)/i.exec(uri)?.[1]?.toLowerCase()
  return ending !== undefined && Object.hasOwn(TYPE_OF_ENDING, ending) ? TYPE_OF_ENDING[ending] : undefined
}
