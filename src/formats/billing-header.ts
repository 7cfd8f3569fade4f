/**
 * Claude Code's first system block is a line for Anthropic's own accounting. It changes with every request and says
 * nothing to a model: Anthropic gets it back as it was, others never see it, and that is no loss (conversion.md E7).
 */
import type { Part } from './conversation.ts'

const FORMAT = 'anthropic-messages'
const LABEL = 'billing header'

/** @param json source text of the block */
export function billingHeader(json: string): Part {
  return { type: 'opaque', format: FORMAT, label: LABEL, json }
}

export function isBillingHeader(part: Part): boolean {
  return part.type === 'opaque' && part.format === FORMAT && part.label === LABEL
}
