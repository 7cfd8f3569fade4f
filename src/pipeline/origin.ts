import type { Format, ModelEntry, ReplyEvent } from '../contract.ts'
import type { Amendment } from '../formats/amendment.ts'
import type { Observation } from '../formats/wire-format.ts'
import type { JsonDocument } from '../json/document.ts'
import type { Flow } from '../stream/flow.ts'
import type { SeenBeginning } from '../upstream/first-event.ts'

/** Where a reply comes from: an upstream's answer, or what a processor or an embedded provider said. */
export interface Origin {
  /** The configured provider's name; empty when no provider was asked. */
  readonly provider: string
  /** The model that the provider was asked for. */
  readonly model?: string
  /** The name of the key that asked. */
  readonly identity?: string
  readonly status: number
  /** For the client; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The format of the body. */
  readonly format: Format
  readonly body: OriginBody
  /** What the request asks to be done to it. */
  readonly amendment?: Amendment
  /** Takes credentials out of what the provider says of errors. */
  scrub?(text: string): string
  /** Told when the terminal event has passed. */
  finishing?(): void
  /** Lets go of whatever is behind the body. */
  cancel(): void
}

export interface WholeBody {
  readonly kind: 'whole'
  readonly bytes: Buffer
  /** The same, parsed, where it was known to be converted. */
  readonly document?: JsonDocument
  /** What was seen in the bytes when they came. */
  readonly observation: Observation
}

export type OriginBody =
  | WholeBody
  | {
      readonly kind: 'stream'
      readonly flow: Flow<Buffer>
      readonly seen?: SeenBeginning | undefined
      /** The client did not ask for the frame that carries nothing but usage: leave it out. */
      readonly hideUsage: boolean
    }
  | { readonly kind: 'events'; readonly events: Iterable<ReplyEvent> | AsyncIterable<ReplyEvent> }
  | { readonly kind: 'models'; readonly models: readonly ModelEntry[] }
  | { readonly kind: 'tokens'; readonly tokens: number; readonly estimated: boolean }
