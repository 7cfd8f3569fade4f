/** Service tiers in OpenAI's words. */
import type { ServiceTier } from '../conversation.ts'

export const OPENAI_TIERS: Readonly<Record<ServiceTier, string>> = {
  auto: 'auto',
  standard: 'default',
  flex: 'flex',
  priority: 'priority',
  fast: 'fast',
  ultrafast: 'ultrafast',
}

/** @param tier the tier a provider says it served in, in its own words; only those that Chat clients know are told */
export function encodeServiceTier(tier: string | undefined): string | undefined {
  if (tier === undefined) return undefined
  if (Object.values(OPENAI_TIERS).includes(tier) || tier === 'scale') return tier
  return tier === 'standard' ? 'default' : undefined
}
