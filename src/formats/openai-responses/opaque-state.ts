import { type Carried, sealState } from '../carrier.ts'
import type { OpaqueState } from '../conversation.ts'
import { isFields, listOf } from './fields.ts'
import type { LossList } from './loss-list.ts'

export function isOwn({ scheme }: OpaqueState): boolean {
  return scheme === 'openai.encrypted'
}

/**
 * Whether a client sends reasoning back with its state in it. Others count on the provider's memory and send references
 * to items (the AI SDK does unless told `store: false`), which only whoever has stored them can follow.
 *
 * @param body the client's request
 */
export function takesStateBack(body: unknown): boolean {
  if (!isFields(body)) return false
  return body.store === false || listOf(body.include).includes('reasoning.encrypted_content')
}

/**
 * The reasoning state of the parts of a reply, until it is known where it goes. What another provider issued is not
 * passed off as OpenAI's: it goes into a carrier, which only this gateway reads.
 */
export class PartStates {
  readonly #losses: LossList
  readonly #key: Buffer | undefined
  readonly #states = new Map<number, readonly OpaqueState[]>()

  /** @param key seals carriers; without one foreign state is lost */
  constructor(losses: LossList, key: Buffer | undefined) {
    this.#losses = losses
    this.#key = key
  }

  add(part: number, states: readonly OpaqueState[]): void {
    if (states.length > 0) this.#states.set(part, [...(this.#states.get(part) ?? []), ...states])
  }

  /** The part is left out, and its state with it. */
  forget(part: number): void {
    this.#states.delete(part)
  }

  /** The value for the `encrypted_content` of an item at `place`; `undefined` when there is none. Given once. */
  take(part: number, place: Omit<Carried, 'states'>): string | undefined {
    const states = this.#states.get(part)
    this.#states.delete(part)
    if (states === undefined) return undefined
    const own = place.of === 'reasoning' ? states.findLast(isOwn)?.value : undefined
    const value = own ?? (this.#key && sealState({ ...place, states }, this.#key))
    if (value === undefined)
      this.#losses.dropped(`parts[${part}].state`, 'the Responses API has no place for this reasoning state')
    return value
  }
}
