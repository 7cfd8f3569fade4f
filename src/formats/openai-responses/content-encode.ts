/** Parts → content of messages and tool results (OpenAI Responses API, `input_text`, `output_text`, …). */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { MediaPart, Part, RefusalPart, SearchResultPart, TextPart } from '../conversation.ts'
import { encodeCitation } from './annotations.ts'
import { bagOf, written } from './fields.ts'
import { encodeLogprobs } from './logprobs.ts'
import { type LossList, unsupported } from './loss-list.ts'
import { dataUrl, nameOfType } from './media.ts'
import { FORMAT } from './name.ts'

export interface ContentTarget {
  readonly losses: LossList
  readonly model: string
  /** Whether a cache breakpoint may be written: the client's own always, another's where the model takes it. */
  readonly cacheBreakpoints: boolean
}

/** Parts that stand inside a message. Everything else is an item of its own. */
export type ContentPart = Extract<Part, { type: 'text' | 'refusal' | 'media' | 'search-result' | 'opaque' }>

export function isContent(part: Part): part is ContentPart {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'media':
    case 'search-result':
      return true
    case 'opaque':
      return part.format === FORMAT && bagOf(part)?.['#content'] !== undefined
    default:
      return false
  }
}

/** What the user, the system or a tool says. A media part that holds parts becomes several. */
export function encodeInput(part: ContentPart, path: string, target: ContentTarget): readonly Writable[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'input_text', text: part.text, ...cacheOf(part, path, target), ...written(bagOf(part)) }]
    case 'refusal':
      return [{ type: 'input_text', text: part.text }]
    case 'media':
      return encodeMedia(part, path, target)
    case 'search-result':
      target.losses.approximated(path, 'a search result is plain text to the Responses API')
      return [{ type: 'input_text', text: searchResultText(part), ...cacheOf(part, path, target) }]
    case 'opaque':
      return [new RawJson(part.json)]
  }
}

/** What the assistant said. */
export function encodeOutput(part: ContentPart, path: string, target: ContentTarget): readonly Writable[] {
  if (part.cache !== undefined)
    target.losses.dropped(`${path}.cache`, 'the Responses API has no cache breakpoints in what the assistant said')
  switch (part.type) {
    case 'text':
      return [outputText(part, path, target.losses)]
    case 'refusal':
      return [refusalContent(part)]
    case 'opaque':
      return [new RawJson(part.json)]
    case 'media':
      target.losses.dropped(path, `the Responses API takes no ${part.kind} back as said by the assistant`)
      return []
    case 'search-result':
      target.losses.approximated(path, 'a search result is plain text to the Responses API')
      return [{ type: 'output_text', text: searchResultText(part), annotations: [] }]
  }
}

function outputText(part: TextPart, path: string, losses: LossList): Writable {
  const annotations = (part.citations ?? []).map((citation, index) => {
    const annotation = encodeCitation(citation, 0, part.text.length)
    if (annotation === undefined)
      losses.dropped(`${path}.citations[${index}]`, `the Responses API has no citation of this kind (${citation.kind})`)
    return annotation
  })
  return {
    type: 'output_text',
    text: part.text,
    annotations: annotations.filter(annotation => annotation !== undefined),
    logprobs: part.logprobs === undefined ? undefined : encodeLogprobs(part.logprobs),
    ...written(bagOf(part)),
  }
}

export function refusalContent(part: RefusalPart): Writable {
  return { type: 'refusal', refusal: part.text, ...written(bagOf(part)) }
}

/** A part's text and, where it is one, its source and title ahead of it. */
export function searchResultText(part: SearchResultPart): string {
  const texts = part.content.flatMap(inner => (inner.type === 'text' ? [inner.text] : []))
  return [part.title, part.source, ...texts].filter(text => text !== '').join('\n')
}

function cacheOf(part: ContentPart, path: string, target: ContentTarget): { prompt_cache_breakpoint?: Writable } {
  const { cache } = part
  if (cache === undefined) return {}
  if (!target.cacheBreakpoints) {
    target.losses.dropped(`${path}.cache`, `${target.model} is not known to take cache breakpoints`)
    return {}
  }
  if (cache.ttl === '1h') target.losses.approximated(`${path}.cache.ttl`, 'kept for 30m instead of 1h')
  const ttl = cache.ttl === '1h' ? '30m' : cache.ttl === '5m' ? undefined : cache.ttl
  return { prompt_cache_breakpoint: { mode: 'explicit', ttl } }
}

