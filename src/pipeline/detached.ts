import type { Exchange } from './exchange.ts'
import { Lifetime } from './lifetime.ts'
import { Timings } from './timings.ts'
import { Trail } from './trail.ts'

/**
 * The same request as an exchange of its own, of which the client knows nothing: it lives on when the client has left,
 * and where it went is not noted as where the client's call went.
 *
 * @param signal ends it
 */
export function detached(exchange: Exchange, signal: AbortSignal): Exchange {
  const outer = new Lifetime()
  const lifetime = outer.within(signal)
  lifetime.onEnd(() => outer.end())
  return { ...exchange, lifetime, timings: new Timings(), trail: new Trail() }
}
