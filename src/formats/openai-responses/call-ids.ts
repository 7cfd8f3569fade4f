import { createHash } from 'node:crypto'

/**
 * A tool-call id as the API takes it: 1 to 64 characters. Longer ones, which other formats allow, become a hash of
 * themselves: the same id always the same hash, so that calls and results still meet.
 */
export function acceptableCallId(id: string): string {
  return id.length >= 1 && id.length <= 64 ? id : `call_${createHash('sha256').update(id).digest('hex').slice(0, 48)}`
}

/** The ids of the calls of one conversation, where each call has its own and each result that of its call. */
export class CallIds {
  readonly #isNative: boolean
  /** By the client's id, how many calls have had it. */
  readonly #uses = new Map<string, number>()

  /** @param isNative the ids are the client's own, who speaks this format */
  constructor(isNative: boolean) {
    this.#isNative = isNative
  }

  /** Some providers count from zero in every turn: an id that comes again gets a number (conversion.md E37). */
  call(id: string): string {
    this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1)
    return this.result(id)
  }

  /** A result is of the last call of that id. */
  result(id: string): string {
    const uses = this.#uses.get(id) ?? 1
    return acceptableCallId(this.#isNative || uses === 1 ? id : `${id}_${uses}`)
  }
}
