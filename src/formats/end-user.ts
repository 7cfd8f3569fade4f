/** How OpenAI is told who the end user is: ids of others may be long, or say more than OpenAI needs to know. */
import { createHash } from 'node:crypto'
import type { Conversation } from './conversation.ts'

/** The most characters of `safety_identifier` and `prompt_cache_key`. */
const MOST = 64

/** A longer id is told by its hash, which is as stable and tells less (conversion.md E132). */
export function userIdForOpenAi(endUser: string): string {
  return endUser.length <= MOST ? endUser : hashOf(endUser)
}

/**
 * What groups calls with the same prompt. Clients that know no such key mostly tell the user, or the session, as Claude
 * Code does: the same for calls that build on one another, and never chosen at random (conversion.md E134).
 */
export function cacheKeyForOpenAi({ cacheKey, endUser }: Conversation): string | undefined {
  return cacheKey ?? (endUser === undefined ? undefined : hashOf(endUser))
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
