/** `annotations` ↔ canonical citations. The wire counts code points, canonical ranges count UTF-16 units. */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { Citation } from '../conversation.ts'
import { arrayOf, compact, type Fields, numberOf, objectOf, type TextSource, wordOf } from './fields.ts'
import { FORMAT } from './name.ts'

/** @param text the text that the annotations refer to */
export function decodeAnnotations(source: TextSource, annotations: unknown, text: string): readonly Citation[] {
  return (arrayOf(annotations) ?? []).map(annotation => {
    const cited = objectOf(objectOf(annotation)?.url_citation)
    const json = source.textOf(annotation)
    return cited ? urlCitation(cited, text, json) : { kind: 'file', format: FORMAT, json }
  })
}

function urlCitation(cited: Fields, text: string, json: string): Citation {
  return compact({
    kind: 'url',
    url: wordOf(cited.url),
    title: wordOf(cited.title),
    start: unitsAt(text, cited.start_index),
    end: unitsAt(text, cited.end_index),
    format: FORMAT,
    json,
  })
}

/** @returns how many UTF-16 units the first `codePoints` code points of the text take */
function unitsAt(text: string, codePoints: unknown): number | undefined {
  const count = numberOf(codePoints)
  if (count === undefined || count < 0) return undefined
  let units = 0
  for (let seen = 0; seen < count && units < text.length; seen++) units += isPair(text, units) ? 2 : 1
  return units
}

/** @returns how many code points the first `units` UTF-16 units of the text hold */
function codePointsAt(text: string, units: number): number {
  let count = 0
  for (let at = 0; at < units && at < text.length; at += isPair(text, at) ? 2 : 1) count++
  return count
}

function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff
}

/**
 * @param text all text of the answer up to and with the part that carries the citation
 * @param offset where that part begins in it, in UTF-16 units
 * @returns `undefined` when Chat Completions has no such kind of citation: it knows web addresses only
 */
export function encodeCitation(citation: Citation, text: string, offset: number): Writable | undefined {
  if (citation.format === FORMAT) return new RawJson(citation.json)
  // Without a range it is about all of the part.
  const { url, title = '', start = 0, end = text.length - offset } = citation
  if (url === undefined) return undefined
  return {
    type: 'url_citation',
    url_citation: {
      url,
      title,
      start_index: codePointsAt(text, offset + start),
      end_index: codePointsAt(text, offset + end),
    },
  }
}
