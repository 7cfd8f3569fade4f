/** Citations of text blocks, both ways (Anthropic Messages API, "Citations"). */
import type { JsonDocument } from '../../json/document.ts'
import { RawJson } from '../../json/raw.ts'
import type { Citation } from '../conversation.ts'
import { type JsonObject, numberAt, present, stringAt } from './fields.ts'
import type { LossLog } from './losses.ts'
import { FORMAT } from './name.ts'

const KINDS: ReadonlyMap<string, Citation['kind']> = new Map([
  ['char_location', 'char'],
  ['page_location', 'page'],
  ['content_block_location', 'block'],
  ['search_result_location', 'search'],
  ['web_search_result_location', 'url'],
])

/** Positions in these are positions in the cited source, not in the answer, so `start` and `end` stay unset. */
export function decodeCitation(document: JsonDocument, citation: JsonObject): Citation {
  const kind = KINDS.get(stringAt(citation, 'type') ?? '') ?? 'char'
  return present({
    kind,
    url: stringAt(citation, 'url') ?? (kind === 'search' ? stringAt(citation, 'source') : undefined),
    title: stringAt(citation, 'title') ?? stringAt(citation, 'document_title'),
    cited: stringAt(citation, 'cited_text'),
    fileId: stringAt(citation, 'file_id'),
    documentIndex: numberAt(citation, 'document_index'),
    format: FORMAT,
    json: document.textOf(citation),
  })
}

/**
 * Only what came from this format goes back: its citations hold encrypted indices that cannot be made up, and a client
 * that sent a made-up one back would be refused.
 */
export function encodeCitation(citation: Citation, path: string, log: LossLog): RawJson | undefined {
  if (citation.format === FORMAT) return new RawJson(citation.json)
  log.dropped(path, 'Anthropic has no citation of this kind')
  return undefined
}

export function encodeCitations(
  citations: readonly Citation[] | undefined,
  path: string,
  log: LossLog,
): readonly RawJson[] {
  return (citations ?? []).flatMap(
    (citation, index) => encodeCitation(citation, `${path}.citations[${index}]`, log) ?? [],
  )
}
