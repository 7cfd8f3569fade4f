import type { Format, Identity } from '../contract.ts'
import type { Amendment } from '../formats/amendment.ts'
import type { Conversation } from '../formats/conversation.ts'
import type { Loss } from '../formats/losses.ts'
import type { Body } from './body.ts'
import type { EngineCall } from './call.ts'
import type { Lifetime } from './lifetime.ts'

/** What differs between the calls of one exchange. */
export interface CallState {
  readonly format: Format
  readonly model: string
  readonly provider: string
  readonly identity: Identity | undefined
  readonly alternatives: number | undefined
  /** Shorter than the exchange's, where a processor may give this attempt up. */
  readonly lifetime: Lifetime
  /** The wire view. Absent once the conversation was changed and nobody has encoded it yet. */
  readonly body: Body | undefined
  /** The canonical view, where somebody has changed it. */
  readonly conversation: Conversation | undefined
  /** The call that the body was converted from: it says more of the conversation than the body may hold. */
  readonly convertedFrom: EngineCall | undefined
  readonly losses: readonly Loss[]
  /** Headers that the encoder of this format asks for. */
  readonly headers: Readonly<Record<string, string>>
  /** What the encoder of this format wants done to the reply. */
  readonly amendment: Amendment | undefined
}
