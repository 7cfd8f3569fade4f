/** Numbers the parts of a reply in the order in which they begin. */
export class PartIndex {
  #next = 0

  take(): number {
    return this.#next++
  }
}
