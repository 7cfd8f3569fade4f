import { atEndOfTurn } from '../stream/end-of-turn.ts'
import type { Flow } from '../stream/flow.ts'
import { transportError } from './failure.ts'

/**
 * Reads an answer to its end.
 * @param limit bytes that it may have
 * @throws UpstreamError when it breaks off, or (`onLimit: 'refuse'`) is over the limit; `'cut'` keeps what came so far
 */
export function readWhole(
  flow: Flow<Buffer>,
  provider: string,
  { limit, onLimit }: { readonly limit: number; readonly onLimit: 'refuse' | 'cut' },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let over = false
    flow.start({
      item(chunk) {
        if (over) return
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes <= limit) return
        over = true
        flow.cancel()
        if (onLimit === 'cut') resolve(Buffer.concat(chunks).subarray(0, limit))
        else reject(transportError('oversize', provider))
      },
      // Answers that ended in the same turn go on together: the code of each stage is then run by all of them in a row.
      end: () => atEndOfTurn(() => resolve(joined(chunks, bytes))),
      fail: reject,
    })
  })
}

function joined(chunks: readonly Buffer[], bytes: number): Buffer {
  const [first = Buffer.alloc(0)] = chunks
  return chunks.length < 2 ? first : Buffer.concat(chunks, bytes)
}
