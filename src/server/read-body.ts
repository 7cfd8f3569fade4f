import type { IncomingMessage } from 'node:http'
import { refusal } from '../errors.ts'
import { atEndOfTurn } from '../stream/end-of-turn.ts'
import { Watched } from '../stream/watchdog.ts'
import type { BodyBudget } from './body-budget.ts'
import { codingOf, decompressed } from './decompress.ts'

export interface BodyLimits {
  /** Bytes of one body, also of what a compressed one becomes. */
  readonly limit: number
  /** Longest time in ms until all of it has come. */
  readonly timeoutMs: number
  readonly budget: BodyBudget
}

/**
 * The body of a request and the memory that it takes. Give it back with `release` when the call is over, whether all of
 * the body has come or not.
 */
export class IncomingBody {
  readonly #limits: BodyLimits
  #held = 0

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  release(): void {
    this.#limits.budget.give(this.#held)
    this.#held = 0
  }

  /**
   * Reads it to its end, and decompresses it.
   * @throws Refusal 413 when it is or says it is too large, 408 when it is too slow, 503 when others fill the memory,
   *   499 when the client leaves, 415 and 400 for a compression that is not known or not kept to
   */
  read(request: IncomingMessage): Promise<Buffer> {
    const { limit, timeoutMs } = this.#limits
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > limit) throw tooLarge(limit)
    const coding = codingOf(request.headers['content-encoding'])
    const sent = new Promise<Buffer>((resolve, reject) => {
      new Collector(request, timeoutMs, (piece, all) => this.#take(piece, all), { resolve, reject }).start()
    })
    return coding === undefined ? sent : sent.then(bytes => this.#decompressed(bytes, coding))
  }

  #decompressed(sent: Buffer, coding: string): Promise<Buffer> {
    let bytes = 0
    return decompressed(sent, coding, size => {
      bytes += size
      this.#take(size, bytes)
    })
  }

  /** Makes room for a piece of `bytes`. @param all bytes with which it comes to now */
  #take(bytes: number, all: number): void {
    const { limit, budget } = this.#limits
    if (all > limit) throw tooLarge(limit)
    if (!budget.take(bytes)) {
      throw refusal('too_busy', 'Too many large requests are under way. Try again shortly.', { retryAfterMs: 1_000 })
    }
    this.#held += bytes
  }
}

/** What has come of a body so far, and who waits for all of it. */
class Collector extends Watched {
  readonly #request: IncomingMessage
  readonly #timeoutMs: number
  readonly #startedAt = performance.now()
  /** Told the size of all that has come; throws what refuses it. */
  readonly #take: (piece: number, all: number) => void
  readonly #waiting: Pick<PromiseWithResolvers<Buffer>, 'resolve' | 'reject'>
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #over = false

  constructor(
    request: IncomingMessage,
    timeoutMs: number,
    take: (piece: number, all: number) => void,
    waiting: Pick<PromiseWithResolvers<Buffer>, 'resolve' | 'reject'>,
  ) {
    super()
    this.#request = request
    this.#timeoutMs = timeoutMs
    this.#take = take
    this.#waiting = waiting
  }

  /** Its listeners stay: what comes after the end of the matter is read, and dropped. */
  start(): void {
    const gone = (): void => {
      if (!this.#over) this.#fail(refusal('client_gone', 'The client left before its request was complete.'))
    }
    this.watch()
    this.#request
      .on('data', (chunk: Buffer) => this.#add(chunk))
      .on('end', () => this.#end())
      .on('error', gone)
      .on('close', gone)
  }

  override get dueAt(): number {
    return this.#startedAt + this.#timeoutMs
  }

  override expire(): void {
    this.#fail(refusal('request_timeout', `The request did not arrive within ${this.#timeoutMs / 1000} s.`))
  }

  #add(chunk: Buffer): void {
    if (this.#over) return
    this.#bytes += chunk.length
    try {
      this.#take(chunk.length, this.#bytes)
      this.#chunks.push(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  #end(): void {
    if (this.#over) return
    this.#finish()
    // Calls that came in the same turn go on together: the code of each stage is then run by all of them in a row.
    atEndOfTurn(() => this.#waiting.resolve(this.#whole()))
  }

  #whole(): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks
    return this.#chunks.length < 2 ? first : joined(this.#chunks, this.#bytes)
  }

  #fail(error: unknown): void {
    this.#finish()
    this.#waiting.reject(error)
  }

  #finish(): void {
    this.#over = true
    this.unwatch()
  }
}

/**
 * Copies the chunks into one, and lets go of their memory at once: left to the garbage collector, it would have it mark
 * the whole heap after some hundred large bodies.
 */
function joined(chunks: readonly Buffer[], bytes: number): Buffer {
  const whole = Buffer.concat(chunks, bytes)
  for (const { buffer, byteLength } of chunks) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
  }
  return whole
}

function tooLarge(limit: number): Error {
  return refusal('body_too_large', `The body is larger than ${limit} bytes, which is all that this gateway takes.`)
}
