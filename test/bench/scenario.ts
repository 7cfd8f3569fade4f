import type { Stage } from './stage.ts'

/** Column → what stands in it; all rows of a table have the same columns in the same order. */
export type Row = Readonly<Record<string, string>>

export interface Measured {
  readonly rows: readonly Row[]
  /** What the rows were made of, for the JSON file. */
  readonly samples: readonly object[]
}

/** One thing that is measured, chosen by its name or by that of its table. */
export interface Scenario {
  readonly name: string
  readonly table: string
  readonly summary: string
  measure(stage: Stage): Promise<Measured>
}
