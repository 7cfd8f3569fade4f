/** Ids of tool calls that came without one, or with one that another call of the same reply has. */
export class CallIds {
  readonly #prefix: string
  readonly #given = new Set<string>()
  #calls = 0

  /** @param replyId makes the minted ids differ from those of other replies in the same conversation */
  constructor(replyId: string) {
    const slug = replyId.replaceAll(/[^a-zA-Z0-9]/g, '').slice(-32)
    this.#prefix = slug === '' ? 'call' : `call_${slug}`
  }

  /** Always the same ids for the same reply: retold history must not change (conversion.md E176). */
  give(id: string | undefined): string {
    const place = this.#calls++
    let given = id ?? `${this.#prefix}_${place}`
    for (let turn = 2; this.#given.has(given); turn++) given = `${id ?? `${this.#prefix}_${place}`}_${turn}`
    this.#given.add(given)
    return given
  }
}
