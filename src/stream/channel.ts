import type { Flow, Sink } from './flow.ts'
import { Listed } from './roster.ts'

/** What may wait in a channel before its flow is paused. */
export interface ChannelBounds {
  readonly items: number
  readonly bytes: number
}

/** How the flow behind a channel is doing: still pushing, whole, or broken. */
export type ChannelState = 'open' | 'ended' | Error

/**
 * The bounded queue between upstream and client; one writer, one reader. At a bound it pauses the flow, below half of it
 * the flow goes on; nothing is dropped.
 *
 * A flow pushes, so an item cannot be sent back: the one that crosses the bound is kept, and with it what else came out
 * of the same network chunk. An item larger than the byte bound is therefore let through rather than stuck.
 */
export class Channel extends Listed implements Sink<Buffer | string> {
  readonly #flow: Flow<Buffer | string>
  readonly #bounds: ChannelBounds
  readonly #onReady: () => void
  #queue: (Buffer | string)[] = []
  #bytes = 0
  #state: ChannelState = 'open'
  #closed = false
  #pausedAt: number | undefined
  #pausedMs = 0
  #waits = 0

  /** @param onReady called in the tick in which there is something to take, or the flow has ended or failed */
  constructor(flow: Flow<Buffer | string>, bounds: ChannelBounds, onReady: () => void) {
    super()
    this.#flow = flow
    this.#bounds = bounds
    this.#onReady = onReady
  }

  /** Waiting now. */
  get items(): number {
    return this.#queue.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How often the flow had to be paused. */
  get waits(): number {
    return this.#waits
  }

  /** For how long, in all. */
  get pausedMs(): number {
    return this.#pausedAt === undefined ? this.#pausedMs : this.#pausedMs + performance.now() - this.#pausedAt
  }

  /** Look at it once nothing waits any more: what came before an end or a failure is still worth having. */
  get state(): ChannelState {
    return this.#state
  }

  start(): void {
    this.#flow.start(this)
  }

  /** The reader leaves: the flow is cancelled unless it is over, and what waits is dropped. */
  close(reason?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue = []
    this.#bytes = 0
    this.#addPause()
    if (this.#state === 'open') this.#flow.cancel(reason)
  }

  /**
   * Takes what waits, as one piece, and lets the flow go on.
   *
   * @param maxBytes leaves the rest; an item that is larger is cut
   * @returns `undefined` when nothing waits
   */
  take(maxBytes: number): Buffer | string | undefined {
    if (this.#queue.length === 0) return undefined
    const piece = this.#bytes <= maxBytes ? this.#takeAll() : this.#takeSome(maxBytes)
    if (this.#pausedAt !== undefined && this.#isBelowHalf()) {
      this.#addPause()
      this.#flow.resume()
    }
    return piece
  }

  item(item: Buffer | string): void {
    const bytes = sizeOf(item)
    if (this.#closed || bytes === 0) return
    this.#queue.push(item)
    this.#bytes += bytes
    if (this.#pausedAt === undefined && this.#isFull()) {
      this.#pausedAt = performance.now()
      this.#waits++
      this.#flow.pause()
    }
    if (this.#queue.length === 1) this.#onReady()
  }

  end(): void {
    this.#finish('ended')
  }

  fail(error: Error): void {
    this.#finish(error)
  }

  #finish(state: ChannelState): void {
    if (this.#closed || this.#state !== 'open') return
    this.#state = state
    this.#addPause()
    this.#onReady()
  }

  #isFull(): boolean {
    return this.#queue.length >= this.#bounds.items || this.#bytes >= this.#bounds.bytes
  }

  #isBelowHalf(): boolean {
    return this.#queue.length < this.#bounds.items / 2 && this.#bytes < this.#bounds.bytes / 2
  }

  #addPause(): void {
    this.#pausedMs = this.pausedMs
    this.#pausedAt = undefined
  }

  #takeAll(): Buffer | string {
    const piece = joined(this.#queue)
    this.#queue = []
    this.#bytes = 0
    return piece
  }

  #takeSome(maxBytes: number): Buffer {
    const pieces: Buffer[] = []
    let room = maxBytes
    while (room > 0) {
      const first = this.#queue[0]
      if (first === undefined) break
      const bytes = Buffer.isBuffer(first) ? first : Buffer.from(first)
      if (bytes.length <= room) this.#queue.shift()
      else this.#queue[0] = bytes.subarray(room)
      const piece = bytes.subarray(0, room)
      pieces.push(piece)
      room -= piece.length
    }
    this.#bytes -= maxBytes - room
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
  }
}

function sizeOf(item: Buffer | string): number {
  return typeof item === 'string' ? Buffer.byteLength(item) : item.length
}

function joined(items: readonly (Buffer | string)[]): Buffer | string {
  const [first] = items
  if (items.length === 1 && first !== undefined) return first
  if (items.every(item => typeof item === 'string')) return items.join('')
  return Buffer.concat(items.map(item => (typeof item === 'string' ? Buffer.from(item) : item)))
}
