import { frameOf, type SseFrame } from './sse.ts'

/** What cuts frames out of bytes: an `SseParser`, or something in front of one. */
export interface FrameSource {
  push(chunk: Buffer): readonly SseFrame[]
  skip(chunk: Buffer): boolean
}

export interface FrameTaker {
  frame(frame: SseFrame): void
  /**
   * Reads whole frames by itself, as many as it likes.
   * @param text of the stream: lines that end in LF
   * @param from where a frame begins
   * @returns where it stopped: `from` if it read none, else behind a frame
   */
  run(text: string, from: number): number
}

const CR = 13
const FRAME_END = '\n\n'
/** A frame of any length that fits into one chunk of the network; what is longer goes the long way. */
const MOST_AT_ONCE = 1024 * 1024

/**
 * Hands the frames of a stream on, one by one. Nearly all chunks are whole frames with lines that end in LF: they are
 * read as one text, of which the taker may read longer pieces itself. Everything else is cut out of the bytes.
 */
export class FrameRuns {
  readonly #frames: FrameSource
  readonly #taker: FrameTaker

  constructor(frames: FrameSource, taker: FrameTaker) {
    this.#frames = frames
    this.#taker = taker
  }

  push(chunk: Buffer): void {
    const isPlain = chunk.length <= MOST_AT_ONCE && !chunk.includes(CR)
    if (isPlain && this.#frames.skip(chunk)) this.#text(chunk.toString('utf8'))
    else this.#pushInParts(chunk, isPlain)
  }

  /** A chunk that begins or ends in the middle of a frame, or has lines that end in CR: the whole frames in it as text. */
  #pushInParts(chunk: Buffer, isPlain: boolean): void {
    const wholeUntil = isPlain ? behind(chunk.lastIndexOf(FRAME_END)) : 0
    for (let at = 0; at < chunk.length; ) {
      if (at < wholeUntil && this.#frames.skip(chunk.subarray(at, wholeUntil))) {
        this.#text(chunk.toString('utf8', at, wholeUntil))
        at = wholeUntil
      } else {
        // As far as the frame goes that an earlier chunk began: those behind it may be whole.
        const next = at < wholeUntil ? behind(chunk.indexOf(FRAME_END, at)) : 0
        const until = next === 0 ? chunk.length : next
        for (const frame of this.#frames.push(chunk.subarray(at, until))) this.#taker.frame(frame)
        at = until
      }
    }
  }

  #text(text: string): void {
    for (let at = 0; at < text.length; ) {
      const read = this.#taker.run(text, at)
      if (read > at) {
        at = read
      } else {
        const end = text.indexOf(FRAME_END, at)
        // One more empty line behind the last frame.
        if (end < 0) return
        const frame = frameOf(text.slice(at, end))
        if (frame) this.#taker.frame(frame)
        at = behind(end)
      }
    }
  }
}

/** The offset behind an end of a frame that was looked for; 0 when there is none. */
function behind(end: number): number {
  return end < 0 ? 0 : end + FRAME_END.length
}
