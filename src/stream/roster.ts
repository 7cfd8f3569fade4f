/** Something that can be in a roster, in one at a time. */
export class Listed {
  #before: Listed = this
  #after: Listed = this

  get isListed(): boolean {
    return this.#after !== this
  }

  enter({ head }: Roster<Listed>): void {
    this.leave()
    this.#before = head
    this.#after = head.#after
    this.#after.#before = this
    head.#after = this
  }

  /** Harmless where it is in no roster. */
  leave(): void {
    this.#before.#after = this.#after
    this.#after.#before = this.#before
    this.#before = this
    this.#after = this
  }

  /** All that are listed with it. */
  others(): readonly Listed[] {
    const others: Listed[] = []
    for (let other = this.#after; other !== this; other = other.#after) others.push(other)
    return others
  }
}

/**
 * What is under way, and comes and goes with each call. A `Set` would do, but V8 gives it a new table every few additions,
 * and the old table leads to the new one: once one of them has survived two collections, all that come after it, with the
 * calls in them, stay until the next full one (docs/decisions/018-what-outlives-a-call.md).
 */
export class Roster<T extends Listed> {
  /** Stands for nothing: the ring of all that are in it begins and ends here. */
  readonly head = new Listed()

  get isEmpty(): boolean {
    return !this.head.isListed
  }

  /** Those that are in it now, the latest first. */
  all(): readonly T[] {
    return this.head.others() as readonly T[]
  }
}
