import type { Writable } from '../../json/raw.ts'
import type { Citation } from '../conversation.ts'
import { FORMAT, isRecord, type Json, listOf } from './fields.ts'

/**
 * Where a text has its facts from → citations. Offsets count bytes of UTF-8 there and UTF-16 units here
 * (reference of `GroundingMetadata.Segment` and `CitationSource`).
 * @param text of the part as far as it has come; a range that is not in it is left out
 */
export function decodeGrounding(metadata: unknown, text: string): readonly Citation[] {
  if (!isRecord(metadata)) return []
  const chunks = listOf(metadata.groundingChunks)
  return listOf(metadata.groundingSupports)
    .filter(isRecord)
    .flatMap(support => supportCitations(support, chunks, text))
}

function supportCitations(support: Json, chunks: readonly unknown[], text: string): readonly Citation[] {
  const range = segmentRange(support.segment, text)
  return listOf(support.groundingChunkIndices).flatMap((index): readonly Citation[] => {
    const chunk = typeof index === 'number' ? chunks[index] : undefined
    const source = isRecord(chunk) ? Object.values(chunk).find(isRecord) : undefined
    if (!source) return []
    const { uri, title } = source
    return [
      {
        kind: typeof uri === 'string' ? 'url' : 'file',
        ...(typeof uri === 'string' ? { url: uri } : {}),
        ...(typeof title === 'string' ? { title } : {}),
        ...range,
        format: FORMAT,
        json: JSON.stringify({ segment: support.segment, chunk }),
      },
    ]
  })
}

/** `citationMetadata`: what was recited, with its source. Vertex calls the list `citations`. */
export function decodeCitations(metadata: unknown, text: string): readonly Citation[] {
  if (!isRecord(metadata)) return []
  return listOf(metadata.citationSources ?? metadata.citations)
    .filter(isRecord)
    .map(source => ({
      kind: 'url' as const,
      ...(typeof source.uri === 'string' ? { url: source.uri } : {}),
      ...(typeof source.title === 'string' ? { title: source.title } : {}),
      ...byteRange(text, source.startIndex, source.endIndex),
      format: FORMAT,
      json: JSON.stringify(source),
    }))
}

type Range = Pick<Citation, 'start' | 'end' | 'cited'>

/** The segment says its own text, so a wrong offset (of another part, or in other units) is found out. */
function segmentRange(segment: unknown, text: string): Range {
  if (!isRecord(segment)) return {}
  const said = segment.text
  const range = byteRange(text, segment.startIndex, segment.endIndex)
  if (typeof said !== 'string' || said === '') return range
  if (range.start !== undefined && text.slice(range.start, range.end) === said) return { ...range, cited: said }
  const start = text.indexOf(said)
  return start < 0 ? { cited: said } : { start, end: start + said.length, cited: said }
}

function byteRange(text: string, from: unknown, to: unknown): Range {
  const start = from === undefined ? 0 : from
  if (typeof start !== 'number' || typeof to !== 'number' || start < 0 || to <= start) return {}
  const bytes = Buffer.from(text, 'utf8')
  if (to > bytes.length) return {}
  const before = bytes.toString('utf8', 0, start).length
  return { start: before, end: before + bytes.toString('utf8', start, to).length }
}

export interface CitedText {
  readonly text: string
  readonly citations: readonly Citation[]
}

/** Citations of other formats → `groundingMetadata`; `undefined` when there are none with an address. */
export function encodeGrounding(texts: readonly CitedText[]): Writable {
  const places = new Map<string, number>()
  const groundingChunks: Writable[] = []
  const groundingSupports: Writable[] = []
  for (const { text, citations } of texts) {
    for (const citation of citations) {
      if (citation.format === FORMAT || citation.url === undefined) continue
      const known = places.get(citation.url)
      const index = known ?? groundingChunks.length
      if (known === undefined) {
        places.set(citation.url, index)
        groundingChunks.push({ web: { uri: citation.url, title: citation.title } })
      }
      groundingSupports.push({ segment: segmentOf(text, citation), groundingChunkIndices: [index] })
    }
  }
  return groundingChunks.length === 0 ? undefined : { groundingChunks, groundingSupports }
}

function segmentOf(text: string, { start, end, cited }: Citation): Writable {
  if (start === undefined || end === undefined) return cited === undefined ? undefined : { text: cited }
  const before = Buffer.byteLength(text.slice(0, start), 'utf8')
  const segment = text.slice(start, end)
  return { startIndex: before, endIndex: before + Buffer.byteLength(segment, 'utf8'), text: segment }
}
