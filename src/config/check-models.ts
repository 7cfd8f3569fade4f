import { type CapabilityOverride, isKnownModel, type ModelRule } from '../models/catalogue.ts'
import { matchModel } from '../models/name-pattern.ts'
import type { OptionsOf } from '../options.ts'
import type { Checked } from './check-options.ts'
import { checkSection, failed } from './check-section.ts'
import { didYouMean } from './did-you-mean.ts'
import { MODEL_SCHEMA, SINGLE_MODEL_SCHEMA } from './model-schema.ts'
import type { Place } from './place.ts'
import type { Problem } from './problems.ts'
import { shippedModels } from './shipped-models.ts'
import { entryOf, isTable, type Table } from './table.ts'

/** Checks `[[model_capabilities]]`. Its references are to providers, which it does not put to use. */
export function checkModels(tables: unknown = [], place: Place): Checked<readonly CapabilityOverride[]> {
  if (!Array.isArray(tables)) return failed([place.problem('must be an array of tables: [[model_capabilities]]')])
  const checked = tables.map((table, index) => checkOverride(table, place.at(index)))
  const value = checked.flatMap(entry => entry.value ?? [])
  const problems = [
    ...checked.flatMap(entry => entry.problems),
    ...(value.length === checked.length ? value.flatMap((_, index) => likeProblems(value, index, place)) : []),
  ]
  const references = checked.flatMap(entry => entry.references)
  return problems.length > 0 ? failed(problems, references) : { value: Object.freeze(value), problems, references }
}

function checkOverride(table: unknown, place: Place): Checked<CapabilityOverride> {
  if (!isTable(table)) return failed([place.problem('must be a table with "match"')])
  const { value, problems, references } = checkTable(table, place)
  const faults = [...problems, ...budgetProblems(table, place), ...emptyProblems(table, place)]
  if (value === undefined || faults.length > 0) return failed(faults, references)
  const { match, provider, like, ...changes } = value
  const override = {
    match: [match].flat(),
    ...(provider !== undefined && { provider }),
    ...(like !== undefined && { like }),
    changes,
  }
  return { value: Object.freeze(override), problems: [], references }
}

type OverrideTable = OptionsOf<typeof MODEL_SCHEMA> | OptionsOf<typeof SINGLE_MODEL_SCHEMA>

/** JSON Schema has words for "a name or a list of names", but none from which a good sentence can be made. */
function checkTable(table: Table, place: Place): Checked<OverrideTable> {
  const match = entryOf(table, 'match')
  if (typeof match === 'string') return checkSection(SINGLE_MODEL_SCHEMA, table, place)
  if (match === undefined || Array.isArray(match)) return checkSection(MODEL_SCHEMA, table, place)
  const { problems, references } = checkSection(SINGLE_MODEL_SCHEMA, { ...table, match: '*' }, place)
  return failed([place.at('match').problem('must be a name or a pattern, or a list of them'), ...problems], references)
}

function budgetProblems(table: Table, place: Place): readonly Problem[] {
  const [least, most] = [entryOf(table, 'thinking_budget_min'), entryOf(table, 'thinking_budget_max')]
  if (typeof least !== 'number' || typeof most !== 'number' || least <= most) return []
  return [place.at('thinking_budget_max').problem(`must be at least thinking_budget_min, which is ${least}`)]
}

/** An entry that changes nothing is a slip: whoever wrote it meant something. */
function emptyProblems(table: Table, place: Place): readonly Problem[] {
  const says = Object.keys(table).some(key => key !== 'match' && key !== 'provider')
  return says ? [] : [place.problem('changes nothing; add "like", or what the models take')]
}

/** A base that only a guess stands for is no base, but a name that is misspelt. */
function likeProblems(overrides: readonly CapabilityOverride[], index: number, place: Place): readonly Problem[] {
  const like = overrides[index]?.like
  const at = place.at(index, 'like')
  if (like === undefined || at.origin?.kind === 'unknown') return []
  const below = [...overrides.slice(index + 1), ...shippedModels()]
  if (isKnownModel(like, below)) return []
  const isAbove = overrides.slice(0, index).some(({ match }) => match.some(pattern => matchModel(pattern, like)))
  if (isAbove) return [at.problem('is looked for below, and only an entry above is about it; put this one first')]
  const hint = at.show(like) === undefined ? '' : didYouMean(like, below.flatMap(namesOf))
  return [at.problem(`nothing is known of a model of this name${hint}`)]
}

/** The patterns of a rule as names that they match, near enough for a hint. */
function namesOf(rule: ModelRule | CapabilityOverride): readonly string[] {
  if ('isGuess' in rule && rule.isGuess) return []
  return rule.match.map(pattern => pattern.replace(/^\*(?!claude)/, 'claude-').replaceAll(/[*~]/g, ''))
}
