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
    const goesOn = last && last.type === detail.type && last.index === detail.index
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
