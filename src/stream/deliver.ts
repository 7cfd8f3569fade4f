import type { Writable } from 'node:stream'
import { Channel } from './channel.ts'
import { atEndOfTurn } from './end-of-turn.ts'
import type { Flow } from './flow.ts'
import { LazyTimer } from './lazy-timer.ts'
import type { Roster } from './roster.ts'

/** How the client fared: it has everything, it was told of a failure or cut off from one, or it left (or stalled). */
export type Delivered = 'completed' | 'failed' | 'abandoned'

export interface DeliverOptions {
  /** Bounds of the channel. */
  readonly bufferEvents: number
  readonly bufferBytes: number
  /** Written when nothing was sent for `everyMs`; the flow's items are whole frames, so that it may stand between any two. */
  readonly heartbeat?: { readonly everyMs: number; readonly frame: string }
  /** A client that takes nothing for this long is cut off. */
  readonly stallTimeoutMs: number
  /** What to tell the client when the flow fails. Without a text it is cut off, so that it takes no half for a whole. */
  readonly onFail?: (error: Error) => string | undefined
  /** Called once, at the end. */
  readonly onStats?: (stats: DeliveryStats) => void
  /** Gets the channel while it is open: for a gauge that adds up what waits. */
  readonly channels?: Roster<Channel>
}

export interface DeliveryStats {
  readonly bytes: number
  readonly writes: number
  readonly heartbeats: number
  /** How often and for how many milliseconds the client held up the upstream. */
  readonly waits: number
  readonly pausedMs: number
  /** True when the client was cut off because it took nothing. */
  readonly stalled: boolean
}

/**
 * Bytes below which a write waits for the end of the turn, with those of other streams: readers that are woken one after
 * the other cost less (see end-of-turn.ts). Of a large piece the reading itself takes longer than the waking.
 */
const SMALL = 2 * 1024

/** Largest single write: what it takes of a slow client to prove that it is still reading. */
const MAX_WRITE = 64 * 1024

/**
 * Flow → channel → response. What arrives in one turn of the event loop goes out in one write; nothing waits longer than
 * that turn unless the client does. Ends or destroys the response on every path, and leaves no listener and no timer behind. The head
 * must have been set; it goes out with the first write.
 *
 * @returns when the response is out of our hands; never rejects
 */
export function deliver(flow: Flow<Buffer | string>, response: Writable, options: DeliverOptions): Promise<Delivered> {
  return new Delivery(flow, response, options).run()
}

class Delivery {
  readonly #response: Writable
  readonly #options: DeliverOptions
  readonly #channel: Channel
  readonly #timer = new LazyTimer(now => this.#onTimer(now))
  readonly #result = Promise.withResolvers<Delivered>()
  #settled = false
  #scheduled = false
  /** Since when the response has taken nothing, while it should. */
  #blockedAt: number | undefined
  /** When the last byte was written. */
  #silentSince = performance.now()
  /** What it will have been once the response has let go of the last byte. Absent before the end was written. */
  #verdict: Delivered | undefined
  #bytes = 0
  #writes = 0
  #heartbeats = 0
  #stalled = false

  constructor(flow: Flow<Buffer | string>, response: Writable, options: DeliverOptions) {
    const { bufferEvents, bufferBytes } = options
    this.#response = response
    this.#options = options
    this.#channel = new Channel(flow, { items: bufferEvents, bytes: bufferBytes }, () => this.#schedule())
  }

  run(): Promise<Delivered> {
    if (this.#response.destroyed || this.#response.writableEnded) {
      this.#settle('abandoned')
      return this.#result.promise
    }
    this.#response.on('drain', this.#onDrain).on('finish', this.#onFinish)
    this.#response.on('close', this.#onClose).on('error', this.#onClose)
    if (this.#options.channels) this.#channel.enter(this.#options.channels)
    this.#awaitSilence()
    this.#channel.start()
    return this.#result.promise
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    if (this.#channel.bytes < SMALL) atEndOfTurn(this.#flush)
    else process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    while (!this.#settled && this.#blockedAt === undefined) {
      const piece = this.#channel.take(MAX_WRITE)
      if (piece === undefined) break
      this.#write(piece)
    }
    const { state, items } = this.#channel
    if (state !== 'open' && items === 0 && this.#blockedAt === undefined && !this.#settled) this.#finish(state)
  }

  #write(piece: Buffer | string): void {
    this.#silentSince = performance.now()
    this.#bytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
    this.#writes++
    if (!this.#response.write(piece)) this.#block()
  }

  #block(): void {
    if (this.#settled) return
    this.#blockedAt = performance.now()
    this.#timer.ringBy(this.#blockedAt + this.#options.stallTimeoutMs)
  }

  #finish(state: 'ended' | Error): void {
    if (this.#verdict !== undefined) return
    this.#verdict = state === 'ended' ? 'completed' : 'failed'
    const last = state === 'ended' ? '' : this.#lastWords(state)
    if (last !== undefined && last !== '') this.#write(last)
    if (last === undefined) this.#breakOff()
    else this.#response.end()
    this.#block()
  }

  /** Cuts the client off, but not before what was good has gone out. */
  #breakOff(): void {
    if (this.#writes === 0) this.#settle('failed')
    else this.#response.write('', () => this.#settle('failed'))
  }

  #lastWords(error: Error): string | undefined {
    try {
      return this.#options.onFail?.(error)
    } catch {
      return undefined
    }
  }

  readonly #onDrain = (): void => {
    if (this.#verdict !== undefined) return
    this.#blockedAt = undefined
    this.#awaitSilence()
    this.#flush()
  }

  readonly #onFinish = (): void => this.#settle(this.#verdict ?? 'abandoned')

  readonly #onClose = (): void => this.#settle(this.#verdict === 'failed' ? 'failed' : 'abandoned')

  #onTimer(now: number): void {
    if (this.#blockedAt === undefined) this.#beat(now)
    else if (now < this.#blockedAt + this.#options.stallTimeoutMs)
      this.#timer.ringBy(this.#blockedAt + this.#options.stallTimeoutMs)
    else this.#cutOff()
  }

  #beat(now: number): void {
    const { heartbeat } = this.#options
    if (heartbeat === undefined) return
    if (now - this.#silentSince >= heartbeat.everyMs) this.#sendHeartbeat(heartbeat.frame)
    this.#awaitSilence()
  }

  #sendHeartbeat(frame: string): void {
    this.#heartbeats++
    this.#write(frame)
  }

  #awaitSilence(): void {
    const { heartbeat } = this.#options
    if (heartbeat !== undefined) this.#timer.ringBy(this.#silentSince + heartbeat.everyMs)
  }

  #cutOff(): void {
    this.#stalled = true
    this.#settle(this.#verdict === 'failed' ? 'failed' : 'abandoned')
  }

  #settle(outcome: Delivered): void {
    if (this.#settled) return
    this.#settled = true
    this.#timer.stop()
    this.#response.off('drain', this.#onDrain).off('finish', this.#onFinish)
    this.#response.off('close', this.#onClose).off('error', this.#onClose)
    this.#channel.leave()
    this.#channel.close(outcome === 'abandoned' ? new Error('the client left') : undefined)
    if (!this.#response.writableFinished) this.#response.destroy()
    this.#options.onStats?.(this.#stats())
    this.#result.resolve(outcome)
  }

  #stats(): DeliveryStats {
    const { waits, pausedMs } = this.#channel
    return {
      bytes: this.#bytes,
      writes: this.#writes,
      heartbeats: this.#heartbeats,
      waits,
      pausedMs,
      stalled: this.#stalled,
    }
  }
}
