import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Ids are unique, not secret: random for the process, counted within it. */
const PROCESS = randomBytes(8).toString('hex')
let count = 0

/** A client may bring its own id, if it can stand in a header and in a log. */
export function requestId(request: IncomingMessage): string {
  const theirs = request.headers['x-request-id']
  return typeof theirs === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(theirs) ? theirs : newRequestId()
}

export function newRequestId(): string {
  return `req_${PROCESS}${(++count).toString(36).padStart(8, '0')}`
}

/** `request-id` is where Anthropic's SDK looks, `x-request-id` everybody else. */
export function requestIds(id: string): Record<string, string> {
  return { 'x-request-id': id, 'request-id': id }
}
