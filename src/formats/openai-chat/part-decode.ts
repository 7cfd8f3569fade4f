/** Content of Chat messages → canonical parts, in requests and replies alike. */
import type { CacheMark, MediaPart, MediaSource, Part, ReasoningPart } from '../conversation.ts'
import { readDataUrl } from './data-url.ts'
import {
  arrayOf,
  compact,
  FieldReader,
  type Fields,
  objectOf,
  oneOf,
  stringOf,
  type TextSource,
  wordOf,
} from './fields.ts'
import { FORMAT } from './name.ts'

/** @param content a string or an array of parts; anything else gives no parts */
export function decodeContent(source: TextSource, content: unknown): readonly Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return (arrayOf(content) ?? []).map(part => decodePart(source, part))
}

function decodePart(source: TextSource, value: unknown): Part {
  if (typeof value === 'string') return { type: 'text', text: value }
  const fields = objectOf(value)
  const decoded = fields && decodeKnown(source, fields)
  return decoded ?? opaque(source, value, wordOf(fields?.type) ?? 'part')
}

/** @returns `undefined` when the part is of an unknown type or lacks what its type needs */
function decodeKnown(source: TextSource, fields: Fields): Part | undefined {
  const reader = new FieldReader(source, fields)
  const type = reader.take('type', stringOf) ?? (typeof fields.text === 'string' ? 'text' : '')
  const cache = decodeCache(reader)
  const body = decodeBody(type, reader)
  return body && compact({ ...body, cache, extensions: reader.extensions(FORMAT) })
}

function decodeBody(type: string, reader: FieldReader): Part | undefined {
  switch (type) {
    case 'text': {
      const text = reader.take('text', stringOf)
      return text === undefined ? undefined : { type: 'text', text }
    }
    case 'refusal': {
      const text = reader.take('refusal', stringOf)
      return text === undefined ? undefined : { type: 'refusal', text }
    }
    case 'image_url':
      return reader.take('image_url', value => decodeUrl(value, 'image'))
    case 'video_url':
      return reader.take('video_url', value => decodeUrl(value, 'video'))
    case 'document_url':
      return decodeDocumentUrl(reader)
    case 'input_audio':
      return reader.take('input_audio', decodeAudio)
    case 'file':
      return reader.take('file', decodeFile)
    case 'thinking':
      return decodeThinking(reader)
    default:
      return undefined
  }
}

/** OpenAI's `prompt_cache_breakpoint` stays in the extensions too: whether it may go out depends on the model. */
function decodeCache(reader: FieldReader): CacheMark | undefined {
  const marked = reader.take('cache_control', value => decodeMark(value, 'ephemeral'))
  if (marked) return marked
  let cache: CacheMark | undefined
  reader.take('prompt_cache_breakpoint', value => {
    cache = decodeMark(value, 'explicit')
    return undefined
  })
  return cache
}

function decodeMark(value: unknown, kind: string): CacheMark | undefined {
  const fields = objectOf(value)
  if (fields?.type !== kind && fields?.mode !== kind) return undefined
  return compact({ ttl: oneOf(['5m', '30m', '1h', '12h'])(fields.ttl) })
}

/** `{ url, detail }`, or a bare string as Mistral has it. */
function decodeUrl(value: unknown, kind: 'image' | 'video'): MediaPart | undefined {
  const fields = objectOf(value)
  const url = stringOf(value) ?? stringOf(fields?.url)
  if (url === undefined) return undefined
  const rest = fields && Object.keys(fields).filter(key => key !== 'url' && key !== 'detail')
  if (rest && rest.length > 0) return undefined
  const detail = oneOf(['low', 'high', 'auto', 'original'])(fields?.detail)
  return compact({ type: 'media', kind, ...locate(url), detail })
}

function locate(url: string): { readonly source: MediaSource; readonly mimeType?: string } {
  const inline = readDataUrl(url)
  return inline ? compact({ source: { base64: inline.base64 }, mimeType: inline.mimeType }) : { source: { url } }
}

function decodeDocumentUrl(reader: FieldReader): MediaPart | undefined {
  const filename = reader.take('document_name', wordOf)
  return reader.take('document_url', value => {
    const url = stringOf(value)
    return url === undefined
      ? undefined
      : compact({ type: 'media' as const, kind: 'document' as const, ...locate(url), filename })
  })
}

/** `{ data, format }`; Mistral takes a bare string, base64 or a URL. */
function decodeAudio(value: unknown): MediaPart | undefined {
  if (typeof value === 'string') {
    return { type: 'media', kind: 'audio', ...(isUrl(value) ? locate(value) : { source: { base64: value } }) }
  }
  const fields = objectOf(value)
  const data = stringOf(fields?.data)
  if (data === undefined) return undefined
  const format = wordOf(fields?.format)
  const mimeType = format === undefined ? undefined : format === 'mp3' ? 'audio/mpeg' : `audio/${format}`
  const inline = isUrl(data) ? locate(data) : { source: { base64: data } }
  return compact({ type: 'media', kind: 'audio', ...inline, mimeType: mimeType ?? inline.mimeType })
}

function isUrl(text: string): boolean {
  return /^(?:data|https?):/i.test(text.slice(0, 8))
}

/** `{ file_id }`, or `{ filename, file_data }` with a `data:` URL, bare base64 or (OpenRouter) a web address. */
function decodeFile(value: unknown): MediaPart | undefined {
  const fields = objectOf(value)
  const fileId = wordOf(fields?.file_id)
  const filename = wordOf(fields?.filename)
  if (fileId !== undefined) {
    return compact({ type: 'media', kind: 'file', source: { fileId, format: FORMAT }, filename })
  }
  const data = stringOf(fields?.file_data)
  if (data === undefined) return undefined
  const place = isUrl(data) ? locate(data) : { source: { base64: data } }
  const isPdf = place.mimeType === 'application/pdf' || filename?.toLowerCase().endsWith('.pdf') === true
  return compact({ type: 'media', kind: isPdf ? 'document' : 'file', ...place, filename })
}

/** Mistral's `{ type: "thinking", thinking: [{ type: "text", text }], signature?, closed? }`. */
function decodeThinking(reader: FieldReader): ReasoningPart | undefined {
  const chunks = reader.take('thinking', value => {
    if (typeof value === 'string') return [value]
    const texts = arrayOf(value)?.map(chunk => stringOf(objectOf(chunk)?.text))
    return texts?.every(text => text !== undefined) ? texts : undefined
  })
  if (chunks === undefined) return undefined
  const signature = reader.take('signature', wordOf)
  const state = signature === undefined ? undefined : [{ scheme: 'mistral.signature' as const, value: signature }]
  return compact({ type: 'reasoning', visibility: 'full', chunks: [chunks.join('')], state })
}

function opaque(source: TextSource, value: unknown, label: string): Part {
  return { type: 'opaque', format: FORMAT, label, json: source.textOf(value) }
}
