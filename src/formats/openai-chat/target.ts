import type { ModelCapabilities } from '../../models/capabilities.ts'
import { Refusal } from '../../refusal.ts'
import type { EncodeTarget } from '../wire-format.ts'
import { WireCallIds } from './call-id-encode.ts'
import { type Dialect, dialectOf } from './dialects.ts'
import { Ledger } from './ledger.ts'

/** What the encoders of one request share. */
export interface Target {
  readonly dialect: Dialect
  readonly capabilities: ModelCapabilities
  readonly ids: WireCallIds
  readonly ledger: Ledger
  /** How to call the server in messages: the configured provider's name. */
  readonly provider: string
}

export function targetOf({ dialect: name, capabilities, provider }: EncodeTarget): Target {
  const dialect = dialectOf(name)
  return {
    dialect,
    capabilities,
    ids: new WireCallIds(dialect),
    ledger: new Ledger(),
    provider,
  }
}

/** For what must not be dropped: it would change what is done, what is paid for or what is safe. */
export function unsupported({ provider }: Pick<Target, 'provider'>, param: string, what: string): Refusal {
  return new Refusal(
    400,
    'unsupported_by_target',
    `"${param}": ${what} cannot be sent to provider "${provider}", which speaks Chat Completions. Leave it out or choose another provider.`,
    { param },
  )
}
