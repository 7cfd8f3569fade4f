import { RawJson, writeJson } from '../../json/raw.ts'
import type { Extensions, JsonText } from '../conversation.ts'
import { FORMAT, type Json, NOTE } from './fields.ts'

/** Fields of a chunk and of a candidate that are read elsewhere. */
const READ_OF_CHUNK: ReadonlySet<string> = new Set([
  'candidates',
  'usageMetadata',
  'modelVersion',
  'responseId',
  'createTime',
])
const READ_OF_CANDIDATE: ReadonlySet<string> = new Set(['content', 'finishReason', 'index'])

/** Lists that a stream gives piece by piece; anything else is given anew as a whole. */
const GROWING: Readonly<Record<string, readonly string[]>> = {
  citationMetadata: ['citationSources', 'citations'],
  logprobsResult: ['chosenCandidates', 'topCandidates'],
}

/** The note of a finish event that keeps the fields which stand beside the candidates. */
export const BESIDE_CANDIDATES = `${NOTE}response`

export function hasResidue(node: Json, of: 'chunk' | 'candidate'): boolean {
  const read = of === 'chunk' ? READ_OF_CHUNK : READ_OF_CANDIDATE
  for (const name in node) if (!read.has(name)) return true
  return false
}

/** What only Gemini says of a reply (ratings, grounding, feedback): gathered over its chunks for the finish event. */
export class Residue {
  readonly #chunk = new Map<string, JsonText>()
  readonly #candidates = new Map<number, Map<string, JsonText>>()

  /** Something that is read elsewhere, but not all of it. */
  keep(name: string, text: JsonText): void {
    this.#chunk.set(name, text)
  }

  chunk(node: Json, textOf: (node: unknown) => JsonText): void {
    for (const name in node) if (!READ_OF_CHUNK.has(name)) this.#chunk.set(name, textOf(node[name]))
  }

  candidate(index: number, node: Json, textOf: (node: unknown) => JsonText): void {
    const fields = this.#candidates.get(index) ?? new Map<string, JsonText>()
    this.#candidates.set(index, fields)
    for (const name in node) {
      if (READ_OF_CANDIDATE.has(name)) continue
      const before = fields.get(name)
      const lists = Object.hasOwn(GROWING, name) ? GROWING[name] : undefined
      fields.set(name, before && lists ? joined(before, node[name], lists, textOf) : textOf(node[name]))
    }
  }

  /** @param first whether this candidate's finish carries what stands beside the candidates */
  extensions(index: number, first: boolean): { readonly extensions?: Extensions } {
    const beside = first && this.#chunk.size > 0 ? [[BESIDE_CANDIDATES, objectText(this.#chunk)] as const] : []
    const bag = Object.fromEntries([...(this.#candidates.get(index) ?? []), ...beside])
    return Object.keys(bag).length === 0 ? {} : { extensions: { [FORMAT]: bag } }
  }
}

function objectText(fields: ReadonlyMap<string, JsonText>): JsonText {
  return writeJson(Object.fromEntries([...fields].map(([name, text]) => [name, new RawJson(text)])))
}

/** The later object, with its lists appended to those of the earlier one. */
function joined(
  before: JsonText,
  node: unknown,
  lists: readonly string[],
  textOf: (node: unknown) => JsonText,
): JsonText {
  const earlier = asRecord(JSON.parse(before))
  const later = asRecord(JSON.parse(textOf(node)))
  const merged: Record<string, unknown> = { ...earlier, ...later }
  for (const list of lists) {
    const [first, second] = [earlier[list], later[list]]
    if (Array.isArray(first) && Array.isArray(second)) merged[list] = [...first, ...second]
  }
  return JSON.stringify(merged)
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
