/**
 * Ids of items and calls in one reply: those that came, where they can be used, and else new ones, made of the reply's
 * id so that the same reply has the same ids again. Clients refuse a reply in which an id stands twice.
 */
export class ItemIds {
  readonly #suffix: string
  readonly #items = new Set<string>()
  readonly #calls = new Set<string>()

  constructor(responseId: string) {
    this.#suffix = responseId.startsWith('resp_') ? responseId.slice(5) : responseId
  }

  /** @param prefix of a new id: `msg`, `fc`, `rs`, … */
  itemId(prefix: string, given: string | undefined): string {
    return claim(this.#items, given ?? '', number => `${prefix}_${this.#suffix}_${number}`)
  }

  callId(given: string): string {
    return claim(this.#calls, given, number => `${given === '' ? `call_${this.#suffix}` : given}_${number}`)
  }
}

function claim(taken: Set<string>, wanted: string, make: (number: number) => string): string {
  let id = wanted
  for (let number = taken.size; id === '' || taken.has(id); number++) id = make(number)
  taken.add(id)
  return id
}
