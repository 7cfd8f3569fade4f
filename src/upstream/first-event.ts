import type { StreamObserver } from '../formats/wire-format.ts'
import { UpstreamError } from '../refusal.ts'
import type { Flow, Sink } from '../stream/flow.ts'
import type { SseFrame } from '../stream/sse.ts'
import { transportError } from './failure.ts'
import { FrameReader } from './frame-reader.ts'

/** Bytes that a stream may have before its first event with content. OpenAI Responses says instructions and tools again. */
const PREAMBLE_LIMIT = 8 * 1024 * 1024
/** Bytes that may wait for a reader after that. */
const WAITING_LIMIT = 1024 * 1024

/** A stream that has begun. */
export interface BegunStream extends Flow<Buffer> {
  /** Its beginning, as far as it was looked at; absent where that has to be looked at once more. */
  readonly seen: SeenBeginning | undefined
}

/** Whole frames, of which the last has content and the others are its preamble. */
export interface SeenBeginning {
  readonly bytes: number
  readonly observer: StreamObserver
  /** Has read as far. */
  readonly frames: FrameReader
}

/**
 * Reads a stream up to its first event with content, so that whatever fails before can still be retried.
 *
 * @returns the stream from its first byte on
 * @throws UpstreamError when it fails, ends, or tells of an error before it has begun
 */
export function firstEvent(flow: Flow<Buffer>, observer: StreamObserver, provider: string): Promise<BegunStream> {
  return new Promise((resolve, reject) => {
    new Peek(flow, observer, provider, resolve, reject).begin()
  })
}

class Peek implements BegunStream, Sink<Buffer> {
  readonly #flow: Flow<Buffer>
  readonly #observer: StreamObserver
  readonly #provider: string
  readonly #resolve: (flow: BegunStream) => void
  readonly #reject: (error: unknown) => void
  readonly #frames: FrameReader
  readonly #waiting: Buffer[] = []
  #bytes = 0
  /** Of these, how many were looked at, and whether it was one plain frame after the other. */
  #looked = 0
  #isPlain = true
  seen: SeenBeginning | undefined
  #decided = false
  /** By the sink, which may have enough while it is given what waited. */
  #paused = false
  #sink: Sink<Buffer> | undefined
  #over: { readonly error?: Error } | undefined

  constructor(
    flow: Flow<Buffer>,
    observer: StreamObserver,
    provider: string,
    resolve: (flow: BegunStream) => void,
    reject: (error: unknown) => void,
  ) {
    this.#flow = flow
    this.#observer = observer
    this.#provider = provider
    this.#frames = new FrameReader(provider, PREAMBLE_LIMIT)
    this.#resolve = resolve
    this.#reject = reject
  }

  begin(): void {
    this.#flow.start(this)
  }

  item(chunk: Buffer): void {
    if (this.#sink) {
      this.#sink.item(chunk)
      return
    }
    this.#waiting.push(chunk)
    this.#bytes += chunk.length
    if (this.#decided) {
      if (this.#bytes > WAITING_LIMIT) this.#flow.pause()
      return
    }
    this.#look(chunk)
    if (!this.#decided && this.#bytes > PREAMBLE_LIMIT) this.#refuse(transportError('oversize', this.#provider))
  }

  end(): void {
    if (!this.#decided) this.#lookAtLast()
    if (!this.#decided) this.#refuse(transportError(this.#bytes === 0 ? 'reset' : 'truncated', this.#provider))
    else if (this.#sink) this.#sink.end()
    else this.#over = {}
  }

  fail(error: Error): void {
    if (!this.#decided) this.#refuse(error)
    else if (this.#sink) this.#sink.fail(error)
    else this.#over = { error }
  }

  start(sink: Sink<Buffer>): void {
    this.#sink = sink
    for (const chunk of this.#waiting.splice(0)) sink.item(chunk)
    if (this.#over?.error) sink.fail(this.#over.error)
    else if (this.#over) sink.end()
    else if (!this.#paused) this.#flow.resume()
  }

  pause(): void {
    this.#paused = true
    this.#flow.pause()
  }
  resume(): void {
    this.#paused = false
    this.#flow.resume()
  }
  cancel(): void {
    this.#flow.cancel()
  }

  #look(chunk: Buffer): void {
    try {
      // Frame by frame: a chunk may hold the whole stream, and the first content is near its beginning.
      for (let at = 0; at < chunk.length; ) {
        const next = chunk.indexOf('\n\n', at)
        const end = next < 0 ? chunk.length : next + 2
        const frames = this.#frames.push(chunk.subarray(at, end))
        this.#looked += end - at
        if (frames.length > 1) this.#isPlain = false
        if (frames.some(frame => this.#judge(frame))) return
        at = end
      }
    } catch (error) {
      this.#refuse(error)
    }
  }

  #lookAtLast(): void {
    const last = this.#frames.end()
    if (last) this.#judge(last)
  }

  /** @returns whether the frame decided it */
  #judge(frame: SseFrame): boolean {
    const sign = this.#observer.frame(frame)
    // One that carries nothing but usage may not be for the client.
    if (sign === 'usage') this.#isPlain = false
    if (sign === 'content' || sign === 'terminal') {
      this.#decided = true
      if (sign === 'content' && this.#isPlain && this.#frames.boundary === this.#looked)
        this.seen = { bytes: this.#looked, observer: this.#observer, frames: this.#frames }
      this.#resolve(this)
    } else if (sign === 'error') {
      this.#refuse(errorInside(this.#observer, this.#provider))
    }
    return this.#decided
  }

  #refuse(error: unknown): void {
    this.#decided = true
    this.#sink = IGNORING
    this.#flow.cancel()
    this.#reject(error)
  }
}

const IGNORING: Sink<Buffer> = { item: () => {}, end: () => {}, fail: () => {} }

/** The error that a stream told of before anything else: it counts like a status. */
function errorInside({ observation }: StreamObserver, provider: string): UpstreamError {
  const view = observation.error
  if (!view) return transportError('parse', provider)
  return new UpstreamError(view, { failure: 'error_in_200', provider })
}
