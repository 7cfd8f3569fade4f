/**
 * Reasoning state of other issuers in a reply. Anthropic's clients send thinking back as they got it: the state of
 * thinking stands in its signature, and that of any other part in a `redacted_thinking` block beside it
 * (conversion.md B.4).
 */
import { type Carried, sealState } from '../carrier.ts'
import type { OpaqueState, Part } from '../conversation.ts'
import type { WritableObject } from './leftovers.ts'
import type { ReplyEncoding } from './reply-blocks.ts'

/** @returns a carrier of the state that is not Anthropic's; `undefined` when there is none, or it is lost */
export function carrierOf(
  states: readonly OpaqueState[] | undefined,
  place: Omit<Carried, 'states'>,
  path: string,
  { stateKey, log }: ReplyEncoding,
): string | undefined {
  const foreign = states?.filter(({ scheme }) => !scheme.startsWith('anthropic.')) ?? []
  if (foreign.length === 0) return undefined
  const carrier = stateKey && sealState({ ...place, states: foreign }, stateKey)
  if (carrier === undefined)
    log.dropped(`${path}.state`, "Anthropic's format has no place for another provider's reasoning state")
  return carrier
}

export function carrierBlock(carrier: string): WritableObject {
  return { type: 'redacted_thinking', data: carrier }
}

/** What a part is, in the words of a carrier. */
export function kindOf({ type }: Part): Carried['of'] {
  return type === 'tool-call' ? 'call' : type === 'text' || type === 'reasoning' ? type : 'other'
}

/** The blocks of one part, whole, with those that carry its state. */
export function withCarrier<Block>(
  part: Part,
  block: Block | undefined,
  path: string,
  encoding: ReplyEncoding,
): readonly (Block | WritableObject)[] {
  const own = block === undefined ? [] : [block]
  // Thinking carries its own; the state of what is left out goes with it.
  if (part.type === 'reasoning' || (block === undefined && part.type !== 'text')) return own
  const at = part.type === 'tool-call' ? 'next' : block === undefined ? 'self' : 'previous'
  const carrier = carrierOf(part.state, { at, of: kindOf(part) }, path, encoding)
  if (carrier === undefined) return own
  return at === 'next' ? [carrierBlock(carrier), ...own] : [...own, carrierBlock(carrier)]
}
