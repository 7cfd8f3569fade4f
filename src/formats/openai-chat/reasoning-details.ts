import type { OpaqueState } from '../conversation.ts'
import { type Fields, objectOf } from './fields.ts'

/** Fields whose text goes on from delta to delta (OpenRouter, "Reasoning tokens"). */
const GROWING = ['text', 'summary', 'data'] as const

/** Puts OpenRouter's streamed `reasoning_details` together: deltas of one `index` and `type` are one item. */
export class ReasoningDetails {
  #items: Record<string, unknown>[] = []

  add(details: readonly unknown[]): void {
    for (const value of details) {
      const detail = objectOf(value)
      if (detail) this.#addOne(detail)
    }
  }

  #addOne(detail: Fields): void {
    const last = this.#items.at(-1)
    const goesOn = last && detail.index !== undefined && last.index === detail.index && last.type === detail.type
    if (!last || !goesOn) {
      this.#items.push({ ...detail })
      return
    }
    for (const [key, value] of Object.entries(detail)) {
      const grows = GROWING.some(name => name === key) && typeof value === 'string'
      if (grows) last[key] = `${typeof last[key] === 'string' ? last[key] : ''}${value}`
      else if (value !== null && key !== '__proto__') last[key] = value
    }
  }

  /** All items since the last call, as state that the issuer wants back. */
  take(): OpaqueState | undefined {
    if (this.#items.length === 0) return undefined
    const value = JSON.stringify(this.#items)
    this.#items = []
    return { scheme: 'openrouter.details', value }
  }
}

/**
 * The items of details that travel as state, as one JSON array.
 *
 * @returns `undefined` when a value is no array: it is not what OpenRouter sent then
 */
export function joinDetails(values: readonly string[]): string | undefined {
  const items = values.map(itemsText)
  return items.every(text => text !== undefined) ? `[${items.filter(text => text !== '').join(',')}]` : undefined
}

function itemsText(value: string): string | undefined {
  try {
    return Array.isArray(JSON.parse(value)) ? value.trim().slice(1, -1).trim() : undefined
  } catch {
    return undefined
  }
}
