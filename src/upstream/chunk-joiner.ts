import type { Duplex } from 'node:stream'
import { chunkSize, INCOMPLETE, lineEnd, OTHER, sizeLine } from './chunk-line.ts'

/** What is read next of a connection. */
type Part = 'head' | 'chunks' | 'other'

const HEAD_END = '\r\n\r\n'
const LINE_END = Buffer.from('\r\n')

/**
 * Joins the HTTP chunks that come in one read into one, before undici's parser sees them. A provider sends each event of a
 * stream as a chunk of its own, and each costs undici a call out of its parser, an object and a copy.
 *
 * The parser stays the judge: whatever is not a plain chunk passes as it came, and so does all that follows it.
 */
export class ChunkJoiner {
  readonly #receive: () => Buffer | null
  readonly #return: (bytes: Buffer) => void
  #part: Part = 'other'
  /** To be read next, as it is. */
  readonly #ready: Buffer[] = []
  /** What came in one read with something else, and nobody has looked at. */
  #behind: Buffer | undefined
  /** Bytes that the parser gave back. They were joined already. */
  #returned = 0
  /** Bytes of the present chunk that have not come. */
  #left = 0
  /** All of it has come, but for the line end that closes it. */
  #isOpen = false
  /** A piece of a line of framing. */
  #line: Buffer | undefined

  /** From now on, whoever reads the connection reads what was joined. */
  static on(connection: Duplex): ChunkJoiner {
    const read: (size?: number) => Buffer | null = connection.read.bind(connection)
    const joiner = new ChunkJoiner(read, connection.unshift.bind(connection))
    // With a size it is Node's own, which only has the connection go on.
    connection.read = size => (size === undefined ? joiner.read() : read(size))
    connection.unshift = bytes => joiner.putBack(bytes)
    return joiner
  }

  private constructor(receive: () => Buffer | null, giveBack: (bytes: Buffer) => void) {
    this.#receive = receive
    this.#return = giveBack
  }

  /** A request was sent: the next byte is the first of its answer. */
  expectHead(): void {
    this.#part = 'head'
  }

  /** The parser has read a head: what follows is the body. */
  expectBody(isChunked: boolean): void {
    // A head that came in pieces: its last one went with what came behind it.
    if (this.#part !== 'head') return
    this.#part = isChunked ? 'chunks' : 'other'
    this.#left = 0
    this.#isOpen = false
    this.#line = undefined
  }

  read(): Buffer | null {
    for (;;) {
      const ready = this.#ready.shift()
      if (ready) return ready
      const bytes = this.#behind ?? this.#receive()
      this.#behind = undefined
      if (bytes === null) return null
      if (this.#returned > 0) return this.#again(bytes)
      if (this.#part === 'other') return bytes
      if (this.#part === 'head') return this.#head(bytes)
      this.#join(this.#line ? Buffer.concat([this.#line, bytes]) : bytes)
    }
  }

  /**
   * The parser pauses. What it has not read waits in the connection, as it would without us: a connection that holds
   * bytes has not ended.
   */
  putBack(bytes: Buffer): void {
    const joined = Buffer.concat([bytes, ...this.#ready.splice(0)])
    this.#returned = joined.length
    this.#return(this.#behind ? Buffer.concat([joined, this.#behind]) : joined)
    this.#behind = undefined
  }

  #again(bytes: Buffer): Buffer {
    const returned = bytes.subarray(0, this.#returned)
    if (returned.length < bytes.length) this.#behind = bytes.subarray(returned.length)
    this.#returned -= returned.length
    return returned
  }

  /** A head goes alone, so that it is known what follows it before that is read. */
  #head(bytes: Buffer): Buffer {
    const end = bytes.indexOf(HEAD_END) + HEAD_END.length
    if (end < HEAD_END.length) this.#part = 'other'
    if (end < HEAD_END.length || end === bytes.length) return bytes
    this.#behind = bytes.subarray(end)
    return bytes.subarray(0, end)
  }

  /** Moves the data of all chunks to behind that of the first, which gets a line of framing for all of them. */
  #join(bytes: Buffer): void {
    const isBegun = this.#left > 0 || this.#isOpen
    this.#line = undefined
    let pieces = 0
    let start = 0
    let end = 0
    let at = 0
    while (at < bytes.length) {
      if (this.#left > 0) {
        const until = Math.min(at + this.#left, bytes.length)
        if (pieces++ === 0) start = end = at
        if (end < at) bytes.copyWithin(end, at, until)
        end += until - at
        this.#left -= until - at
        this.#isOpen = this.#left === 0
        at = until
      } else {
        const next = this.#framing(bytes, at, pieces)
        if (next < 0) break
        at = next
      }
    }
    if (pieces === 1 && !isBegun && at === bytes.length && this.#left === 0 && !this.#isOpen) this.#ready.push(bytes)
    else if (pieces > 0) this.#give(bytes, start, end, at)
    if (this.#part === 'other') this.#ready.push(bytes.subarray(at))
  }

  /** @returns the offset behind a line of framing; negative when it is not plain, or has not come whole */
  #framing(bytes: Buffer, at: number, pieces: number): number {
    const next = this.#isOpen ? lineEnd(bytes, at) : sizeLine(bytes, at)
    if (next === OTHER) this.#part = 'other'
    else if (next === INCOMPLETE) this.#line = bytes.subarray(at)
    else if (this.#isOpen) {
      // The data was given before.
      if (pieces === 0) this.#ready.push(LINE_END)
      this.#isOpen = false
    } else this.#left = chunkSize(bytes, at, next)
    return next
  }

  /** One chunk of the data from `start` to `end`. What stood between `end` and `at` is not needed any more. */
  #give(bytes: Buffer, start: number, end: number, at: number): void {
    this.#ready.push(Buffer.from(`${(end - start).toString(16)}\r\n`, 'latin1'))
    if (this.#isOpen) this.#ready.push(bytes.subarray(start, end))
    else if (end + LINE_END.length <= at) {
      LINE_END.copy(bytes, end)
      this.#ready.push(bytes.subarray(start, end + LINE_END.length))
    } else this.#ready.push(bytes.subarray(start, end), LINE_END)
  }
}
