import type { IncomingMessage } from 'node:http'
import { refusal } from '../errors.ts'
import type { BodyBudget } from './body-budget.ts'
import { codingOf, decompressed } from './decompress.ts'

export interface BodyLimits {
  /** Bytes of one body, also of what a compressed one becomes. */
  readonly limit: number
  /** Longest time in ms until all of it has come. */
  readonly timeoutMs: number
  readonly budget: BodyBudget
}

/** A body and the place that it takes; give it back when the call is over. */
export interface ReadBody {
  readonly bytes: Buffer
  release(): void
}

/**
 * Reads a request's body, and decompresses it.
 * @throws Refusal 413 when it is or says it is too large, 408 when it is too slow, 503 when others fill the memory,
 *   499 when the client leaves, 415 and 400 for a compression that is not known or not kept to
 */
export async function readBody(request: IncomingMessage, { limit, timeoutMs, budget }: BodyLimits): Promise<ReadBody> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(limit)
  const coding = codingOf(request.headers['content-encoding'])
  let held = 0
  let released = false
  const release = (): void => {
    if (!released) budget.give(held)
    released = true
  }
  const take = (bytes: number): void => {
    if (!budget.take(bytes)) {
      throw refusal('too_busy', 'Too many large requests are under way. Try again shortly.', { retryAfterMs: 1_000 })
    }
    held += bytes
  }
  try {
    const sent = await collect(request, { limit, timeoutMs, take })
    if (coding === undefined) return { bytes: sent, release }
    let bytes = 0
    const takePiece = (size: number): void => {
      bytes += size
      if (bytes > limit) throw tooLarge(limit)
      take(size)
    }
    return { bytes: await decompressed(sent, coding, takePiece), release }
  } catch (error) {
    release()
    throw error
  }
}

function collect(
  request: IncomingMessage,
  { limit, timeoutMs, take }: { readonly limit: number; readonly timeoutMs: number; take(bytes: number): void },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const timer = setTimeout(() => {
      stop()
      reject(refusal('request_timeout', `The request did not arrive within ${timeoutMs / 1000} s.`))
    }, timeoutMs)
    const stop = (): void => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
    }
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length
      try {
        if (bytes > limit) throw tooLarge(limit)
        take(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        stop()
        reject(error)
      }
    }
    const onEnd = (): void => {
      stop()
      resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : joined(chunks, bytes))
    }
    const onGone = (): void => {
      stop()
      reject(refusal('client_gone', 'The client left before its request was complete.'))
    }
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
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
