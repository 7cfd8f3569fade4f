/** One row of the catalogue of conversion cases: what arrives, what is decided about it, and the proof. */

/**
 * `carried`: it means the same on the other side. `approximated`: something near it is said, and a loss tells so.
 * `left out`: it is not said, and a loss tells so. `refused`: a 400 that names the field. `passed on`: unchanged, for
 * the provider or the client to judge. `not offered`: Sluice does not do this, and the outcome says what happens instead.
 */
export type Decision = 'carried' | 'approximated' | 'left out' | 'refused' | 'passed on' | 'not offered'

export interface Case {
  /** Its number in the project's catalogue of conversion cases: `E23`. */
  readonly id: string
  /** What comes in, in one line. */
  readonly title: string
  readonly decision: Decision
  /** What Sluice does with it, in one line. */
  readonly outcome: string
  /** @throws an assertion's error when `outcome` is not what happens */
  readonly prove: () => void | Promise<void>
}

/** The default export of each file in this folder whose name ends in `.cases.ts`. */
export interface CaseSection {
  /** A heading of the table: `Roles, turns, system`. */
  readonly title: string
  /** Where it stands in the table. */
  readonly order: number
  readonly cases: readonly Case[]
}
