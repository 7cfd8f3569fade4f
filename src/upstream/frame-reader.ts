import { type SseFrame, SseOverflow, SseParser } from '../stream/sse.ts'
import { transportError } from './failure.ts'

/** Reads the frames of a provider's stream: one without end is the provider's failure, not ours. */
export class FrameReader {
  readonly #parser: SseParser
  readonly #provider: string

  /** @param limit bytes that one frame may have; the parser's own where absent */
  constructor(provider: string, limit?: number) {
    this.#parser = new SseParser(limit)
    this.#provider = provider
  }

  /** See `SseParser`. */
  get boundary(): number {
    return this.#parser.boundary
  }
  get frameEnds(): readonly number[] {
    return this.#parser.frameEnds
  }

  /** See `SseParser`. */
  skip(chunk: Buffer): boolean {
    return this.#parser.skip(chunk)
  }

  /** @throws UpstreamError */
  push(chunk: Buffer): readonly SseFrame[] {
    try {
      return this.#parser.push(chunk)
    } catch (error) {
      throw error instanceof SseOverflow ? transportError('oversize', this.#provider, { cause: error }) : error
    }
  }

  end(): SseFrame | undefined {
    return this.#parser.end()
  }
}
