import type { IncomingMessage } from 'node:http'

/** Whether a request has a body that nobody has read to its end: the next request on the connection would begin in it. */
export function hasUnreadBody({ headers, complete }: IncomingMessage): boolean {
  const announced = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return announced && !complete
}
