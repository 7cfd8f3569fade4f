import type { StreamObserver } from '../formats/wire-format.ts'
import { FramePattern } from '../stream/frame-pattern.ts'

const FRAME_END = '\n\n'

/** How many patterns a stream may need; one that has a new kind of frame each time is searched instead. */
const LESSONS = 16

/** Bytes that are searched at a time. */
const WINDOW = 8 * 1024

/** Finds runs of frames that nobody has to look at: those that the observer calls plain, and those like them. */
export class PlainRuns {
  readonly #observer: StreamObserver
  #pattern: FramePattern | undefined
  #lessons = LESSONS

  constructor(observer: StreamObserver) {
    this.#observer = observer
  }

  /** @returns where the last of the plain frames ends that begin at `from`; `from` when there is none */
  end(chunk: Buffer, from: number): number {
    let at = this.#pattern?.end(chunk, from) ?? from
    while (at < chunk.length) {
      const next = this.#lessons > 0 ? this.#learn(chunk, at) : this.#search(chunk, at)
      if (next === at) break
      at = this.#pattern?.end(chunk, next) ?? next
    }
    return at
  }

  /** An error has passed: from now on nothing is plain. */
  stop(): void {
    this.#pattern = undefined
  }

  /** Those that follow are likely to be like the first. */
  #learn(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(FRAME_END, from) + FRAME_END.length
    if (end < FRAME_END.length || this.#plainUntil(chunk, from, end) < end) return from
    this.#lessons--
    this.#pattern = new FramePattern(chunk.subarray(from, end))
    return end
  }

  #search(chunk: Buffer, from: number): number {
    const last = chunk.indexOf(FRAME_END, from + WINDOW)
    const sign = this.#plainUntil(chunk, from, last < 0 ? chunk.length : last + FRAME_END.length)
    const end = sign === from ? -1 : chunk.lastIndexOf(FRAME_END, sign - 1)
    return end < from ? from : Math.min(end + FRAME_END.length, chunk.length)
  }

  #plainUntil(chunk: Buffer, from: number, until: number): number {
    return from + (this.#observer.plainUntil?.(chunk.toString('latin1', from, until), 0) ?? 0)
  }
}
