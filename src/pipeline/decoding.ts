/** Bytes of a stream → events. */
import type { ReplyEvent } from '../contract.ts'
import type { StreamEvent } from '../formats/text-run.ts'
import type { StreamDecoder } from '../formats/wire-format.ts'
import type { Stage } from '../stream/flow.ts'
import { FrameRuns, type FrameTaker } from '../stream/frame-runs.ts'
import { Midway } from '../stream/midway.ts'
import type { SseFrame } from '../stream/sse.ts'
import { FrameReader } from '../upstream/frame-reader.ts'
import { type Exchange, formatOf } from './exchange.ts'
import type { Origin } from './origin.ts'

/** What one chunk of a stream says. */
export type Batch = readonly StreamEvent[]

/** Chunks → what they say. What comes after the terminal event is not looked at. */
export function decoding(
  exchange: Exchange,
  origin: Pick<Origin, 'format' | 'provider' | 'finishing' | 'scrub'>,
): Stage<Buffer, Batch> {
  return new Decoding(formatOf(exchange.surroundings, origin.format).decodeStream(), origin)
}

class Decoding implements Stage<Buffer, Batch>, FrameTaker {
  readonly #decoder: StreamDecoder
  readonly #origin: Pick<Origin, 'provider' | 'finishing' | 'scrub'>
  readonly #frames: FrameReader
  readonly #runs: FrameRuns
  #events: StreamEvent[] = []
  #over = false

  constructor(decoder: StreamDecoder, origin: Pick<Origin, 'provider' | 'finishing' | 'scrub'>) {
    this.#decoder = decoder
    this.#origin = origin
    this.#frames = new FrameReader(origin.provider)
    this.#runs = new FrameRuns(this.#frames, this)
  }

  item(chunk: Buffer): readonly Batch[] {
    if (this.#over) return []
    try {
      this.#runs.push(chunk)
    } catch (thrown) {
      if (!this.#over) throw new Midway(this.#batch(), thrown)
    }
    return this.#batch()
  }

  end(): readonly Batch[] {
    if (this.#over) return []
    const last = this.#frames.end()
    if (last) this.frame(last)
    if (!this.#over) this.#add(this.#decoder.end())
    return this.#batch()
  }

  /** A connection that breaks behind the end has broken nothing. */
  fail(): readonly Batch[] | undefined {
    return this.#over ? [] : undefined
  }

  frame(frame: SseFrame): void {
    if (!this.#over) this.#add(this.#decoder.frame(frame))
  }

  run(text: string, from: number): number {
    return this.#over ? text.length : (this.#decoder.run?.(text, from, this.#events) ?? from)
  }

  #add(events: readonly ReplyEvent[]): void {
    for (const event of events) this.#events.push(event.type === 'error' ? this.#scrubbed(event) : event)
    const last = events.at(-1)?.type
    if (last !== 'end' && last !== 'error') return
    this.#over = true
    this.#origin.finishing?.()
  }

  #batch(): readonly Batch[] {
    const events = this.#events
    this.#events = []
    return events.length === 0 ? [] : [events]
  }

  #scrubbed(event: Extract<ReplyEvent, { type: 'error' }>): ReplyEvent {
    const { scrub } = this.#origin
    if (!scrub) return event
    const { message, details } = event.error
    return { ...event, error: { ...event.error, message: scrub(message), ...(details && { details: scrub(details) }) } }
  }
}
