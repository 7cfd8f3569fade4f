/** The wanted form of the answer beside functions, where a model does not take both (conversion.md E147). */
import type { ModelCapabilities } from '../../models/capabilities.ts'
import type { Conversation } from '../conversation.ts'
import { ASKED_BY_TOOL, type ForcedAnswer, forcedAnswer } from '../forced-answer.ts'
import type { Losses } from './losses.ts'

export function withAnswerForm(
  conversation: Conversation,
  capabilities: ModelCapabilities,
  losses: Losses,
): Pick<ForcedAnswer, 'conversation'> & Partial<ForcedAnswer> {
  const { outputFormat, toolChoice, tools } = conversation
  const hasFunctions = tools.some(tool => tool.kind !== 'hosted')
  if (outputFormat === undefined || outputFormat.type === 'text' || !hasFunctions) return { conversation }
  const mustCall = toolChoice?.mode === 'required' || toolChoice?.mode === 'named'
  if (capabilities.structured_output_with_functions && !mustCall) return { conversation }
  const forced = forcedAnswer(conversation)
  if (forced !== undefined) {
    losses.approximated('outputFormat.schema', `this model takes no schema beside functions: ${ASKED_BY_TOOL}`)
    return forced
  }
  losses.dropped('outputFormat', mustCall ? 'the answer is a call' : 'this model takes no such wish beside functions')
  const { outputFormat: _, ...rest } = conversation
  return { conversation: rest }
}
