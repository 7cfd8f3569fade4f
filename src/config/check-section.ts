import type { ObjectSchema, OptionSchema, OptionsOf } from '../options.ts'
import { type Checked, checkOptions } from './check-options.ts'
import type { Place } from './place.ts'
import type { Problem } from './problems.ts'
import type { Reference } from './read-options.ts'
import { entryOf, isTable, type Table } from './table.ts'
import { readDuration, readSize } from './units.ts'

/** Timers of Node hold no more than 2^31 - 1 ms; a longer one would go off at once. */
const LONGEST_TIMER = 24 * 86_400_000
/** Durations of which zero says something: no wait, or never. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set(['drain_timeout', 'heartbeat'])

/**
 * Checks a table that the gateway itself reads: as `checkOptions`, and its durations must fit a timer.
 * @param value anything that stands where the table is expected; `undefined` counts as an empty table
 */
export function checkSection<const S extends { readonly properties: object }>(
  schema: S & ObjectSchema,
  value: unknown,
  place: Place,
  alsoKnown: Iterable<string> = [],
): Checked<OptionsOf<S>> {
  if (value !== undefined && !isTable(value)) return failed([place.problem('must be a table')])
  const checked = checkOptions(schema, value ?? {}, place, alsoKnown)
  const problems = [...checked.problems, ...amountProblems(schema, value ?? {}, place)]
  // A value that has passed the schema is of the schema's type.
  return problems.length === 0 ? (checked as Checked<OptionsOf<S>>) : failed(problems, checked.references)
}

/** A check without a value. */
export function failed(problems: readonly Problem[], references: readonly Reference[] = []): Checked<never> {
  return { problems, references }
}

function amountProblems(schema: ObjectSchema, table: Table, place: Place): readonly Problem[] {
  return Object.entries(schema.properties).flatMap(([key, property]) => {
    const value = entryOf(table, key)
    if ('properties' in property && isTable(value)) return amountProblems(property, value, place.at(key))
    const fault = typeof value === 'string' ? amountFault(key, property, value) : undefined
    return fault === undefined ? [] : [place.at(key).problem(fault)]
  })
}

/** Text that is no amount at all is the business of the schema. */
function amountFault(key: string, schema: OptionSchema, text: string): string | undefined {
  if (schema.type !== 'string' || (schema.format !== 'duration' && schema.format !== 'size')) return undefined
  const measured = schema.format === 'duration' ? readDuration(text) : readSize(text)
  if ('fault' in measured) return undefined
  if (measured.value === 0 && !MAY_BE_ZERO.has(key)) return 'must be more than zero'
  return schema.format === 'duration' && measured.value > LONGEST_TIMER ? 'must be at most "24d"' : undefined
}
