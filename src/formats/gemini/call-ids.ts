/**
 * Ids of tool calls. Gemini before 3 gives none, and pairs results with calls by name and order; every other format
 * needs them. What we make up is deterministic, so that a prompt stays the same from turn to turn, and can be told
 * from a model's own id, so that it is never sent to Gemini.
 */
const MARK = 'call_gemini_'

/** The id to send; absent for one that was made up here, also when another format has put its own prefix before it. */
export function wireId(id: string): string | undefined {
  return id === '' || id.includes(MARK) ? undefined : id
}

/** @param scope makes ids of different replies different */
export function mintId(scope: string, number: number): string {
  return scope === '' ? `${MARK}${number}` : `${MARK}${scope}_${number}`
}

interface PendingCall {
  readonly name: string
  readonly id: string
}

/** Gives the calls of one conversation or reply their ids, and finds the call that a result without id answers. */
export class CallIds {
  readonly #scope: string
  #calls = 0
  #orphans = 0
  #pending: PendingCall[] = []

  constructor(scope = '') {
    this.#scope = scope
  }

  call(name: string, id: string | undefined): string {
    const number = this.#calls++
    const known = id === undefined || id === '' ? mintId(this.#scope, number) : id
    this.#pending.push({ name, id: known })
    return known
  }

  /** The first unanswered call of that name; a result that answers nothing gets an id of its own. */
  result(name: string, id: string | undefined): string {
    const at = this.#pending.findIndex(call => (id === undefined || id === '' ? call.name === name : call.id === id))
    const call = this.#pending[at]
    if (call) this.#pending.splice(at, 1)
    return id === undefined || id === '' ? (call?.id ?? mintId('orphan', this.#orphans++)) : id
  }

  /** How many calls nobody has answered. */
  get unanswered(): number {
    return this.#pending.length
  }
}
