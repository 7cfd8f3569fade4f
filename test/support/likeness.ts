/** Two canonical views of one thing, compared: what is gone, what was added, what changed, and whether a loss tells of it. */
import type { Loss } from '../../src/formats/losses.ts'

export interface Difference {
  /** Where it stood in the source: `turns[2].parts[0].cache`. */
  readonly path: string
  readonly kind: 'gone' | 'added' | 'changed'
  readonly from?: string
  readonly to?: string
}

/** Named values of one view: path → what stands there, as text. */
export type Facts = ReadonlyMap<string, string>

export function compareFacts(from: Facts, to: Facts): Difference[] {
  const differences: Difference[] = []
  for (const [path, value] of from) {
    const other = to.get(path)
    if (other === undefined) differences.push({ path, kind: 'gone', from: value })
    else if (other !== value) differences.push({ path, kind: 'changed', from: value, to: other })
  }
  for (const [path, value] of to) if (!from.has(path)) differences.push({ path, kind: 'added', to: value })
  return differences
}

/**
 * Whether a loss at `path` is about what stands at `place`: one of them is, or holds, the other. A reply with one answer
 * may leave out which candidate it speaks of.
 */
export function covers(path: string, place: string): boolean {
  const [loss, found] = [tokensOf(path), tokensOf(place)]
  const shared = Math.min(loss.length, found.length)
  return shared > 0 && loss.slice(0, shared).every((token, at) => token === found[at])
}

/** Something new in the target stands in for something that could only be approximated. */
export function explanationOf(difference: Difference, losses: readonly Loss[]): Loss | undefined {
  const told = losses.find(({ path }) => covers(path, difference.path))
  if (told !== undefined || difference.kind !== 'added') return told
  return losses.find(({ action }) => action === 'approximated')
}

function tokensOf(path: string): readonly string[] {
  const tokens = path.replace(/^candidates\[0\]\./, '').match(/[^.[\]]+/g) ?? []
  // A file's name, in another format's words.
  return tokens.map(token => (token === 'title' ? 'filename' : token))
}

/** JSON text without what JSON does not mean: spaces and the order of keys. Anything else as it is. */
export function sameJson(text: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(text)))
  } catch {
    return text
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
