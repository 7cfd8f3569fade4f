/**
 * Opaque reasoning state on its way to a Chat client and back: the one place that says where it stands on the wire
 * (conversion.md B.4). State whose scheme has no place in Chat Completions is left out and noted; it is never put
 * into a field of another issuer's.
 */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { OpaqueState, Part } from '../conversation.ts'
import type { Ledger } from './ledger.ts'
import { joinDetails } from './reasoning-details.ts'

type WireFields = { readonly [key: string]: Writable }

/** @returns the fields of a message that carry the state of its parts; that of calls stands beside each call */
export function messageStateFields(parts: readonly Part[], path: string, ledger: Ledger): WireFields {
  const details: string[] = []
  for (const [at, part] of parts.entries()) {
    if (part.type !== 'tool-call') details.push(...stateDetails(part, part.state ?? [], `${path}[${at}]`, ledger))
  }
  const joined = joinDetails(details)
  return joined === undefined || details.length === 0 ? {} : { reasoning_details: new RawJson(joined) }
}

/** @returns JSON texts of lists of `reasoning_details` */
export function stateDetails(
  part: Part,
  states: readonly OpaqueState[],
  path: string,
  ledger: Ledger,
): readonly string[] {
  const isOwn = (state: OpaqueState): boolean =>
    part.type === 'reasoning' && state.scheme === 'openrouter.details' && joinDetails([state.value]) !== undefined
  noteStateLost(
    states.filter(state => !isOwn(state)),
    path,
    ledger,
  )
  return states.filter(isOwn).map(state => state.value)
}

/** @returns the fields of an entry of `tool_calls` that carry the state of the call */
export function callStateFields(states: readonly OpaqueState[], path: string, ledger: Ledger): WireFields {
  const isSaid = (state: OpaqueState): boolean => state.scheme === 'gemini.thought-signature'
  const signature = states.findLast(isSaid)
  noteStateLost(
    states.filter(state => !isSaid(state)),
    path,
    ledger,
  )
  return signature ? { extra_content: { google: { thought_signature: signature.value } } } : {}
}

export function noteStateLost(states: readonly OpaqueState[], path: string, ledger: Ledger): void {
  for (const { scheme } of states) {
    ledger.dropped(`${path}.state`, `Chat Completions has no place for the reasoning state ${scheme}`)
  }
}
