/** What is known of models: the operator's rules, and behind them the shipped ones. */
import { matchGlob } from '../glob.ts'
import type { CapabilityChanges, ModelCapabilities } from './capabilities.ts'
import { inOrder } from './capabilities.ts'
import { matchModel } from './name-pattern.ts'

/** A model at the place where a call for it is going. */
export interface ModelPlace {
  readonly model: string
  /** The configured provider's name. */
  readonly provider: string
  /** The format that the provider speaks. */
  readonly format: string
  /** As which kind of server the provider speaks it; absent: as the format's own maker. */
  readonly dialect?: string
}

/** A rule of the shipped catalogue. */
export interface ModelRule {
  /** Patterns (`name-pattern.ts`). */
  readonly match: readonly string[]
  /** Where the rule holds: `gemini`, or `openai-chat:azure` for one kind of server. Absent: everywhere. */
  readonly formats?: readonly string[]
  /** What stands for models that nothing is known of. */
  readonly isGuess: boolean
  readonly capabilities: ModelCapabilities
}

/** A rule of the operator's. */
export interface CapabilityOverride {
  readonly match: readonly string[]
  /** Holds for this provider only, or those that the pattern matches. */
  readonly provider?: string
  /** The model whose record is changed; absent: the one that was asked for. */
  readonly like?: string
  readonly changes: CapabilityChanges
}

/** Names come from clients: they are remembered, but not without end, and none is longer than any model's is. */
const MAX_REMEMBERED = 1_000
const MAX_NAME = 256

export class ModelCatalogue {
  readonly #overrides: readonly CapabilityOverride[]
  readonly #rules: readonly ModelRule[]
  readonly #remembered = new Map<string, ModelCapabilities>()

  /** @param rules the last of them matches every model in every format, so that there is a record for each */
  constructor(overrides: readonly CapabilityOverride[], rules: readonly ModelRule[]) {
    this.#overrides = overrides.map(override => ({ ...override, changes: inOrder(override.changes) }))
    this.#rules = rules
  }

  /** The first override that matches, on top of the first rule that does. Cheap: it is on the way of each conversion. */
  capabilitiesOf(place: ModelPlace): ModelCapabilities {
    const { model, provider, format, dialect } = place
    if (model.length > MAX_NAME) return this.#resolve({ ...place, model: '' })
    const key = `${provider}\0${format}\0${dialect ?? ''}\0${model}`
    const known = this.#remembered.get(key)
    if (known) return known
    const found = this.#resolve(place)
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(key, found)
    return found
  }

  /** @param from how many overrides are left out: the base of one is looked for among those below it */
  #resolve(place: ModelPlace, from = 0): ModelCapabilities {
    const at = this.#overrides.findIndex((override, index) => index >= from && overrides(override, place))
    const override = this.#overrides[at]
    if (override === undefined) return this.#shipped(place)
    const base = this.#resolve({ ...place, model: override.like ?? place.model }, at + 1)
    return Object.freeze({ ...base, ...override.changes })
  }

  #shipped(place: ModelPlace): ModelCapabilities {
    const rule = this.#rules.find(({ match, formats }) => isOneOf(match, place.model) && holdsAt(formats, place))
    if (!rule) throw new Error('the last rule of the catalogue of models does not match every model')
    return rule.capabilities
  }
}

/** Whether something is known of a model, wherever it is: no guess stands for it. */
export function isKnownModel(model: string, rules: readonly (ModelRule | CapabilityOverride)[]): boolean {
  return rules.some(rule => !('isGuess' in rule && rule.isGuess) && isOneOf(rule.match, model))
}

function overrides({ match, provider }: CapabilityOverride, place: ModelPlace): boolean {
  return (provider === undefined || matchGlob(provider, place.provider)) && isOneOf(match, place.model)
}

function isOneOf(patterns: readonly string[], model: string): boolean {
  return patterns.some(pattern => matchModel(pattern, model))
}

function holdsAt(formats: readonly string[] | undefined, { format, dialect }: ModelPlace): boolean {
  if (formats === undefined) return true
  return formats.some(name => {
    const [known, kind] = name.split(':')
    return known === format && (kind === undefined || dialect === undefined || kind === dialect)
  })
}
