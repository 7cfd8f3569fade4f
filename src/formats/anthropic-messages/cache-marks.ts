/** Prompt-cache breakpoints, both ways (Anthropic Messages API, `cache_control`). */
import type { JsonDocument } from '../../json/document.ts'
import type { CacheMark, Conversation, Part } from '../conversation.ts'
import { isObject, type JsonObject, stringAt } from './fields.ts'
import { type Fields, NO_FIELDS, nestedLeftovers, type WritableObject, withMembers } from './leftovers.ts'
import type { LossLog } from './losses.ts'
import { FORMAT } from './name.ts'

const KEY = 'cache_control'
const KNOWN: ReadonlySet<string> = new Set(['type', 'ttl'])
const TTLS: ReadonlySet<string> = new Set(['5m', '1h'])

/** The mark on a block or tool, and what of it only this format knows. */
export function decodeCacheMark(document: JsonDocument, owner: JsonObject): { cache?: CacheMark; fields: Fields } {
  const control = owner[KEY]
  if (!isObject(control)) return UNMARKED
  const ttl = stringAt(control, 'ttl')
  const understood = control.type === 'ephemeral' && (ttl === undefined || TTLS.has(ttl))
  if (!understood) return { cache: {}, fields: { [KEY]: document.textOf(control) } }
  return {
    cache: ttl === undefined ? {} : { ttl: ttl as '5m' | '1h' },
    fields: nestedLeftovers(document, KEY, control, KNOWN),
  }
}

const UNMARKED: { readonly cache?: CacheMark; readonly fields: Fields } = { fields: NO_FIELDS }

/** What a mark may sit on. */
export interface Markable {
  readonly cache?: CacheMark
  readonly extensions?: { readonly [format: string]: Fields }
}

/** Which marks a request may keep: the API takes four. */
export class CacheMarks {
  /** Paths of the nodes that keep theirs. */
  readonly #kept: ReadonlySet<string>
  readonly #log: LossLog

  constructor(conversation: Conversation, log: LossLog) {
    this.#log = log
    const toplevel = conversation.extensions?.[FORMAT]?.[KEY] === undefined ? 0 : 1
    this.#kept = keptMarks(conversation, MOST_MARKS - toplevel)
  }

  /** `{ cache_control }` for the node at a path, or nothing: for spreading into what is written. */
  encode(node: Markable, path: string): WritableObject {
    if (node.cache === undefined) return {}
    if (!this.#kept.has(path)) {
      this.#log.dropped(`${path}.cache`, `Anthropic takes at most ${MOST_MARKS} cache breakpoints`)
      return {}
    }
    const { ttl } = node.cache
    const written: WritableObject = { type: 'ephemeral', ...this.#ttl(ttl, path) }
    return { [KEY]: withMembers(written, node.extensions?.[FORMAT]?.[KEY]) }
  }

  #ttl(ttl: CacheMark['ttl'], path: string): WritableObject {
    if (ttl === undefined || ttl === '5m' || ttl === '1h') return ttl === undefined ? {} : { ttl }
    this.#log.approximated(`${path}.cache.ttl`, `Anthropic caches for 5m or 1h, not ${ttl}`)
    return ttl === '12h' ? { ttl: '1h' } : {}
  }
}

const MOST_MARKS = 4

/** The last mark of the tools, the last one of the system prompt, and the last ones of the messages. */
function keptMarks(conversation: Conversation, most: number): ReadonlySet<string> {
  const tools = conversation.tools.flatMap((tool, index) => (tool.cache === undefined ? [] : [`tools[${index}]`]))
  const turns = conversation.turns.map((turn, index) => marksOf(turn.parts, `turns[${index}].parts`))
  const head = headLength(conversation)
  const system = turns.slice(0, head).flat()
  const messages = turns.slice(head).flat()
  const all = [...tools, ...system, ...messages]
  if (all.length <= most) return new Set(all)
  const prefix = [...tools.slice(-1), ...system.slice(-1)].slice(0, most)
  const room = most - prefix.length
  return new Set([...prefix, ...(room === 0 ? [] : messages.slice(-room))])
}

function headLength(conversation: Conversation): number {
  const first = conversation.turns.findIndex(turn => turn.role !== 'system' && turn.role !== 'developer')
  return first < 0 ? conversation.turns.length : first
}

/** Paths of the marked parts, inner ones before those that hold them, as the API counts. */
function marksOf(parts: readonly Part[], path: string): readonly string[] {
  return parts.flatMap((part, index) => {
    const at = `${path}[${index}]`
    const inner =
      part.type === 'tool-result' || part.type === 'search-result' ? marksOf(part.content, `${at}.content`) : []
    return part.cache === undefined ? inner : [...inner, at]
  })
}
