import type { JsonDocument } from '../../json/document.ts'
import type { Writable } from '../../json/raw.ts'
import type { ModelCapabilities } from '../../models/capabilities.ts'
import type { Effort, Reasoning } from '../conversation.ts'
import { effortOfBudget } from '../effort.ts'
import { isThinkingShown } from '../shown-thinking.ts'
import { Fields } from './fields.ts'
import type { Losses } from './losses.ts'

type Level = ModelCapabilities['thinking_levels'][number]

const LEVELS: readonly Level[] = ['minimal', 'low', 'medium', 'high']

/** `thinkingConfig` → canonical. `undefined` where something in it is not understood: then it stays as it is. */
export function decodeThinking(node: unknown, document: JsonDocument): Reasoning | undefined {
  const fields = new Fields(node, document)
  const include = fields.takeBoolean('includeThoughts')
  const budget = fields.takeNumber('thinkingBudget')
  const word = fields.takeString('thinkingLevel')?.toLowerCase()
  const level = LEVELS.find(known => known === word)
  if (fields.rest() || (word !== undefined && word !== 'thinking_level_unspecified' && !level)) return undefined
  return {
    ...(level ? { effort: level } : {}),
    ...(budget === undefined ? {} : { budget: budget < 0 ? 'dynamic' : budget }),
    ...(include === undefined ? {} : { show: include ? 'summary' : 'none' }),
  }
}

/** Canonical → `thinkingConfig`, in the way that the model takes (conversion.md C.5). */
export function encodeThinking(reasoning: Reasoning, capabilities: ModelCapabilities, losses: Losses): Writable {
  const { thinking } = capabilities
  const byLevel = thinking.includes('level')
  if (!byLevel && !thinking.includes('budget')) {
    if (asksForThought(reasoning)) losses.dropped('reasoning', 'this model does not think')
    return undefined
  }
  const depth = (byLevel ? levelFor : budgetFor)(reasoning, capabilities, losses)
  const include = isThinkingShown(reasoning)
  return depth === undefined && include === undefined ? undefined : { ...depth, includeThoughts: include }
}

function asksForThought(reasoning: Reasoning): boolean {
  return effortOf(reasoning) !== undefined && effortOf(reasoning) !== 'none'
}

/** How much effort is asked for, in whatever words. */
function effortOf({ effort, budget, mode }: Reasoning): Effort | undefined {
  if (mode === 'disabled') return 'none'
  if (effort !== undefined) return effort
  return typeof budget === 'number' ? effortOfBudget(budget) : undefined
}

const RANK: Readonly<Record<Effort, number>> = { none: -1, minimal: 0, low: 1, medium: 2, high: 3, xhigh: 3, max: 3 }

function levelFor(
  reasoning: Reasoning,
  { thinking_levels: levels }: ModelCapabilities,
  losses: Losses,
): LevelField | undefined {
  const effort = effortOf(reasoning)
  if (effort === undefined) return undefined
  // Rounded down to what the model has; up only where nothing is lower.
  const level = levels.findLast(known => RANK[known] <= RANK[effort]) ?? levels[0]
  if (level === undefined) return undefined
  if (reasoning.effort === undefined && effort !== 'none')
    losses.approximated('reasoning.budget', `this model thinks in levels: asked for "${level}"`)
  else if (level !== effort) losses.approximated('reasoning', `the nearest thinking level here is "${level}"`)
  return { thinkingLevel: level }
}

interface LevelField {
  readonly thinkingLevel: Level
}
interface BudgetField {
  readonly thinkingBudget: number
}

const SHARE: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 0,
  low: 0.1,
  medium: 0.3,
  high: 0.6,
  xhigh: 1,
  max: 1,
}
const MINIMAL_BUDGET = 512

function budgetFor(
  reasoning: Reasoning,
  { thinking_budget_min: min, thinking_budget_max: max, thinking_off }: ModelCapabilities,
  losses: Losses,
): BudgetField | undefined {
  const wanted = wantedBudget(reasoning, max)
  if (wanted === undefined) return undefined
  if (wanted < 0) return { thinkingBudget: -1 }
  if (wanted === 0 && thinking_off === 'disabled') return { thinkingBudget: 0 }
  const budget = Math.min(Math.max(Math.round(wanted), min), max)
  if (budget !== wanted && reasoning.effort === undefined) {
    losses.approximated('reasoning.budget', `this model thinks for ${min} to ${max} tokens`)
  } else if (wanted === 0) {
    losses.approximated('reasoning', 'this model cannot be kept from thinking')
  }
  return { thinkingBudget: budget }
}

/** -1 leaves it to the model. */
function wantedBudget({ effort, budget, mode }: Reasoning, max: number): number | undefined {
  if (mode === 'disabled') return 0
  if (typeof budget === 'number') return budget
  if (effort !== undefined) return effort === 'minimal' ? MINIMAL_BUDGET : Math.round(SHARE[effort] * max)
  return budget === 'dynamic' || mode === 'adaptive' ? -1 : undefined
}
