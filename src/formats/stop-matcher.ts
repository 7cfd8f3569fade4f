/**
 * Finds one stop sequence in a text that comes in pieces, wherever it is broken (Knuth, Morris, Pratt: each character is
 * looked at once, so that a hostile sequence costs no more than an honest one).
 */
export class StopMatcher {
  readonly sequence: string
  /** For each length of a beginning that has matched: the longest shorter beginning that it ends with. */
  readonly #shorter: readonly number[]
  #matched = 0

  /** @param sequence not empty */
  constructor(sequence: string) {
    this.sequence = sequence
    this.#shorter = shorterBeginnings(sequence)
  }

  /** How much of the sequence the text so far ends with. */
  get matched(): number {
    return this.#matched
  }

  /** @param unit the next UTF-16 unit of the text. @returns whether the sequence ends with it */
  see(unit: number): boolean {
    while (this.#matched > 0 && this.sequence.charCodeAt(this.#matched) !== unit) {
      this.#matched = this.#shorter[this.#matched - 1] ?? 0
    }
    if (this.sequence.charCodeAt(this.#matched) === unit) this.#matched++
    return this.#matched === this.sequence.length
  }
}

function shorterBeginnings(sequence: string): readonly number[] {
  const lengths = [0]
  let length = 0
  for (let at = 1; at < sequence.length; at++) {
    const unit = sequence.charCodeAt(at)
    while (length > 0 && sequence.charCodeAt(length) !== unit) length = lengths[length - 1] ?? 0
    if (sequence.charCodeAt(length) === unit) length++
    lengths.push(length)
  }
  return lengths
}
