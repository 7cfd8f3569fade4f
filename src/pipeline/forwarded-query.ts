import type { EngineCall } from './call.ts'
import type { HttpKind } from './provider-kind.ts'

/**
 * What of a client's query goes upstream: only what the kind of provider lists, and only to a provider of the client's
 * own format, to which it means the same.
 */
export function forwardedQuery(
  call: EngineCall,
  { format, forwardedQuery: allowed = [] }: HttpKind,
): Readonly<Record<string, string>> {
  const { exchange } = call
  if (exchange.format !== format) return {}
  const { query } = exchange.request
  return Object.fromEntries(
    allowed.flatMap(name => {
      const value = query[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}
