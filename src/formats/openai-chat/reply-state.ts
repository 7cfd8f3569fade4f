/**
 * Opaque reasoning state on its way to a Chat client and back: the one place that says where it stands on the wire
 * (conversion.md B.4). State whose scheme has no place in Chat Completions is left out and noted; it is never put
 * into a field of another issuer's.
 */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { OpaqueState } from '../conversation.ts'
import type { Ledger } from './ledger.ts'

type Place = 'reasoning' | 'call'

/** @returns the fields that carry the state, beside the text of a message or in an entry of `tool_calls` */
export function stateFields(
  place: Place,
  states: readonly OpaqueState[],
  ledger: Ledger,
): { readonly [key: string]: Writable } {
  let fields: { readonly [key: string]: Writable } = {}
  for (const state of states) {
    const encoded = encodeState(place, state)
    if (encoded) fields = { ...fields, ...encoded }
    else ledger.dropped(`state.${state.scheme}`, 'Chat Completions has no place for this reasoning state')
  }
  return fields
}

function encodeState(place: Place, state: OpaqueState): { readonly [key: string]: Writable } | undefined {
  if (place === 'reasoning' && state.scheme === 'openrouter.details') {
    return { reasoning_details: new RawJson(state.value) }
  }
  if (place === 'call' && state.scheme === 'gemini.thought-signature') {
    return { extra_content: { google: { thought_signature: state.value } } }
  }
  return undefined
}
