import type { EngineCall } from './call.ts'
import type { HttpKind } from './provider-kind.ts'

/**
 * What of a client's query goes upstream: only what the kind of provider lists, and only to a provider of the client's
 * own format, to which it means the same.
 */
export function forwardedQuery(
  call: EngineCall,
  { format, forwardedQuery: allowed = [] }: HttpKind,
): Readonly<Record<string, string>> | undefined {
  const { exchange } = call
  if (exchange.format !== format) return undefined
  const { query } = exchange.request
  const sent = allowed.filter(name => query[name] !== undefined)
  return sent.length === 0 ? undefined : Object.fromEntries(sent.map(name => [name, query[name] ?? '']))
}
