/** Content of messages and tool results → parts (OpenAI Responses API, `input_text`, `output_text`, …). */
import type { JsonDocument } from '../../json/document.ts'
import type { CacheMark, MediaPart, Part, TextPart } from '../conversation.ts'
import { decodeAnnotations } from './annotations.ts'
import type { Fault } from './fault.ts'
import { extensionsOf, type Fields, isFields, stringOf, unmapped } from './fields.ts'
import { decodeLogprobs } from './logprobs.ts'
import { fileKind, fileSource, imageSource, typeOfName } from './media.ts'
import { FORMAT } from './name.ts'

/** @param content a string, a list of content parts, or null for none */
export function decodeContent(document: JsonDocument, content: unknown, path: string, fault: Fault): readonly Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (content === undefined || content === null) return []
  if (!Array.isArray(content)) {
    fault(path, 'must be a string or an array of content parts')
    return []
  }
  return content.flatMap((part, index) => {
    if (isFields(part)) return [decodeContentPart(document, part, `${path}[${index}]`, fault)]
    fault(`${path}[${index}]`, 'must be an object')
    return []
  })
}

export function decodeContentPart(document: JsonDocument, part: Fields, path: string, fault: Fault): Part {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return decodeText(document, part, path, fault)
    case 'refusal':
      return {
        type: 'refusal',
        text: textOf(part.refusal, `${path}.refusal`, fault),
        ...extensionsOf(unmapped(document, part, REFUSAL_FIELDS)),
      }
    case 'input_image':
      return decodeImage(document, part) ?? opaqueContent(document, part)
    case 'input_file':
      return decodeFile(document, part) ?? opaqueContent(document, part)
    case 'input_audio':
      return decodeAudio(document, part) ?? opaqueContent(document, part)
    default:
      return opaqueContent(document, part)
  }
}

/** A content part that nobody here understands. The mark tells it from an item that nobody understands. */
export function opaqueContent(document: JsonDocument, part: Fields): Part {
  return {
    type: 'opaque',
    format: FORMAT,
    label: stringOf(part.type) ?? 'content',
    json: document.textOf(part),
    extensions: { [FORMAT]: { '#content': 'true' } },
  }
}

const CACHE = 'prompt_cache_breakpoint'
const REFUSAL_FIELDS = new Set(['type', 'refusal'])
const TEXT_FIELDS = new Set(['type', 'text', 'annotations', 'logprobs', CACHE])
const IMAGE_FIELDS = new Set(['type', 'image_url', 'file_id', 'detail', CACHE])
const FILE_FIELDS = new Set(['type', 'file_data', 'file_url', 'file_id', 'filename', 'detail', CACHE])
const AUDIO_FIELDS = new Set(['type', 'input_audio', CACHE])

function decodeText(document: JsonDocument, part: Fields, path: string, fault: Fault): TextPart {
  const citations = decodeAnnotations(document, part.annotations)
  const logprobs = decodeLogprobs(part.logprobs)
  return {
    type: 'text',
    text: textOf(part.text, `${path}.text`, fault),
    ...(citations.length === 0 ? {} : { citations }),
    ...(logprobs.length === 0 ? {} : { logprobs }),
    ...cacheOf(part),
    ...extensionsOf(unmapped(document, part, TEXT_FIELDS)),
  }
}

function decodeImage(document: JsonDocument, part: Fields): MediaPart | undefined {
  const source = imageSource(part)
  if (source === undefined) return undefined
  return {
    type: 'media',
    kind: 'image',
    ...source,
    ...detailOf(part),
    ...cacheOf(part),
    ...extensionsOf(unmapped(document, part, IMAGE_FIELDS)),
  }
}

function decodeFile(document: JsonDocument, part: Fields): MediaPart | undefined {
  const source = fileSource(part)
  if (source === undefined) return undefined
  const filename = stringOf(part.filename)
  const name = filename ?? ('url' in source.source ? source.source.url : undefined)
  const mimeType = source.mimeType ?? ('base64' in source.source ? typeOfName(name) : undefined)
  return {
    type: 'media',
    kind: fileKind(mimeType, name),
    source: source.source,
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(filename === undefined ? {} : { filename }),
    ...detailOf(part),
    ...cacheOf(part),
    ...extensionsOf({ ...unmapped(document, part, FILE_FIELDS), '#file': bareData(part) }),
  }
}

/** Marks a file as such, since an image may come as one, and tells whether its data stood there without a data URL. */
function bareData(part: Fields): string {
  const data = stringOf(part.file_data)
  return data !== undefined && data.slice(0, 5).toLowerCase() !== 'data:' ? '"bare"' : '"url"'
}

function decodeAudio(document: JsonDocument, part: Fields): MediaPart | undefined {
  if (!isFields(part.input_audio)) return undefined
  const base64 = stringOf(part.input_audio.data)
  const format = stringOf(part.input_audio.format)
  if (base64 === undefined || format === undefined) return undefined
  return {
    type: 'media',
    kind: 'audio',
    source: { base64 },
    mimeType: format === 'mp3' ? 'audio/mpeg' : `audio/${format}`,
    ...cacheOf(part),
    extensions: { [FORMAT]: unmapped(document, part, AUDIO_FIELDS) },
  }
}

function textOf(value: unknown, path: string, fault: Fault): string {
  if (typeof value === 'string') return value
  fault(path, 'must be a string')
  return ''
}

const DETAILS = ['low', 'high', 'auto', 'original'] as const

function detailOf(part: Fields): { readonly detail?: (typeof DETAILS)[number] } {
  const detail = DETAILS.find(known => known === part.detail)
  return detail === undefined ? {} : { detail }
}

const TTLS = ['5m', '30m', '1h', '12h'] as const

function cacheOf(part: Fields): { readonly cache?: CacheMark } {
  const mark = part[CACHE]
  if (!isFields(mark)) return {}
  const ttl = TTLS.find(known => known === mark.ttl)
  return { cache: ttl === undefined ? {} : { ttl } }
}
