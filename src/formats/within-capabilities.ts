/** What a model does not take, taken out of a request before it is written: where all formats say it in the same way. */
import type { ModelCapabilities } from '../models/capabilities.ts'
import type { Conversation, Sampling, ToolChoice } from './conversation.ts'

interface LossNotes {
  dropped(path: string, reason: string): void
  approximated(path: string, reason: string): void
}

/** Cuts the answer to what the model gives, and takes back the force behind a tool choice that it does not take. */
export function withinCapabilities(
  conversation: Conversation,
  { max_output_tokens: limit, forced_tools: mayForce }: ModelCapabilities,
  losses: LossNotes,
): Conversation {
  const { maxOutputTokens: wanted, toolChoice } = conversation
  const isTooMuch = limit > 0 && wanted !== undefined && wanted > limit
  const isForced = !mayForce && (toolChoice?.mode === 'named' || toolChoice?.mode === 'required')
  if (isTooMuch) losses.approximated('maxOutputTokens', `this model gives at most ${limit} tokens`)
  if (isForced) losses.approximated('toolChoice', 'this model cannot be made to call a tool')
  if (!isTooMuch && !isForced) return conversation
  return {
    ...conversation,
    ...(isTooMuch && { maxOutputTokens: limit }),
    ...(isForced && { toolChoice: unforced(toolChoice) }),
  }
}

function unforced(choice: ToolChoice): ToolChoice {
  return choice.mode === 'named' ? { mode: 'auto', allowed: [choice.name] } : { ...choice, mode: 'auto' }
}

/** Leaves out the sampling parameters where the model does not take them. */
export function withinSampling(
  { sampling, reasoning }: Conversation,
  { sampling: when }: ModelCapabilities,
  losses: LossNotes,
): Sampling {
  const isToThink = reasoning !== undefined && reasoning.effort !== 'none' && reasoning.mode !== 'disabled'
  if (when === 'always' || (when === 'without_reasoning' && !isToThink)) return sampling
  for (const [name, value] of Object.entries(sampling)) {
    if (value !== undefined) losses.dropped(`sampling.${name}`, 'this model does not take it')
  }
  return {}
}
