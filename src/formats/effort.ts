/** Reasoning efforts as an order, and thinking budgets in their terms (conversion.md C.5). */
import type { Effort } from './conversation.ts'

const ORDER: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** The strongest that is not stronger than what is wanted, else the weakest there is; `undefined` where there is none. */
export function nearestEffort(wanted: Effort, efforts: readonly Effort[]): Effort | undefined {
  const limit = ORDER.indexOf(wanted)
  return efforts.findLast(effort => ORDER.indexOf(effort) <= limit) ?? efforts[0]
}

/** A budget of thinking tokens as an effort. */
export function effortOfBudget(tokens: number): Effort {
  if (tokens <= 0) return 'none'
  if (tokens <= 2048) return 'low'
  if (tokens <= 8192) return 'medium'
  return tokens <= 24_576 ? 'high' : 'xhigh'
}
