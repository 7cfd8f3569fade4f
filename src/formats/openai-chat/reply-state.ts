/**
 * Opaque reasoning state on its way to a Chat client and back: the one place that says where it stands on the wire
 * (conversion.md B.4). State whose scheme has no place in Chat Completions is left out and noted; it is never put
 * into a field of another issuer's.
 */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { OpaqueState } from '../conversation.ts'
import type { Ledger } from './ledger.ts'
import { joinDetails } from './reasoning-details.ts'

type WireFields = { readonly [key: string]: Writable }

/** @returns the fields beside the text of a message that carry the state of its reasoning */
export function reasoningStateFields(states: readonly OpaqueState[], ledger: Ledger): WireFields {
  const values = states.filter(state => state.scheme === 'openrouter.details').map(state => state.value)
  const details = joinDetails(values)
  noteLost(
    states.filter(state => state.scheme !== 'openrouter.details' || details === undefined),
    ledger,
  )
  return details === undefined || values.length === 0 ? {} : { reasoning_details: new RawJson(details) }
}

/** @returns the fields of an entry of `tool_calls` that carry the state of the call */
export function callStateFields(states: readonly OpaqueState[], ledger: Ledger): WireFields {
  const isSaid = (state: OpaqueState): boolean => state.scheme === 'gemini.thought-signature'
  const signature = states.findLast(isSaid)
  noteLost(
    states.filter(state => !isSaid(state)),
    ledger,
  )
  return signature ? { extra_content: { google: { thought_signature: signature.value } } } : {}
}

function noteLost(states: readonly OpaqueState[], ledger: Ledger): void {
  for (const { scheme } of states) {
    ledger.dropped(`state.${scheme}`, 'Chat Completions has no place for this reasoning state')
  }
}
