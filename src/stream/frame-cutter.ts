/**
 * Cuts a byte stream after each blank line, so that every piece holds whole server-sent events and all pieces together
 * are the stream, byte for byte.
 */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const pieces: Buffer[] = []
    let start = 0
    // A piece may have ended in the last chunk: what was looked at already cannot end in the middle, so start over.
    for (let end = blankLineEnd(bytes, start); end > 0; end = blankLineEnd(bytes, start)) {
      pieces.push(bytes.subarray(start, end))
      start = end
    }
    this.#rest = bytes.subarray(start)
    return pieces
  }

  /** The unfinished piece at the end of the stream. */
  rest(): Buffer {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    return rest
  }
}

/** The offset behind the next LF LF, CR LF CR LF or CR CR at or after `start`; -1 where there is none yet. */
function blankLineEnd(bytes: Buffer, start: number): number {
  const ends = ['\n\n', '\r\n\r\n', '\r\r']
    .map(mark => ({ at: bytes.indexOf(mark, start), length: mark.length }))
    .filter(({ at }) => at >= 0)
    .map(({ at, length }) => at + length)
  return ends.length === 0 ? -1 : Math.min(...ends)
}
