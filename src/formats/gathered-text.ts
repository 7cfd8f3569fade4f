/** How many pieces are held as they came. */
const LOOSE_PIECES = 16

/**
 * Text that grows by deltas, kept while a stream goes on. Not a string with `+=`: a delta is a view of the frame that it
 * was cut out of, and keeps all of that frame in memory, fifteen times the delta and more.
 */
export class GatheredText {
  readonly #loose: string[] = []
  #text = ''
  #length = 0

  /** In UTF-16 code units. */
  get length(): number {
    return this.#length
  }

  get text(): string {
    this.#settle()
    return this.#text
  }

  add(piece: string): void {
    this.#length += piece.length
    if (this.#loose.push(piece) === LOOSE_PIECES) this.#settle()
  }

  /** `join` writes the characters anew, so that the frames can go. */
  #settle(): void {
    if (this.#loose.length === 0) return
    this.#text += this.#loose.join('')
    this.#loose.length = 0
  }
}
