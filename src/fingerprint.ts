import { hash } from 'node:crypto'
import type { Call } from './call.ts'

/**
 * The same for calls that ask the same model at the same provider for the same, word by word and in the same format. The
 * end user, the metadata and the name of the provider's prompt cache do not count. Decodes the call.
 * @param scope what else has to be the same, such as who is calling
 * @returns SHA-256, in base64url: nothing of the call can be read in it
 */
export function fingerprintOf(call: Call, scope: readonly unknown[]): string {
  const { operation, format, provider, model, stream, conversation } = call
  const { endUser: _, metadata: __, cacheKey: ___, ...asked } = conversation
  return hash('sha256', JSON.stringify([scope, operation, format, provider, model, stream, asked], sorted), 'base64url')
}

/** For JSON: objects with their keys in order, so that it does not matter in which one a client wrote them. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
