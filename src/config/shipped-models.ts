/** The shipped catalogue of models: data → checked rules. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CAPABILITY_NAMES, type CapabilityChanges, inOrder, type ModelCapabilities } from '../models/capabilities.ts'
import type { ModelRule } from '../models/catalogue.ts'
import { checkSection } from './check-section.ts'
import { didYouMean } from './did-you-mean.ts'
import { FAMILY_SCHEMA, RULE_SCHEMA } from './model-schema.ts'
import { Place } from './place.ts'
import { ConfigProblems, type Problem } from './problems.ts'
import { entryOf, isTable, type Table } from './table.ts'
import { parseToml } from './toml.ts'

const FILE = fileURLToPath(new URL('../models/shipped.toml', import.meta.url))
let shipped: readonly ModelRule[] | undefined

/** The rules that come with the gateway; read once. */
export function shippedModels(): readonly ModelRule[] {
  shipped ??= readModels(readFileSync(FILE, 'utf8'), FILE)
  return shipped
}

/** @throws ConfigProblems with everything that is wrong with the text, each with its line and column */
export function readModels(text: string, file: string): readonly ModelRule[] {
  const toml = parseToml(text, file)
  if ('message' in toml) throw new ConfigProblems([toml])
  const place = new Place({ file, positions: toml.positions, origins: new Map() })
  const reader = new ModelReader(
    place,
    toml.misfits.map(({ path, message }) => place.at(...path).problem(message)),
  )
  const rules = reader.read(toml.value)
  if (reader.problems.length > 0) throw new ConfigProblems(reader.problems)
  return rules
}

/** What a family or a rule says, with what it takes over. */
interface Facts {
  readonly formats?: readonly string[]
  readonly changes: CapabilityChanges
}

class ModelReader {
  readonly #place: Place
  readonly #problems: Problem[]
  readonly #families = new Map<string, Facts>()

  constructor(place: Place, problems: readonly Problem[]) {
    this.#place = place
    this.#problems = [...problems]
  }

  get problems(): readonly Problem[] {
    return this.#problems
  }

  read(file: Table): readonly ModelRule[] {
    const known = ['families', 'models']
    for (const key of Object.keys(file).filter(key => !known.includes(key)))
      this.#problem(this.#place.at(key), `unknown key${didYouMean(key, known)}`)
    const families = entryOf(file, 'families')
    if (isTable(families))
      for (const [name, table] of Object.entries(families)) this.#family(name, table, this.#place.at('families', name))
    else this.#problem(this.#place.at('families'), 'must be a table of tables')
    return this.#rules(entryOf(file, 'models'), this.#place.at('models'))
  }

  #family(name: string, table: unknown, place: Place): void {
    const { value, problems } = checkSection(FAMILY_SCHEMA, table, place)
    this.#problems.push(...problems)
    const { like, formats, ...changes } = value ?? {}
    // A family that is wrong counts as one that says nothing, so that nobody else is blamed for it.
    const facts = { ...(formats && { formats }), changes }
    this.#families.set(name, this.#joined(like, facts, place) ?? facts)
  }

  #rules(tables: unknown, place: Place): readonly ModelRule[] {
    if (!Array.isArray(tables)) {
      this.#problem(place, 'must be an array of tables')
      return []
    }
    const rules = tables.flatMap((table, index) => this.#rule(table, place.at(index)) ?? [])
    const last = rules.at(-1)
    if (last === undefined || last.formats !== undefined || !last.match.includes('*'))
      this.#problem(place.at(tables.length - 1), 'is the last rule, and must match "*" in every format')
    return rules
  }

  #rule(table: unknown, place: Place): ModelRule | undefined {
    const { value, problems } = checkSection(RULE_SCHEMA, table, place)
    this.#problems.push(...problems)
    if (value === undefined) return undefined
    const { match, guess, like, formats, ...changes } = value
    const facts = this.#joined(like, { ...(formats && { formats }), changes }, place)
    if (facts === undefined) return undefined
    const missing = CAPABILITY_NAMES.filter(name => facts.changes[name] === undefined)
    if (missing.length > 0) this.#problem(place, `is not whole: it says nothing of ${missing.join(', ')}`)
    // Nothing is missing, or the rule is never handed out.
    const capabilities = Object.freeze(inOrder(facts.changes)) as ModelCapabilities
    return { match, isGuess: guess, ...(facts.formats && { formats: facts.formats }), capabilities }
  }

  /** The facts on top of those of a family that stands above. */
  #joined(like: string | undefined, facts: Facts, place: Place): Facts | undefined {
    if (like === undefined) return facts
    const family = this.#families.get(like)
    if (family === undefined) {
      this.#problem(place.at('like'), `there is no such family above${didYouMean(like, this.#families.keys())}`)
      return undefined
    }
    return { ...family, ...facts, changes: { ...family.changes, ...facts.changes } }
  }

  #problem(place: Place, message: string): void {
    this.#problems.push(place.problem(message))
  }
}
