import type { Client, Format, Log, Prices } from '../contract.ts'
import type { RequestHead, RequestParts, WireFormat } from '../formats/wire-format.ts'
import type { ModelCatalogue } from '../models/catalogue.ts'
import type { Body } from './body.ts'
import type { GrammarWatch } from './grammar-watch.ts'
import type { Lifetime } from './lifetime.ts'
import type { StateKeeping } from './state-keeping.ts'
import type { Timings } from './timings.ts'
import type { Trail } from './trail.ts'

/** What calls need to know of a configured provider. */
export interface ProviderFacts {
  readonly name: string
  /** The format it speaks; `*` for one that answers in whatever format it is asked. */
  readonly format: Format | '*'
  readonly dialect?: string
}

/** What every call of a gateway shares. */
export interface Surroundings {
  readonly formats: ReadonlyMap<Format, WireFormat>
  readonly providers: ReadonlyMap<string, ProviderFacts>
  readonly models: ModelCatalogue
  /** Keeps reasoning state through clients of other formats than its issuer's. */
  readonly keeping?: StateKeeping
  readonly prices?: Prices
  readonly grammarWatch?: GrammarWatch
}

/** One client request and all that stays the same while calls and replies are derived from it. */
export interface Exchange {
  readonly id: string
  readonly pipeline: string
  /** The format that the client speaks. */
  readonly format: Format
  readonly head: RequestHead
  readonly request: RequestParts
  /** Absent where the request has none (`GET`). */
  readonly body: Body | undefined
  /** Judges the whole shape of the body, of which a large one's was only outlined on arrival. Throws a Refusal 400. */
  readonly checkBody: ((body: unknown) => void) | undefined
  readonly client: Client
  readonly log: Log
  readonly lifetime: Lifetime
  readonly timings: Timings
  readonly trail: Trail
  /** Unix time in seconds. */
  readonly created: number
  readonly surroundings: Surroundings
}

/** @throws Error when there is no such format: a bug, since the config was checked */
export function formatOf(surroundings: Surroundings, name: Format): WireFormat {
  const format = surroundings.formats.get(name)
  if (!format) throw new Error(`there is no format "${name}"`)
  return format
}
