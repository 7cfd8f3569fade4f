/**
 * The lines between the chunks of a body (RFC 9112, section 7.1), as far as they are plain. The functions take the offset
 * where a line begins and return the one behind its end, or one of these.
 */
export const INCOMPLETE = -1
export const OTHER = -2

const CR = 13
const LF = 10

/** Digits of the largest size that is plain: 256 MB. */
const MOST_DIGITS = 7

/** The line that says how long a chunk is. The last chunk's is none of the plain ones, for trailers may follow it. */
export function sizeLine(bytes: Buffer, from: number): number {
  let at = from
  while (isHex(bytes[at])) at++
  if (at - from > MOST_DIGITS) return OTHER
  if (at === bytes.length) return INCOMPLETE
  return at === from || chunkSize(bytes, from, at) === 0 ? OTHER : lineEnd(bytes, at)
}

/** The end of a line, or of the data of a chunk. */
export function lineEnd(bytes: Buffer, at: number): number {
  if (bytes[at] !== CR) return OTHER
  if (at + 1 === bytes.length) return INCOMPLETE
  return bytes[at + 1] === LF ? at + 2 : OTHER
}

/** What a size line says, up to the end of its digits or of the whole line. */
export function chunkSize(bytes: Buffer, from: number, end: number): number {
  let size = 0
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === CR) break
    size = size * 16 + (byte < 0x3a ? byte - 0x30 : (byte | 0x20) - 0x57)
  }
  return size
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false
  const letter = byte | 0x20
  return (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66)
}
