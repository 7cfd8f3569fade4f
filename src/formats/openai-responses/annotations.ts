/** Annotations of `output_text` ⇄ citations (OpenAI Responses API). */
import type { JsonDocument } from '../../json/document.ts'
import { RawJson, type Writable } from '../../json/raw.ts'
import type { Citation } from '../conversation.ts'
import { type Fields, isFields, listOf, numberOf, stringOf } from './fields.ts'
import { FORMAT } from './name.ts'

export function decodeAnnotations(document: JsonDocument, annotations: unknown): readonly Citation[] {
  return listOf(annotations)
    .filter(isFields)
    .map(annotation => decodeAnnotation(document, annotation))
}

export function decodeAnnotation(document: JsonDocument, annotation: Fields): Citation {
  const url = stringOf(annotation.url)
  const title = stringOf(annotation.title) ?? stringOf(annotation.filename)
  const start = numberOf(annotation.start_index)
  const end = numberOf(annotation.end_index)
  const fileId = stringOf(annotation.file_id)
  return {
    kind: url === undefined ? 'file' : 'url',
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(fileId === undefined ? {} : { fileId }),
    format: FORMAT,
    json: document.textOf(annotation),
  }
}

/**
 * @param offset where the citation's own text begins in the text that the client sees as one
 * @param length how long that text is so far: a citation without a range is of all of it
 * @returns `undefined` when the API has no form for it
 */
export function encodeCitation(citation: Citation, offset: number, length: number): Writable | undefined {
  if (citation.format === FORMAT) return new RawJson(citation.json)
  if ((citation.kind === 'url' || citation.kind === 'search') && citation.url !== undefined) {
    return {
      type: 'url_citation',
      url: citation.url,
      title: citation.title ?? '',
      start_index: offset + (citation.start ?? 0),
      end_index: offset + (citation.end ?? length),
    }
  }
  if (citation.kind === 'file' && citation.fileId !== undefined) {
    return {
      type: 'file_citation',
      file_id: citation.fileId,
      filename: citation.title ?? '',
      index: offset + (citation.start ?? length),
    }
  }
  return undefined
}
