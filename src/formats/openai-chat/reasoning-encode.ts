/** How much a model shall think, in the dialect's words (conversion.md C.5). */
import type { Writable } from '../../json/raw.ts'
import type { Conversation, Effort, Reasoning } from '../conversation.ts'
import { nearestEffort } from '../effort.ts'
import type { Target } from './target.ts'

type WireFields = { readonly [key: string]: Writable }

/** @returns the fields, and the effort that the model will make as far as it was asked for one */
export function encodeReasoningSettings(
  conversation: Conversation,
  target: Target,
): { readonly fields: WireFields; readonly effort?: Effort } {
  const { reasoning } = conversation
  if (reasoning === undefined) return { fields: {} }
  switch (target.dialect.reasoning) {
    case 'effort':
      return effortField(reasoning, conversation, target)
    case 'object':
      return { fields: { reasoning: objectField(reasoning) } }
    case 'thinking':
      return { fields: thinkingFields(reasoning) }
    default:
      target.ledger.dropped('reasoning', 'this server has no setting for reasoning')
      return { fields: {} }
  }
}

function effortField(
  reasoning: Reasoning,
  conversation: Conversation,
  { capabilities, ledger }: Target,
): { readonly fields: WireFields; readonly effort?: Effort } {
  const wanted = effortOf(reasoning)
  if (wanted === undefined) return { fields: {} }
  if (reasoning.effort === undefined) ledger.approximated('reasoning', `the nearest effort is "${wanted}"`)
  const possible = nearestEffort(wanted, capabilities.efforts)
  if (possible === undefined) {
    if (wanted !== 'none') ledger.dropped('reasoning.effort', 'this model does not reason')
    return { fields: {} }
  }
  const hasFunctions = conversation.tools.some(tool => tool.kind === 'function')
  const effort = hasFunctions && !capabilities.tools_with_reasoning ? 'none' : possible
  if (effort !== wanted) ledger.approximated('reasoning.effort', `this model takes "${effort}", not "${wanted}", here`)
  return { fields: { reasoning_effort: effort }, effort }
}

/** An effort where there is only a budget of tokens or a mode. */
function effortOf({ effort, budget, mode }: Reasoning): Effort | undefined {
  if (effort !== undefined) return effort
  if (mode === 'disabled' || budget === 0) return 'none'
  if (budget === undefined || budget === 'dynamic') return undefined
  if (budget <= 2048) return 'low'
  if (budget <= 8192) return 'medium'
  return budget <= 24_576 ? 'high' : 'xhigh'
}

/** OpenRouter's `reasoning`. */
function objectField({ effort, budget, mode, show }: Reasoning): WireFields {
  const isOff = mode === 'disabled'
  const said = effort === undefined && typeof budget !== 'number'
  return {
    effort: isOff ? undefined : effort,
    max_tokens: effort === undefined && typeof budget === 'number' ? budget : undefined,
    enabled: isOff ? false : said && mode !== undefined ? true : undefined,
    exclude: show === 'none' ? true : undefined,
  }
}

/** DeepSeek's and Z.ai's switch; an effort beside "disabled" is refused (conversion.md E106). */
function thinkingFields({ effort, mode, budget }: Reasoning): WireFields {
  if (mode === 'disabled' || effort === 'none' || budget === 0) return { thinking: { type: 'disabled' } }
  const isOn = mode !== undefined || budget !== undefined
  return { thinking: isOn ? { type: 'enabled' } : undefined, reasoning_effort: effort }
}
