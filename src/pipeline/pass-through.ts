/**
 * A stream that goes to the client byte for byte, watched by the format's observer. What goes out is always whole
 * frames: half of one is of no use to anybody, and nothing of ours could be put behind it.
 */
import type { FrameSign, StreamObserver } from '../formats/wire-format.ts'
import { type Flow, mapFlow, type Stage } from '../stream/flow.ts'
import { GrowingBuffer } from '../stream/growing-buffer.ts'
import type { SseFrame } from '../stream/sse.ts'
import { transportError } from '../upstream/failure.ts'
import { FrameReader } from '../upstream/frame-reader.ts'
import { formatOf } from './exchange.ts'
import { metered } from './meter.ts'
import type { OriginBody } from './origin.ts'
import type { EngineReply } from './reply.ts'

type StreamBody = Extract<OriginBody, { kind: 'stream' }>

export function passThrough(reply: EngineReply, { flow, hideUsage }: StreamBody): Flow<Buffer> {
  return metered(mapFlow(flow, new PassThrough(reply, hideUsage)), reply.end.progress)
}

class PassThrough implements Stage<Buffer, Buffer> {
  readonly #reply: EngineReply
  readonly #hideUsage: boolean
  readonly #observer: StreamObserver
  readonly #frames: FrameReader
  /** An unfinished frame. */
  readonly #held = new GrowingBuffer()
  /** Offset in the stream where `#held` begins. */
  #sent = 0
  /** The terminal event, or an error, has passed. */
  #told = false

  constructor(reply: EngineReply, hideUsage: boolean) {
    this.#reply = reply
    this.#hideUsage = hideUsage
    this.#observer = formatOf(reply.exchange.surroundings, reply.format).observeStream()
    this.#frames = new FrameReader(reply.origin.provider)
  }

  /** Runs of plain frames pass in one piece; only the others are cut out and looked at. */
  item(chunk: Buffer): readonly Buffer[] {
    if (!this.#observer.plainUntil) return this.#watched(chunk)
    const text = chunk.toString('latin1')
    const pieces: Buffer[] = []
    let at = 0
    while (at < chunk.length) {
      const end = this.#plainEnd(text, at)
      if (end > at && this.#frames.skip(chunk.subarray(at, end))) {
        pieces.push(chunk.subarray(at, end))
        this.#sent += end - at
        this.#reply.end.progress.count()
        at = end
      } else {
        const next = text.indexOf(FRAME_END, at)
        const until = next < 0 ? chunk.length : next + FRAME_END.length
        pieces.push(...this.#watched(chunk.subarray(at, until)))
        at = until
      }
    }
    return adjoined(pieces, chunk)
  }

  /** Where the last of the plain frames ends that begin at `from`; `from` when there is none. */
  #plainEnd(text: string, from: number): number {
    if (this.#held.length > 0) return from
    const sign = this.#observer.plainUntil?.(text, from) ?? from
    const end = sign === from ? -1 : text.lastIndexOf(FRAME_END, sign - 1)
    return end < from ? from : Math.min(end + FRAME_END.length, text.length)
  }

  #watched(chunk: Buffer): readonly Buffer[] {
    const hidden = this.#read(chunk)
    const { boundary } = this.#frames
    if (boundary === this.#sent) {
      this.#held.append(chunk)
      return []
    }
    const bytes = this.#joined(chunk)
    const length = boundary - this.#sent
    if (length < bytes.length) this.#held.append(bytes.subarray(length))
    const start = this.#sent
    this.#sent = boundary
    const whole = length < bytes.length ? bytes.subarray(0, length) : bytes
    return hidden.length === 0 ? [whole] : without(whole, hidden, start)
  }

  /** @throws UpstreamError when the stream ended too early */
  end(): readonly Buffer[] {
    const last = this.#frames.end()
    const sign = last && this.#see(last)
    this.#reply.end.note(this.#observer.observation)
    if (!this.#told) throw transportError('truncated', this.#reply.origin.provider)
    const isShown = this.#held.length > 0 && !(this.#hideUsage && sign === 'usage')
    return isShown ? [this.#held.take()] : []
  }

  /** A connection that breaks behind the end has broken nothing. */
  fail(): readonly Buffer[] | undefined {
    return this.#told ? [] : undefined
  }

  /** @returns where the frames lie that are not for the client, as offsets in the stream */
  #read(chunk: Buffer): readonly Span[] {
    const hidden: Span[] = []
    let start = this.#sent
    for (const [index, frame] of this.#frames.push(chunk).entries()) {
      const end = this.#frames.frameEnds[index] ?? start
      if (this.#see(frame) === 'usage' && this.#hideUsage) hidden.push([start, end])
      start = end
    }
    return hidden
  }

  #see(frame: SseFrame): FrameSign {
    const sign = this.#observer.frame(frame)
    if (sign !== 'preamble') this.#reply.end.progress.count()
    if (sign === 'terminal' || sign === 'error') {
      if (!this.#told) this.#reply.origin.finishing?.()
      this.#told = true
      this.#reply.end.progress.end()
    }
    if (sign === 'terminal' || sign === 'error' || sign === 'usage') this.#reply.end.note(this.#observer.observation)
    return sign
  }

  #joined(chunk: Buffer): Buffer {
    if (this.#held.length === 0) return chunk
    this.#held.append(chunk)
    return this.#held.take()
  }
}

const FRAME_END = '\n\n'

/** One buffer again where nothing of the chunk was held back or left out. */
function adjoined(pieces: readonly Buffer[], chunk: Buffer): readonly Buffer[] {
  if (pieces.length < 2) return pieces
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  return length === chunk.length && pieces[0]?.byteOffset === chunk.byteOffset ? [chunk] : pieces
}

type Span = readonly [start: number, end: number]

/** The bytes around the spans. @param start the offset in the stream where `bytes` begins */
function without(bytes: Buffer, spans: readonly Span[], start: number): readonly Buffer[] {
  const edges = [0, ...spans.flatMap(([from, to]) => [from - start, to - start]), bytes.length]
  const pieces: Buffer[] = []
  for (let at = 0; at < edges.length; at += 2) pieces.push(bytes.subarray(edges[at], edges[at + 1]))
  return pieces.filter(piece => piece.length > 0)
}
