/** What a label shows for a value outside of its list. */
export const OTHER = 'other'

/**
 * Values that a label may have when they are not known beforehand: the first ones, up to a limit, stand for themselves,
 * all later ones are `other`. Keeps the number of time series bounded whatever happens.
 */
export class ClosedNames {
  readonly #names = new Set<string>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The name if it is known or there is room for it, and it looks like a name of ours; else `other`. */
  of(name: string): string {
    if (this.#names.has(name)) return name
    if (this.#names.size >= this.#limit || !/^[\w.:@/-]{1,128}$/.test(name)) return OTHER
    this.#names.add(name)
    return name
  }
}
