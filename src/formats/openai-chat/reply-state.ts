/**
 * Opaque reasoning state on its way to a Chat client: the one place that says where it stands on the wire (conversion.md
 * B.4). State of an issuer that has no field of its own travels as an item of `reasoning_details`, in a carrier that
 * only this gateway reads; it is never put into a field of another issuer's.
 */
import { RawJson, type Writable } from '../../json/raw.ts'
import { sealState } from '../carrier.ts'
import type { OpaqueState, Part } from '../conversation.ts'
import type { Ledger } from './ledger.ts'
import { joinDetails } from './reasoning-details.ts'

type WireFields = { readonly [key: string]: Writable }

/** Writes the state of one reply. */
export class StateWriter {
  readonly #ledger: Ledger
  readonly #key: Buffer | undefined
  #carriers = 0

  /** @param key seals carriers; without one foreign state is lost */
  constructor(ledger: Ledger, key: Buffer | undefined) {
    this.#ledger = ledger
    this.#key = key
  }

  /** @returns the fields of a message that carry the state of its parts; that of calls stands beside each call */
  message(parts: readonly Part[], path: string): WireFields {
    const details = parts.flatMap((part, at) =>
      part.type === 'tool-call' ? [] : this.details(part, lengthOf(part), part.state ?? [], `${path}[${at}]`),
    )
    const joined = joinDetails(details)
    return joined === undefined || details.length === 0 ? {} : { reasoning_details: new RawJson(joined) }
  }

  /**
   * @param length of the text that the state is of
   * @returns JSON texts of lists of `reasoning_details`
   */
  details(part: Part, length: number, states: readonly OpaqueState[], path: string): readonly string[] {
    const isOwn = (state: OpaqueState): boolean =>
      part.type === 'reasoning' && state.scheme === 'openrouter.details' && joinDetails([state.value]) !== undefined
    const own = states.filter(isOwn).map(({ value }) => value)
    const foreign = states.filter(state => !isOwn(state))
    if (foreign.length === 0) return own
    if (!HAS_PLACE.has(part.type)) {
      // The state of what is left out goes with it.
      if (part.type === 'media') this.#noteLost(foreign, path)
      return own
    }
    const isThought = part.type === 'reasoning'
    const carrier =
      this.#key &&
      sealState(
        { at: isThought ? 'self' : 'text', of: isThought ? 'reasoning' : 'text', length, states: foreign },
        this.#key,
      )
    if (carrier !== undefined) return [...own, this.#carrierItem(carrier)]
    this.#noteLost(foreign, path)
    return own
  }

  /** Each with an index of its own: clients put items of one index together. */
  #carrierItem(data: string): string {
    const index = this.#carriers++
    return JSON.stringify([{ type: 'reasoning.encrypted', data, format: 'unknown', index }])
  }

  /** @returns the fields of an entry of `tool_calls` that carry the state of the call */
  call(states: readonly OpaqueState[], path: string): WireFields {
    const isSaid = ({ scheme }: OpaqueState): boolean => scheme === 'gemini.thought-signature'
    const signature = states.findLast(isSaid)
    this.#noteLost(
      states.filter(state => !isSaid(state)),
      path,
    )
    return signature ? { extra_content: { google: { thought_signature: signature.value } } } : {}
  }

  #noteLost(states: readonly OpaqueState[], path: string): void {
    for (const { scheme } of states) {
      this.#ledger.dropped(`${path}.state`, `Chat Completions has no place for the reasoning state ${scheme}`)
    }
  }
}

/** Parts of which a message has something that state can be of; the state of others goes with them. */
const HAS_PLACE: ReadonlySet<Part['type']> = new Set(['reasoning', 'text', 'refusal'])

/** How long the text is that a part adds to the message's reasoning. */
function lengthOf(part: Part): number {
  return part.type === 'reasoning' ? part.chunks.join('\n\n').length : 0
}