function encodeMedia(part: MediaPart, path: string, target: ContentTarget): readonly Writable[] {
  const { losses } = target
  const isNamed = part.filename === undefined && ('base64' in part.source || 'url' in part.source)
  if (part.title !== undefined && !isNamed)
    losses.dropped(`${path}.title`, 'the Responses API has no title of a file beside its name')
  if (part.context !== undefined) losses.dropped(`${path}.context`, 'the Responses API has no such field of a file')
  if (part.citationsEnabled) losses.dropped(`${path}.citationsEnabled`, 'the Responses API does not cite input files')
  const rest = { ...cacheOf(part, path, target), ...written(bagOf(part)) }
  if ('text' in part.source) losses.approximated(path, 'the Responses API has no documents of plain text: said as text')
  if ('text' in part.source) return [{ type: 'input_text', text: part.source.text, ...rest }]
  if ('parts' in part.source) return encodeInnerParts(part.source.parts, path, target)
  switch (part.kind) {
    case 'image':
      return [bagOf(part)?.['#file'] === undefined ? encodeImage(part, path, rest) : encodeFile(part, path, rest)]
    case 'document':
    case 'file':
      return [encodeFile(part, path, rest)]
    case 'audio':
      return [encodeAudio(part, path, target, rest)]
    default:
      return unsupported(path, `the Responses API takes no ${part.kind}`)
  }
}

function encodeInnerParts(parts: readonly Part[], path: string, target: ContentTarget): readonly Writable[] {
  target.losses.approximated(path, 'a document made of parts becomes its parts')
  return parts.flatMap((inner, index) => {
    const innerPath = `${path}.source.parts[${index}]`
    if (isContent(inner)) return encodeInput(inner, innerPath, target)
    target.losses.dropped(innerPath, 'not a part that a document can hold')
    return []
  })
}

type Rest = Readonly<Record<string, Writable>>

function encodeImage(part: MediaPart, path: string, rest: Rest): Writable {
  const { source } = part
  const place =
    'base64' in source
      ? { image_url: dataUrl(source.base64, part.mimeType ?? sniffImage(source.base64)) }
      : 'url' in source
        ? { image_url: source.url }
        : { file_id: ownFileId(source, path) }
  return { type: 'input_image', ...place, detail: part.detail, ...rest }
}

function encodeFile(part: MediaPart, path: string, rest: Rest): Writable {
  const { source } = part
  const place =
    'base64' in source
      ? fileData(part, source.base64)
      : 'url' in source
        ? { file_url: source.url }
        : { file_id: ownFileId(source, path) }
  return { type: 'input_file', filename: part.filename ?? part.title, ...place, detail: part.detail, ...rest }
}

function fileData(part: MediaPart, base64: string): Rest {
  const mimeType = part.mimeType ?? 'application/pdf'
  const mark = bagOf(part)?.['#file']
  return {
    filename: part.filename ?? part.title ?? (mark === undefined ? nameOfType(mimeType) : undefined),
    file_data: mark === '"bare"' ? base64 : dataUrl(base64, mimeType),
  }
}

function encodeAudio(part: MediaPart, path: string, target: ContentTarget, rest: Rest): Writable {
  const format = part.mimeType === 'audio/mpeg' || part.mimeType === 'audio/mp3' ? 'mp3' : part.mimeType?.slice(6)
  const native = bagOf(part) !== undefined
  if (!('base64' in part.source) || format === undefined || !(native || target.model.includes('audio'))) {
    return unsupported(path, `${target.model} takes no audio through the Responses API`)
  }
  const data = part.source.base64
  return { type: 'input_audio', input_audio: { data, format: format.replace(/^(?:x-|vnd\.)?wave?$/, 'wav') }, ...rest }
}

/** Files are the provider's own: both OpenAI formats name the same ones. */
function ownFileId(source: MediaPart['source'], path: string): string {
  if ('fileId' in source && (source.format === FORMAT || source.format === 'openai-chat')) return source.fileId
  return unsupported(
    `${path}.source.fileId`,
    'a file kept by another provider cannot be read by this one. Send its data',
  )
}

/** The type by the first bytes, as base64 shows them. */
function sniffImage(base64: string): string {
  if (base64.startsWith('/9j/')) return 'image/jpeg'
  if (base64.startsWith('R0lGOD')) return 'image/gif'
  if (base64.startsWith('UklGR')) return 'image/webp'
  return 'image/png'
}
