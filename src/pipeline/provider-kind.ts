/**
 * What a kind of provider is: mostly data. Each file of `src/providers/` default-exports
 * one; `client = "<file name>"` in the config names it.
 */
import type { Clock, Format, Operation, Reply } from '../contract.ts'
import type { ObjectSchema } from '../options.ts'
import type { EngineCall } from './call.ts'

interface KindBase {
  /** One sentence, for `sluice list` and the reference. */
  readonly summary: string
  readonly description?: string
  /** `gen_ai.provider.name` of the OpenTelemetry GenAI conventions. */
  readonly genAiName: string
  /** Options of its own beside `base_url`, `api_key`, `timeouts` and `headers`. */
  readonly options: ObjectSchema
}

/** A provider behind HTTP. */
export interface HttpKind extends KindBase {
  readonly embedded?: false
  readonly format: Format
  readonly defaultBaseUrl?: string
  /** Which dialect of the format is meant where the configuration names none. */
  defaultDialect?(baseUrl: string): string
  /** Path below `base_url` and query for an operation; `undefined` when the provider has no such thing. */
  target(wanted: Wanted): Target | undefined
  /** Headers that carry the key. */
  authorize(key: string): Readonly<Record<string, string>>
  /** Headers that every request needs, unless the client's own (of the same format) says otherwise. */
  readonly defaultHeaders?: Readonly<Record<string, string>>
  /** Client headers of the same format that go upstream, in lower case; one that ends in `*` is a prefix. */
  readonly forwardedHeaders: readonly string[]
  /** Parameters of the query that go upstream from clients of the same format; never one that can hold a key. */
  readonly forwardedQuery?: readonly string[]
}

export interface Wanted {
  readonly operation: Operation
  readonly model: string
  readonly stream: boolean
  readonly options: Readonly<Record<string, unknown>>
  /** An embedding of several inputs, for providers that have another route for them. */
  readonly batch: boolean
}
export interface Target {
  /** Begins with `/`; segments that hold names are encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
}

/** A provider inside the gateway: it answers in whatever format it is asked. */
export interface EmbeddedKind extends KindBase {
  readonly embedded: true
  connect(settings: { readonly options: Readonly<Record<string, unknown>>; readonly clock: Clock }): EmbeddedProvider
}
export interface EmbeddedProvider {
  send(call: EngineCall): Reply | Promise<Reply>
}

export type ProviderKind = HttpKind | EmbeddedKind

/**
 * A model's name as one or more path segments. Names were checked on arrival and come from the config otherwise, but a
 * path is built only from what cannot leave it (reliability.md, fact 13).
 */
export function modelPath(model: string): string {
  return model
    .split('/')
    .filter(segment => segment !== '' && segment !== '.' && segment !== '..')
    .map(encodeURIComponent)
    .join('/')
}

/** Options of a kind that has none. */
export const NO_OPTIONS = {
  type: 'object',
  properties: {},
  additionalProperties: false,
} as const satisfies ObjectSchema
