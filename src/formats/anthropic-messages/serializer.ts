import type { PartStartEvent, ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import type { PartWriter } from './block-frames.ts'

type PartEvent = Extract<ReplyEvent, { index: number }>

/**
 * Parts may interleave in the canonical view; here one block is open at a time. The part that began first goes out live,
 * the others wait, in the order of their beginning (conversion.md B.2, E181).
 */
export class Serializer {
  readonly #writerOf: (start: PartStartEvent) => PartWriter
  #live: PartWriter | undefined
  #liveIndex = -1
  readonly #waiting = new Map<number, PartEvent[]>()

  constructor(writerOf: (start: PartStartEvent) => PartWriter) {
    this.#writerOf = writerOf
  }

  start(event: PartStartEvent): string {
    if (this.#live === undefined) return this.#goLive(event)
    if (event.index !== this.#liveIndex) this.#waiting.set(event.index, [event])
    return ''
  }

  /** Deltas and ends; those of parts that never began are passed over. */
  event(event: PartEvent): string {
    if (this.#live === undefined || event.index !== this.#liveIndex) {
      this.#waiting.get(event.index)?.push(event)
      return ''
    }
    return event.type === 'part-end' ? this.#close() + this.#next() : this.#live.delta(event)
  }

  /** See `StreamEncoder.run`. */
  run(run: TextRun): string | undefined {
    return run.index === this.#liveIndex ? this.#live?.run?.(run) : undefined
  }

  /** Closes what is open and lets out what waits. */
  finish(): string {
    let frames = ''
    while (this.#live !== undefined) frames += this.#close() + this.#next()
    return frames
  }

  #goLive(event: PartStartEvent): string {
    this.#live = this.#writerOf(event)
    this.#liveIndex = event.index
    return this.#live.start()
  }

  #close(): string {
    const closed = this.#live?.close() ?? ''
    this.#live = undefined
    return closed
  }

  /** Lets out waiting parts, up to the first that has not ended yet: that one is live now. */
  #next(): string {
    let frames = ''
    for (const [index, events] of this.#waiting) {
      this.#waiting.delete(index)
      for (const event of events) {
        if (event.type === 'part-start') frames += this.#goLive(event)
        else if (event.type === 'part-end') frames += this.#close()
        else frames += this.#live?.delta(event) ?? ''
      }
      if (this.#live !== undefined) break
    }
    return frames
  }
}
