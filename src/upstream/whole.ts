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
      end: () => resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, bytes)),
      fail: reject,
    })
  })
}
