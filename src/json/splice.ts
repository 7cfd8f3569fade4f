/**
 * Changes a few bytes of a body and leaves all others as they came. Prompt caches upstream compare bytes, so a request
 * of which only the model changed must not be written anew.
 */
import type { TopLevel } from './top-level.ts'

/** Puts `text` in the place of the bytes from `start` up to, not including, `end`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * Applies the edits, given in any order; insertions at one place keep theirs. One allocation.
 *
 * @throws RangeError when edits overlap or lie outside of the bytes
 */
export function splice(bytes: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return bytes
  const sorted = edits.toSorted((a, b) => a.start - b.start)
  const result = Buffer.allocUnsafe(lengthAfter(bytes, sorted))
  let from = 0
  let to = 0
  for (const { start, end, text } of sorted) {
    to += bytes.copy(result, to, from, start)
    to += result.write(text, to, 'utf8')
    from = end
  }
  bytes.copy(result, to, from)
  return result
}

/** Bytes up to which a view is copied: a write of its own for each of them would cost more. */
const SMALL = 4096

/** What `splice` returns, without a copy of anything large: pieces, to be sent one after the other. */
export function splicedPieces(bytes: Buffer, edits: readonly Edit[]): readonly Buffer[] {
  const sorted = edits.toSorted((a, b) => a.start - b.start)
  lengthAfter(bytes, sorted)
  const pieces: Buffer[] = []
  let small: Buffer[] = []
  const flush = (): void => {
    if (small.length > 0) pieces.push(Buffer.concat(small))
    small = []
  }
  const add = (piece: Buffer): void => {
    if (piece.length > SMALL) {
      flush()
      pieces.push(piece)
    } else if (piece.length > 0) small.push(piece)
  }
  let from = 0
  for (const { start, end, text } of sorted) {
    add(bytes.subarray(from, start))
    add(Buffer.from(text))
    from = end
  }
  add(bytes.subarray(from))
  flush()
  return pieces
}

function lengthAfter(bytes: Buffer, sorted: readonly Edit[]): number {
  let length = bytes.length
  let from = 0
  for (const { start, end, text } of sorted) {
    if (!(start >= from && end >= start && end <= bytes.length)) {
      throw new RangeError(`edit ${start}..${end} overlaps another or lies outside of ${bytes.length} bytes`)
    }
    length += Buffer.byteLength(text) - (end - start)
    from = end
  }
  return length
}

/**
 * Gives one top-level key a value: in the place of the old one, or appended as the last member. A key that stands there
 * several times gets the value everywhere, so that it does not matter which one the reader believes.
 *
 * @param top what `scanTopLevel` found in these bytes
 * @param jsonText the new value as JSON text
 */
export function setTopLevel(bytes: Buffer, top: TopLevel, key: string, jsonText: string): Buffer {
  return setTopLevelAll(bytes, top, new Map([[key, jsonText]]))
}

/** `setTopLevel` for several keys at once, with one copy of the bytes. */
export function setTopLevelAll(bytes: Buffer, top: TopLevel, values: ReadonlyMap<string, string>): Buffer {
  return splice(bytes, topLevelEdits(top, values))
}

/** The edits that `setTopLevelAll` makes. */
export function topLevelEdits(top: TopLevel, values: ReadonlyMap<string, string>): readonly Edit[] {
  const edits: Edit[] = []
  const last = top.members.at(-1)
  const tail = last === undefined ? top.close : last.end
  let comma = last === undefined ? '' : ','
  for (const [key, text] of values) {
    if (top.byKey.has(key)) {
      for (const member of top.members)
        if (member.key === key) edits.push({ start: member.valueStart, end: member.end, text })
      continue
    }
    edits.push({ start: tail, end: tail, text: `${comma}${JSON.stringify(key)}:${text}` })
    comma = ','
  }
  return edits
}

/** Takes a top-level key out, with one of the commas beside it; the same bytes where it does not stand there. */
export function removeTopLevel(bytes: Buffer, { members }: TopLevel, key: string): Buffer {
  const edits = members.flatMap((member, index): readonly Edit[] => {
    if (member.key !== key) return []
    const isKept = members.slice(0, index).some(before => before.key !== key)
    const start = isKept ? (members[index - 1]?.end ?? member.start) : member.start
    const end = isKept ? member.end : (members[index + 1]?.start ?? member.end)
    return [{ start, end, text: '' }]
  })
  return splice(bytes, edits)
}
