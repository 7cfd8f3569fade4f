import type { Writable } from '../../json/raw.ts'
import type { ReasoningPart } from '../conversation.ts'
import { isIssuedBy } from '../issuer.ts'
import { bagOf, written } from './fields.ts'
import type { LossList } from './loss-list.ts'

/**
 * A reasoning part → `reasoning` item. Encrypted state is sent back to who issued it and to nobody else; without it,
 * another provider's thinking is worth nothing to this one and is left out.
 *
 * @param joined the part before, when both were one item
 * @param provider the configured provider that the request goes to
 */
export function encodeReasoning(
  part: ReasoningPart,
  joined: ReasoningPart | undefined,
  provider: string,
  path: string,
  losses: LossList,
): Writable | undefined {
  const bag = bagOf(part)
  const state = part.state?.find(each => each.scheme === 'openai.encrypted')
  if (state === undefined && bag === undefined) return losses.dropped(path, 'thinking of another provider')
  if (state !== undefined && !isIssuedBy(state, provider)) {
    return losses.dropped(path, `its state was issued by ${state.issuer?.provider}, and only that provider can read it`)
  }
  const parts = joined === undefined ? [part] : [joined, part]
  return {
    type: 'reasoning',
    // Full items with their state and without ids are what a provider takes that keeps nothing (conversion.md E101).
    id: bag === undefined ? undefined : part.id,
    summary: textsOf(parts, 'summary', 'summary_text') ?? [],
    content: textsOf(parts, 'full', 'reasoning_text'),
    encrypted_content: state?.value,
    ...written(bag),
  }
}

function textsOf(
  parts: readonly ReasoningPart[],
  visibility: ReasoningPart['visibility'],
  type: string,
): readonly Writable[] | undefined {
  const part = parts.find(each => each.visibility === visibility)
  return part?.chunks.map(text => ({ type, text }))
}
