/**
 * Server-sent events: bytes → frames → bytes (WHATWG HTML, section 9.2 "Server-sent events").
 */

/** One event: its `event` field, if it had one, and its `data` lines joined with newlines. */
export interface SseFrame {
  readonly event?: string
  readonly data: string
}

/** An unfinished frame grew past the limit. Nothing after it can be read. */
export class SseOverflow extends Error {
  override readonly name = 'SseOverflow'
}

const LF = 10
const CR = 13
const COLON = 58
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
const EMPTY = Buffer.alloc(0)

/**
 * Cuts a byte stream into frames, whatever its slicing: lines may end in LF, CR or CRLF, a character or a line end may
 * be split between chunks, and a byte order mark may stand at the start. Comments and unknown fields are passed over.
 * Invalid UTF-8 becomes U+FFFD.
 */
export class SseParser {
  readonly #limit: number
  /** Bytes of a line whose end has not come yet. */
  #rest: Buffer = EMPTY
  #started = false
  /** The last chunk ended in CR: a LF at the start of the next one belongs to it. */
  #afterCr = false
  #event: string | undefined
  #data: string | undefined
  #frameBytes = 0

  /** @param limit bytes that one frame may have */
  constructor(limit = 16 * 1024 * 1024) {
    this.#limit = limit
  }

  /** True between frames: nothing of an unfinished one has come. */
  get atBoundary(): boolean {
    return this.#rest.length === 0 && this.#event === undefined && this.#data === undefined
  }

  /** @throws SseOverflow when a frame is over the limit */
  push(chunk: Buffer): SseFrame[] {
    const frames: SseFrame[] = []
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    // Fewer than three bytes may still be the beginning of a byte order mark.
    if (!this.#started) {
      if (bytes.length < BOM.length && BOM.subarray(0, bytes.length).equals(bytes)) {
        this.#rest = bytes
        return frames
      }
      if (bytes.subarray(0, BOM.length).equals(BOM)) bytes = bytes.subarray(BOM.length)
      this.#started = true
    }
    this.#rest = this.#lines(bytes, frames)
    if (this.#frameBytes + this.#rest.length > this.#limit)
      throw new SseOverflow(`a frame is over ${this.#limit} bytes`)
    return frames
  }

  /** The stream has ended. The specification drops an unterminated frame; so does this, and returns it to look at. */
  end(): SseFrame | undefined {
    if (this.#rest.length > 0) this.#line(this.#rest)
    this.#rest = EMPTY
    return this.#take()
  }

  /** Reads the whole lines of `bytes`; returns what is left of the last one. */
  #lines(bytes: Buffer, frames: SseFrame[]): Buffer {
    let start = 0
    if (this.#afterCr && bytes.length > 0) {
      if (bytes[0] === LF) start = 1
      this.#afterCr = false
    }
    let lf = bytes.indexOf(LF, start)
    let cr = bytes.indexOf(CR, start)
    while (lf >= 0 || cr >= 0) {
      const end = cr < 0 || (lf >= 0 && lf < cr) ? lf : cr
      let next = end + 1
      if (end === cr) {
        if (next === bytes.length) this.#afterCr = true
        else if (bytes[next] === LF) next++
      }
      if (end === start) {
        const frame = this.#take()
        if (frame) frames.push(frame)
      } else {
        this.#line(bytes.subarray(start, end))
      }
      start = next
      if (lf >= 0 && lf < start) lf = bytes.indexOf(LF, start)
      if (cr >= 0 && cr < start) cr = bytes.indexOf(CR, start)
    }
    return start === bytes.length ? EMPTY : bytes.subarray(start)
  }

  #line(line: Buffer): void {
    this.#frameBytes += line.length
    if (this.#frameBytes > this.#limit) throw new SseOverflow(`a frame is over ${this.#limit} bytes`)
    if (line[0] === COLON) return
    const text = line.toString('utf8')
    const colon = text.indexOf(':')
    const field = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    else if (field === 'event') this.#event = value
  }

  #take(): SseFrame | undefined {
    const event = this.#event
    const data = this.#data
    this.#event = undefined
    this.#data = undefined
    this.#frameBytes = 0
    if (data === undefined) return undefined
    return event === undefined ? { data } : { event, data }
  }
}

/**
 * Writes one frame. `data` is JSON text, which cannot hold a raw line end; text of another kind has its line ends
 * carried over as several `data` lines, so that no value can forge a field.
 */
export function sseFrame(data: string, event?: string): string {
  const lines = /[\r\n]/.test(data) ? data.replace(/\r\n|\r|\n/g, '\ndata: ') : data
  return event === undefined ? `data: ${lines}\n\n` : `event: ${event}\ndata: ${lines}\n\n`
}
