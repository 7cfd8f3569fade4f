/** Parts of a turn → `content` of a message. */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { CacheMark, Part, TextPart } from '../conversation.ts'
import { isNeeded } from '../needed-parts.ts'
import { ownFields } from './ledger.ts'
import { encodeMediaPart } from './media-encode.ts'
import { FORMAT } from './name.ts'
import { type Target, unsupported } from './target.ts'

type WirePart = { readonly [key: string]: Writable }

/**
 * A single plain text goes as a string, anything else as an array of parts, as the client wrote it.
 *
 * @param path of the parts, `turns[3].parts`
 * @throws Refusal 400 when a part must not be dropped and cannot be said
 */
export function encodeContent(parts: readonly Part[], path: string, target: Target): Writable {
  const encoded = parts
    .map((part, index) => encodePart(part, `${path}[${index}]`, target))
    .filter(part => part !== undefined)
  const [first] = encoded
  if (first === undefined) return ''
  return encoded.length === 1 && isPlainText(first) && !(first instanceof RawJson) ? (first.text ?? '') : encoded
}

function isPlainText(part: WirePart | RawJson): boolean {
  return !(part instanceof RawJson) && part.type === 'text' && Object.keys(part).length === 2
}

/** @returns `undefined` for a part that is left out; that has been noted then */
export function encodePart(part: Part, path: string, target: Target): WirePart | RawJson | undefined {
  const { ledger } = target
  ledger.foreign(part.extensions, path)
  switch (part.type) {
    case 'text':
      noteCitations(part, path, target)
      return marked({ type: 'text', text: wellFormed(part.text, path, target) }, part, target)
    case 'refusal':
      return { type: 'refusal', refusal: part.text, ...ownFields(part.extensions) }
    case 'media':
      return marked(encodeMediaPart(part, path, target), part, target)
    case 'search-result': {
      const text = part.content.map(each => (each.type === 'text' ? each.text : '')).join('\n')
      ledger.approximated(path, 'Chat Completions has no search results; its text stands in its place')
      return { type: 'text', text: `${part.title}\n${part.source}\n\n${text}` }
    }
    case 'compaction':
      return compaction(part.summary, path, target)
    case 'item-reference':
      throw unsupported(target, path, 'a reference to an item that another provider keeps')
    case 'opaque':
      if (part.format === FORMAT) return new RawJson(part.json)
      if (isNeeded(part)) throw unsupported(target, path, `"${part.label}", which only ${part.format} can read,`)
      ledger.dropped(path, `Chat Completions has no "${part.label}" part of ${part.format}`)
      return undefined
    case 'hosted-tool':
      ledger.dropped(path, `Chat Completions has no "${part.tool}" tool of ${part.format}`)
      return undefined
    default:
      return undefined
  }
}

/** Half a surrogate pair is no text: several servers refuse it (conversion.md E29). */
function wellFormed(text: string, path: string, { ledger }: Target): string {
  if (text.isWellFormed()) return text
  ledger.approximated(path, 'half a character is no text; U+FFFD stands in its place')
  return text.toWellFormed()
}

function compaction(summary: string | undefined, path: string, target: Target): WirePart {
  if (summary === undefined) throw unsupported(target, path, 'a compacted conversation that only its provider can read')
  target.ledger.approximated(path, 'Chat Completions has no compacted conversations; the summary stands in its place')
  return { type: 'text', text: summary }
}

function noteCitations({ citations }: TextPart, path: string, { ledger }: Target): void {
  if (citations !== undefined && citations.length > 0) {
    ledger.dropped(`${path}.citations`, 'Chat Completions takes no citations in a request')
  }
}

/** Adds the cache mark in the dialect's words, unless the client's own fields say it already. */
function marked(part: WirePart, { cache, extensions }: Part, target: Target): WirePart {
  const own = ownFields(extensions)
  const hasMark = 'prompt_cache_breakpoint' in own || 'cache_control' in own
  return { ...part, ...(cache && !hasMark ? cacheFields(cache, target) : {}), ...own }
}

/** Where caching is implicit a mark means nothing, so nothing is lost. */
export function cacheFields({ ttl }: CacheMark, { dialect, capabilities }: Target): WirePart {
  switch (dialect.cacheMarks) {
    case 'cache_control':
      return { cache_control: { type: 'ephemeral', ttl } }
    case 'breakpoint':
      if (!capabilities.cache_marks) return {}
      return { prompt_cache_breakpoint: { mode: 'explicit', ttl: ttl === '30m' || ttl === '12h' ? ttl : undefined } }
    default:
      return {}
  }
}
