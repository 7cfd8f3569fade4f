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
import { PlainRuns } from './plain-runs.ts'
import type { EngineReply } from './reply.ts'

type StreamBody = Extract<OriginBody, { kind: 'stream' }>

export function passThrough(reply: EngineReply, body: StreamBody): Flow<Buffer> {
  return metered(mapFlow(body.flow, new PassThrough(reply, body)), reply.end.progress)
}

class PassThrough implements Stage<Buffer, Buffer> {
  readonly #reply: EngineReply
  readonly #hideUsage: boolean
  readonly #observer: StreamObserver
  readonly #plain: PlainRuns | undefined
  readonly #frames: FrameReader
  /** An unfinished frame. */
  readonly #held = new GrowingBuffer()
  /** Offset in the stream where `#held` begins. */
  #sent = 0
  /** Bytes that are still to come of those that were looked at before. */
  #seen: number
  /** The terminal event, or an error, has passed. */
  #told = false

  constructor(reply: EngineReply, { hideUsage, seen }: StreamBody) {
    this.#reply = reply
    this.#hideUsage = hideUsage
    this.#observer = seen?.observer ?? formatOf(reply.exchange.surroundings, reply.format).observeStream()
    this.#seen = seen?.bytes ?? 0
    this.#plain = this.#observer.plainUntil && new PlainRuns(this.#observer)
    this.#frames = seen?.frames ?? new FrameReader(reply.origin.provider)
  }

  item(chunk: Buffer): readonly Buffer[] {
    if (this.#seen === 0) return this.#passed(chunk)
    const length = Math.min(this.#seen, chunk.length)
    this.#seen -= length
    this.#sent += length
    // Its last frame has content.
    if (this.#seen === 0) this.#reply.end.progress.count()
    if (length === chunk.length) return [chunk]
    return adjoined([chunk.subarray(0, length), ...this.#passed(chunk.subarray(length))], chunk)
  }

  /** Runs of plain frames pass in one piece; only the others are cut out and looked at. */
  #passed(chunk: Buffer): readonly Buffer[] {
    if (!this.#plain) return this.#watched(chunk)
    const pieces: Buffer[] = []
    let at = 0
    while (at < chunk.length) {
      const end = this.#held.length > 0 ? at : this.#plain.end(chunk, at)
      const run = at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end)
      if (end > at && this.#frames.skip(run)) {
        pieces.push(run)
        this.#sent += end - at
        this.#reply.end.progress.count()
        at = end
      } else {
        const next = chunk.indexOf(FRAME_END, at)
        const until = next < 0 ? chunk.length : next + FRAME_END.length
        pieces.push(...this.#watched(chunk.subarray(at, until)))
        at = until
      }
    }
    return adjoined(pieces, chunk)
  }

  #watched(chunk: Buffer): readonly Buffer[] {
    const changes = this.#read(chunk)
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
    return changes.length === 0 ? [whole] : this.#changed(whole, changes, start)
  }

  /** @throws UpstreamError when the stream ended too early */
  end(): readonly Buffer[] {
    const last = this.#frames.end()
    const sign = last && this.#see(last)
    this.#reply.end.note(this.#observer.observation)
    if (!this.#told) throw transportError('truncated', this.#reply.origin.provider)
    const isShown = this.#held.length > 0 && !(this.#hideUsage && sign === 'usage')
    if (!isShown) return []
    const bytes = this.#held.take()
    return [sign === 'error' ? this.#scrubbed(bytes) : bytes]
  }

  /** A connection that breaks behind the end has broken nothing. */
  fail(): readonly Buffer[] | undefined {
    return this.#told ? [] : undefined
  }

  /** @returns the frames that do not go out as they are, as offsets in the stream */
  #read(chunk: Buffer): readonly Span[] {
    const changes: Span[] = []
    let start = this.#sent
    for (const [index, frame] of this.#frames.push(chunk).entries()) {
      const end = this.#frames.frameEnds[index] ?? start
      const sign = this.#see(frame)
      if (sign === 'error' || (sign === 'usage' && this.#hideUsage)) changes.push({ start, end, sign })
      start = end
    }
    return changes
  }

  #see(frame: SseFrame): FrameSign {
    const sign = this.#observer.frame(frame)
    if (sign !== 'preamble') this.#reply.end.progress.count()
    if (sign === 'error') this.#plain?.stop()
    if (sign === 'terminal' || sign === 'error') {
      if (!this.#told) this.#reply.origin.finishing?.()
      this.#told = true
      this.#reply.end.progress.end()
    }
    if (sign === 'terminal' || sign === 'error' || sign === 'usage') this.#reply.end.note(this.#observer.observation)
    return sign
  }

  /** The bytes around frames that are not for the client, and errors in words that they may hear. */
  #changed(bytes: Buffer, changes: readonly Span[], start: number): readonly Buffer[] {
    const pieces: Buffer[] = []
    let at = 0
    for (const { start: from, end, sign } of changes) {
      pieces.push(bytes.subarray(at, from - start))
      at = end - start
      if (sign === 'error') pieces.push(this.#scrubbed(bytes.subarray(from - start, at)))
    }
    return [...pieces, bytes.subarray(at)].filter(piece => piece.length > 0)
  }

  /** The same bytes, unless there is a credential in them. */
  #scrubbed(frame: Buffer): Buffer {
    const text = frame.toString('utf8')
    const clean = this.#reply.origin.scrub?.(text) ?? text
    return clean === text ? frame : Buffer.from(clean)
  }

  #joined(chunk: Buffer): Buffer {
    if (this.#held.length === 0) return chunk
    this.#held.append(chunk)
    return this.#held.take()
  }
}

const FRAME_END = '\n\n'

/** One buffer again where the pieces are the chunk's own bytes, one after the other and all of them. */
function adjoined(pieces: readonly Buffer[], chunk: Buffer): readonly Buffer[] {
  let at = chunk.byteOffset
  for (const { buffer, byteOffset, length } of pieces) {
    if (buffer !== chunk.buffer || byteOffset !== at) return pieces
    at += length
  }
  return at === chunk.byteOffset + chunk.length ? [chunk] : pieces
}

/** A frame that is left out or looked over, by its offsets in the stream. */
interface Span {
  readonly start: number
  readonly end: number
  readonly sign: FrameSign
}
