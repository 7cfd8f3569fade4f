import { createHash } from 'node:crypto'

/**
 * A tool-call id as the API takes it: 1 to 64 characters. Longer ones, which other formats allow, become a hash of
 * themselves: the same id always the same hash, so that calls and results still meet.
 */
export function acceptableCallId(id: string): string {
  return id.length >= 1 && id.length <= 64 ? id : `call_${createHash('sha256').update(id).digest('hex').slice(0, 48)}`
}
