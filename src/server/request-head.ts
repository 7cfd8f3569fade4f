import type { IncomingMessage } from 'node:http'
import { refusal } from '../errors.ts'
import type { Refusal } from '../refusal.ts'

/** Where two values would let one reader see another request, or another caller, than the next (RFC 9110, 5.3). */
const SINGLE = [
  'host',
  'authorization',
  'content-length',
  'content-type',
  'transfer-encoding',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
]

/** A bit for each: what was seen of them is then one number, and no set of its own for each request. */
const BITS: ReadonlyMap<string, number> = new Map(SINGLE.map((name, index) => [name, 1 << index]))

/**
 * What Node's parser lets pass and this gateway does not: ambiguous heads, the raw material of request smuggling
 * (RFC 9112, 11.2).
 * @returns why the request is refused, if it is; its connection is not to be used any further then
 */
export function headProblem({ headers, rawHeaders, httpVersion }: IncomingMessage): Refusal | undefined {
  let seen = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    const bit = BITS.get(name) ?? 0
    if ((seen & bit) !== 0) return refusal('invalid_request', `The header "${name}" stands there more than once.`)
    seen |= bit
  }
  const coding = headers['transfer-encoding']?.toLowerCase()
  if (coding !== undefined && (coding !== 'chunked' || httpVersion === '1.0')) {
    return refusal('invalid_request', 'The only transfer-encoding that is taken is chunked, in HTTP/1.1.')
  }
  if (headers.host === undefined && httpVersion !== '1.0') {
    return refusal('invalid_request', 'The header "host" is missing.')
  }
  return undefined
}
