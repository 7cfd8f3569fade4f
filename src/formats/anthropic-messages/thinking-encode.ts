/** Reasoning, canonical → `thinking` and `output_config.effort` (conversion.md C.5). */
import type { Conversation, Effort, Reasoning } from '../conversation.ts'
import { nearestEffort } from '../effort.ts'
import type { Encoding } from './encoding.ts'
import type { WritableObject } from './leftovers.ts'
import { FORMAT } from './name.ts'

export interface EncodedThinking {
  readonly thinking?: WritableObject
  readonly effort?: string
  /** Tokens of a manual thinking budget. */
  readonly budget?: number
  readonly maxTokens: number
}

/** @param unthoughtCall the conversation stands in a tool loop that began without thinking */
export function encodeThinking(
  conversation: Conversation,
  maxTokens: number,
  unthoughtCall: boolean,
  encoding: Encoding,
): EncodedThinking {
  const { reasoning } = conversation
  if (reasoning === undefined) return { maxTokens }
  const saidNothing = conversation.extensions?.[FORMAT]?.thinking !== undefined && reasoning.mode === undefined
  if (saidNothing) return { maxTokens, ...(reasoning.effort === undefined ? {} : { effort: reasoning.effort }) }
  const encoded = new ThinkingEncoder(reasoning, maxTokens, encoding).encode()
  if (encoded.budget === undefined || !unthoughtCall || reasoning.mode !== undefined) return encoded
  // Such a request is refused: "Expected thinking, but found tool_use" (conversion.md E88).
  encoding.log.dropped('reasoning', 'the current tool loop has no signed thinking, so this model must go on without')
  return { maxTokens, thinking: { type: 'disabled' } }
}

class ThinkingEncoder {
  readonly #reasoning: Reasoning
  readonly #maxTokens: number
  readonly #encoding: Encoding

  constructor(reasoning: Reasoning, maxTokens: number, encoding: Encoding) {
    this.#reasoning = reasoning
    this.#maxTokens = maxTokens
    this.#encoding = encoding
  }

  encode(): EncodedThinking {
    const { mode, effort, budget } = this.#reasoning
    const { thinking } = this.#encoding.capabilities
    if (mode !== undefined && (mode === 'between-tools' || thinking.includes('any'))) return this.#asSaid(mode)
    if (mode === 'disabled' || (mode === undefined && (effort === 'none' || budget === 0))) return this.#off()
    if (mode === 'enabled' && typeof budget === 'number') return this.#explicitBudget(budget)
    if (thinking.includes('adaptive')) return this.#adaptive()
    if (thinking.includes('budget')) return this.#derivedBudget()
    this.#encoding.log.dropped('reasoning', 'this model does not think')
    return { maxTokens: this.#maxTokens }
  }

  #asSaid(mode: NonNullable<Reasoning['mode']>): EncodedThinking {
    const { budget, effort } = this.#reasoning
    const tokens = typeof budget === 'number' ? { budget_tokens: budget } : {}
    return {
      thinking: { type: mode === 'between-tools' ? 'between_tools' : mode, ...tokens, ...this.#display() },
      maxTokens: this.#maxTokens,
      ...(effort === undefined ? {} : { effort }),
    }
  }

  /** An effort that goes along with a mode which the client chose itself. */
  #rest(): { readonly maxTokens: number; readonly effort?: string } {
    const { effort } = this.#reasoning
    return { maxTokens: this.#maxTokens, ...(effort === undefined || effort === 'none' ? {} : this.#effort(effort)) }
  }

  #off(): EncodedThinking {
    const { capabilities, log } = this.#encoding
    const { thinking_off: off, efforts } = capabilities
    if (off === 'disabled') return { thinking: { type: 'disabled' }, ...this.#rest() }
    log.approximated('reasoning', 'this model cannot stop thinking: asked for the least')
    if (off === 'between_tools') return { thinking: { type: 'between_tools' }, ...this.#rest() }
    return { effort: efforts[0] ?? 'low', maxTokens: this.#maxTokens }
  }

  #explicitBudget(budget: number): EncodedThinking {
    const { capabilities, log } = this.#encoding
    if (capabilities.thinking.includes('budget')) {
      const thinking = { type: 'enabled', budget_tokens: budget, ...this.#display() }
      return { thinking, budget, ...this.#rest() }
    }
    log.approximated('reasoning.budget', 'this model takes no thinking budget: asked for an effort instead')
    return this.#adaptive()
  }

  #adaptive(): EncodedThinking {
    const { effort, budget } = this.#reasoning
    const wanted = effort ?? (typeof budget === 'number' ? effortOfBudget(budget) : undefined)
    if (effort === undefined && wanted !== undefined)
      this.#encoding.log.approximated('reasoning.budget', `this model takes no budget: asked for "${wanted}"`)
    return {
      thinking: { type: 'adaptive', ...this.#display() },
      maxTokens: this.#maxTokens,
      ...(wanted === undefined ? {} : this.#effort(wanted)),
    }
  }

  #effort(wanted: Effort): { readonly effort?: string } {
    const { capabilities, log } = this.#encoding
    const effort = nearestEffort(wanted, capabilities.efforts)
    if (effort === undefined) {
      log.dropped('reasoning.effort', 'this model takes no effort')
      return {}
    }
    if (effort !== wanted)
      log.approximated('reasoning.effort', `this model has no effort "${wanted}": asked for "${effort}"`)
    return { effort }
  }

  /** Effort as a share of the answer's tokens, or a budget of another format. The answer keeps its own room. */
  #derivedBudget(): EncodedThinking {
    const { effort = 'medium', budget: wanted, mode, show } = this.#reasoning
    const { log, capabilities } = this.#encoding
    const { max_output_tokens: limit, thinking_budget_min: least } = capabilities
    const asked = this.#reasoning.effort !== undefined || wanted !== undefined || mode !== undefined
    if (!asked) {
      if (show !== 'none') log.dropped('reasoning.show', 'this model shows thinking only when given a budget for it')
      return { maxTokens: this.#maxTokens }
    }
    const budget = Math.max(least, typeof wanted === 'number' ? wanted : shareOf(effort, this.#maxTokens))
    const room = budget < this.#maxTokens ? this.#maxTokens : budget + this.#maxTokens
    const maxTokens = limit === 0 ? room : Math.min(room, limit)
    if (maxTokens !== this.#maxTokens) log.approximated('maxOutputTokens', 'raised to make room for thinking')
    const kept = Math.min(budget, maxTokens - 1)
    return { thinking: { type: 'enabled', budget_tokens: kept, ...this.#display() }, budget: kept, maxTokens }
  }

  #display(): WritableObject {
    switch (this.#reasoning.show) {
      case undefined:
        return {}
      case 'none':
        return { display: 'omitted' }
      default:
        return { display: 'summarized' }
    }
  }
}

const SHARES: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 0,
  low: 0.1,
  medium: 0.3,
  high: 0.6,
  xhigh: 0.9,
  max: 1,
}

function shareOf(effort: Effort, maxTokens: number): number {
  return effort === 'max' ? maxTokens - 1 : Math.floor(SHARES[effort] * maxTokens)
}

function effortOfBudget(budget: number): Effort {
  if (budget <= 2048) return 'low'
  if (budget <= 8192) return 'medium'
  return budget <= 24_576 ? 'high' : 'xhigh'
}
