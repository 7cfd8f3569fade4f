/**
 * Server-sent events: bytes → frames → bytes (WHATWG HTML, section 9.2 "Server-sent events").
 */
import { isAscii } from 'node:buffer'
import { GrowingBuffer } from './growing-buffer.ts'

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
const SPACE = 32
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
const DATA = Buffer.from('data')
const EVENT = Buffer.from('event')

/**
 * Cuts a byte stream into frames, whatever its slicing: lines may end in LF, CR or CRLF, a character or a line end may
 * be split between chunks, and a byte order mark may stand at the start. Comments and unknown fields are passed over.
 * Invalid UTF-8 becomes U+FFFD. The work is linear in the bytes, also for a long frame in small chunks.
 */
export class SseParser {
  readonly #limit: number
  /** Bytes of a line whose end has not come yet. */
  readonly #rest = new GrowingBuffer()
  #started = false
  /** The last chunk ended in CR: a LF at the start of the next one belongs to it. */
  #afterCr = false
  #event: string | undefined
  #data: string | undefined
  #frameBytes = 0
  /** Bytes of the stream that came before the ones that are being read. */
  #base = 0
  #read = 0
  #boundary = 0
  #frameEnds: number[] = []

  /** @param limit bytes that one frame may have */
  constructor(limit = 16 * 1024 * 1024) {
    this.#limit = limit
  }

  /** Offset in the stream behind which nothing but an unfinished frame has come: whatever is put there harms none. */
  get boundary(): number {
    return this.#boundary
  }

  /** Offsets in the stream behind each of the frames that the last `push` returned. */
  get frameEnds(): readonly number[] {
    return this.#frameEnds
  }

  /** @throws SseOverflow when a frame is over the limit */
  push(chunk: Buffer): SseFrame[] {
    const frames: SseFrame[] = []
    this.#frameEnds = []
    this.#read += chunk.length
    const bytes = this.#started ? chunk : this.#withoutBom(chunk)
    if (bytes === undefined || bytes.length === 0) return frames
    this.#base = this.#read - bytes.length
    if (!this.#wholeFrames(bytes, frames)) this.#lines(bytes, frames)
    return frames
  }

  /**
   * Nearly all chunks: whole frames of nothing but ASCII, with lines that end in LF. They are read as one text, which
   * costs half as much as reading each line as a piece of bytes.
   * @returns false, with nothing done, where the chunk is another one
   */
  #wholeFrames(bytes: Buffer, frames: SseFrame[]): boolean {
    const { length } = bytes
    const isBetween = !this.#afterCr && this.#boundary === this.#base && length <= this.#limit
    if (!isBetween || bytes[length - 1] !== LF || bytes[length - 2] !== LF || !isAscii(bytes)) return false
    const text = bytes.toString('latin1')
    if (text.includes('\r')) return false
    for (let start = 0, end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n', start)) {
      const frame = frameOf(text.slice(start, end))
      start = end + 2
      if (!frame) continue
      frames.push(frame)
      this.#frameEnds.push(this.#base + start)
    }
    this.#boundary = this.#read
    return true
  }

  /**
   * Passes over bytes that hold whole frames and begin and end between two of them.
   * @returns whether they could be passed over; if not, they have to be pushed
   */
  skip(chunk: Buffer): boolean {
    const { length } = chunk
    const isBetween = this.#started && !this.#afterCr && this.#boundary === this.#read
    if (!isBetween || length < 2 || chunk[length - 1] !== LF || chunk[length - 2] !== LF) return false
    this.#read += length
    this.#boundary = this.#read
    this.#frameEnds = []
    return true
  }

  /** The stream has ended. The specification drops an unterminated frame; so does this, and returns it to look at. */
  end(): SseFrame | undefined {
    if (this.#rest.length > 0) {
      const line = this.#rest.take()
      this.#line(line, 0, line.length)
    }
    return this.#take()
  }

