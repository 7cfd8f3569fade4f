import { matchGlob } from '../glob.ts'

/** Names remembered with their label, so that a pattern is tried once for each. */
const REMEMBERED = 1_000

/**
 * The closed list of model labels: the names and patterns that the configuration mentions, and `other`. What a client
 * sends becomes a label only by matching one of them (reliability.md, fact 17).
 */
export class ModelLabels {
  readonly #exact: ReadonlySet<string>
  readonly #patterns: readonly string[]
  readonly #known = new Map<string, string>()

  constructor(configured: Iterable<string>) {
    const names = [...new Set(configured)]
    this.#exact = new Set(names.filter(name => !name.includes('*')))
    this.#patterns = names.filter(name => name.includes('*'))
  }

  /** All labels there can be. */
  get all(): readonly string[] {
    return [...this.#exact, ...this.#patterns, 'other']
  }

  labelOf(model: string): string {
    if (this.#exact.has(model)) return model
    const known = this.#known.get(model)
    if (known !== undefined) return known
    const label = this.#patterns.find(pattern => matchGlob(pattern, model)) ?? 'other'
    if (this.#known.size >= REMEMBERED) this.#known.clear()
    if (model.length <= 256) this.#known.set(model, label)
    return label
  }
}
