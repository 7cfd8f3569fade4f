/** Ids that Anthropic takes: letters, digits, `_` and `-` (400 "String should match pattern" otherwise). */
import { createHash } from 'node:crypto'

const ACCEPTED = /^[a-zA-Z0-9_-]+$/
const LONGEST = 256

/**
 * A tool call's id as this format takes it. What is acceptable stays as it is; anything else keeps its acceptable
 * characters and gets a hash of the whole, so that two ids never become one. The same id always gives the same result:
 * call and result stay together, and so do the bytes of a prompt prefix.
 */
export function acceptableCallId(id: string): string {
  if (id.length <= LONGEST && ACCEPTED.test(id)) return id
  const hash = createHash('sha256').update(id).digest('base64url').slice(0, 22)
  const kept = id.slice(0, 64).replace(/[^a-zA-Z0-9_-]/g, '_')
  return `toolu_${kept === '' ? '' : `${kept}_`}${hash}`
}

/** A message's id in the style that clients expect. `requestId` stands in where the upstream gave none. */
export function messageId(id: string, requestId: string): string {
  const base = id === '' ? requestId : id
  return base.startsWith('msg_') ? base : `msg_${base}`
}

/** An id for a call that came without one: the same for the same place in the same message. */
export function mintedCallId(messageId: string, index: number): string {
  return acceptableCallId(`toolu_${messageId.replace(/^msg_/, '')}_${index}`)
}
