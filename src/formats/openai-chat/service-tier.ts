/** Service tiers in OpenAI's words. */
import type { ServiceTier } from '../conversation.ts'
import type { Usage } from '../reply-events.ts'
import { FORMAT } from './name.ts'

export const OPENAI_TIERS: Readonly<Record<ServiceTier, string>> = {
  auto: 'auto',
  standard: 'default',
  flex: 'flex',
  priority: 'priority',
  fast: 'fast',
  ultrafast: 'ultrafast',
}

/**
 * The tier that a provider says it served in. A reply of this format tells it beside its usage, so nothing is added to
 * one that did not.
 */
export function encodeServiceTier(usage: Usage | undefined): string | undefined {
  const tier = usage?.serviceTier
  if (tier === undefined || usage?.raw?.format === FORMAT) return undefined
  if (Object.values(OPENAI_TIERS).includes(tier) || tier === 'scale') return tier
  return tier === 'standard' ? 'default' : undefined
}