  /** The bytes from the start of the stream; `undefined` while they may still be part of a byte order mark. */
  #withoutBom(chunk: Buffer): Buffer | undefined {
    const bytes = this.#joined(chunk)
    if (bytes.length < BOM.length && BOM.subarray(0, bytes.length).equals(bytes)) {
      this.#rest.append(bytes)
      return undefined
    }
    this.#started = true
    return bytes.subarray(0, BOM.length).equals(BOM) ? bytes.subarray(BOM.length) : bytes
  }

  #lines(bytes: Buffer, frames: SseFrame[]): void {
    let start = this.#afterCr && bytes[0] === LF ? 1 : 0
    this.#afterCr = false
    let lf = bytes.indexOf(LF, start)
    let cr = bytes.indexOf(CR, start)
    while (lf >= 0 || cr >= 0) {
      const end = cr < 0 || (lf >= 0 && lf < cr) ? lf : cr
      this.#lineEnd(bytes, start, end, frames)
      start = end + 1
      if (end === cr) {
        if (start === bytes.length) this.#afterCr = true
        else if (bytes[start] === LF) start++
      }
      this.#mark(this.#base + start, frames.length)
      if (lf >= 0 && lf < start) lf = bytes.indexOf(LF, start)
      if (cr >= 0 && cr < start) cr = bytes.indexOf(CR, start)
    }
    this.#check(this.#rest.length + bytes.length - start)
    if (start < bytes.length) this.#rest.append(bytes.subarray(start))
  }

  /** A line ended at `end`; its beginning may be waiting from earlier chunks. */
  #lineEnd(bytes: Buffer, start: number, end: number, frames: SseFrame[]): void {
    if (this.#rest.length > 0) {
      const line = this.#joined(bytes.subarray(start, end))
      this.#line(line, 0, line.length)
    } else if (end > start) {
      this.#line(bytes, start, end)
    } else {
      const frame = this.#take()
      if (frame) frames.push(frame)
    }
  }

  /** A line has ended at this offset. */
  #mark(offset: number, frames: number): void {
    if (frames > this.#frameEnds.length) this.#frameEnds.push(offset)
    if (this.#event === undefined && this.#data === undefined) this.#boundary = offset
  }

  #joined(bytes: Buffer): Buffer {
    if (this.#rest.length === 0) return bytes
    this.#rest.append(bytes)
    return this.#rest.take()
  }

  #line(bytes: Buffer, start: number, end: number): void {
    if (isField(bytes, start, end, DATA)) {
      const value = this.#value(bytes, start + DATA.length, end)
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    } else if (isField(bytes, start, end, EVENT)) {
      this.#event = this.#value(bytes, start + EVENT.length, end)
    }
  }

  /** The value of a field whose name ends at `colon`, less one space after the colon. */
  #value(bytes: Buffer, colon: number, end: number): string {
    this.#check(end - colon)
    this.#frameBytes += end - colon
    return bytes.toString('utf8', bytes[colon + 1] === SPACE ? colon + 2 : colon + 1, end)
  }

  #check(more: number): void {
    if (this.#frameBytes + more > this.#limit) throw new SseOverflow(`a frame is over ${this.#limit} bytes`)
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

/** Reads one frame. @param lines its lines, separated by LF, and no line end of another kind */
export function frameOf(lines: string): SseFrame | undefined {
  let event: string | undefined
  let data: string | undefined
  for (let start = 0; start < lines.length; ) {
    const next = lines.indexOf('\n', start)
    const end = next < 0 ? lines.length : next
    if (isTextField(lines, start, end, 'data')) {
      const value = textValue(lines, start + DATA.length, end)
      data = data === undefined ? value : `${data}\n${value}`
    } else if (isTextField(lines, start, end, 'event')) {
      event = textValue(lines, start + EVENT.length, end)
    }
    start = end + 1
  }
  if (data === undefined) return undefined
  return event === undefined ? { data } : { event, data }
}

/** Whether the line is this field, with a value or without one. */
function isField(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  const colon = start + name.length
  if (colon > end || (colon < end && bytes[colon] !== COLON)) return false
  for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name[at]) return false
  return true
}

function isTextField(text: string, start: number, end: number, name: string): boolean {
  const colon = start + name.length
  return text.startsWith(name, start) && (colon === end || (colon < end && text.charCodeAt(colon) === COLON))
}

function textValue(text: string, colon: number, end: number): string {
  return text.slice(text.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1, end)
}

/**
 * Writes one frame. `data` is JSON text, which cannot hold a raw line end; text of another kind has its line ends
 * carried over as several `data` lines, so that no value can forge a field.
 */
export function sseFrame(data: string, event?: string): string {
  const lines = /[\r\n]/.test(data) ? data.replace(/\r\n|\r|\n/g, '\ndata: ') : data
  return event === undefined ? `data: ${lines}\n\n` : `event: ${event}\ndata: ${lines}\n\n`
}
