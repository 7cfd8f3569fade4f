import type { ObjectSchema } from '../options.ts'
import { compileSchema } from './option-schema.ts'
import type { Place } from './place.ts'
import type { Problem } from './problems.ts'
import { type Reference, readOptions } from './read-options.ts'
import { problemOf } from './sentences.ts'
import type { Table } from './table.ts'

/** The outcome of a check. */
export interface Checked<Value> {
  /** Deeply frozen; absent when there are problems, here or already reported ones. */
  readonly value?: Value
  readonly problems: readonly Problem[]
  /** Names that must exist elsewhere in the configuration; beside problems, those that could be made out. */
  readonly references: readonly Reference[]
}

/**
 * Checks a TOML table against a schema: of a processor, of a kind of provider, or of a fixed part of the file.
 *
 * @param schema one that `schemaProblems` has found good
 * @param table interpolated, and left as it is
 * @param alsoKnown keys that somebody else has taken out of the same table, for "did you mean"
 * @returns options with defaults filled in, durations in milliseconds, sizes in bytes, secrets wrapped
 */
export function checkOptions(
  schema: ObjectSchema,
  table: Table,
  place: Place,
  alsoKnown: Iterable<string> = [],
): Checked<unknown> {
  const validate = compileSchema(schema)
  // ajv writes the defaults into what it checks.
  const filled = structuredClone(table)
  const valid = validate(filled)
  const { options, references } = readOptions(schema, filled, place)
  if (valid) return { value: options, problems: [], references }
  const problems = (validate.errors ?? []).flatMap(error => problemOf(error, { place, value: filled, alsoKnown }) ?? [])
  return { problems, references }
}
