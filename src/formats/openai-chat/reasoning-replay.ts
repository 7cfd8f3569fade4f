/**
 * Earlier reasoning in a request: back to the server that thought it, under the name that it reads (conversion.md E105
 * to E110). Another issuer's reasoning, told by its state, stays behind: it would be taken for the model's own.
 */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { OpaqueState, Part, ReasoningPart } from '../conversation.ts'
import { isIssuedBy } from '../issuer.ts'
import { ownFields } from './ledger.ts'
import { joinDetails } from './reasoning-details.ts'
import type { Target } from './target.ts'

export interface ReplayedReasoning {
  /** Fields of the message. */
  readonly fields: { readonly [key: string]: Writable }
  /** Mistral's content part, which comes before all others. */
  readonly thinking?: Writable
}

/** @param path of the parts, for losses */
export function replayReasoning(parts: readonly Part[], path: string, target: Target): ReplayedReasoning {
  if (parts.every(part => part.type !== 'reasoning' && part.state === undefined)) return unthought(parts, target)
  const thoughts = parts.filter(part => part.type === 'reasoning')
  const hasCalls = parts.some(part => part.type === 'tool-call')
  const text = textOf(parts, path, target)
  const details = replayDetails(parts, path, target)
  const { replay, replayRequired } = target.dialect
  if (replay === 'none') return { fields: details }
  if (text === '') return { fields: { ...(replayRequired && hasCalls ? { [replay]: '' } : {}), ...details } }
  return replay === 'thinking'
    ? { fields: details, thinking: thinkingPart(thoughts, text, target.provider) }
    : { fields: { [replay]: text, ...details } }
}

/** Some servers want to be told that there was none. */
function unthought(parts: readonly Part[], { dialect: { replay, replayRequired } }: Target): ReplayedReasoning {
  const isMissed = replay !== 'none' && replayRequired && parts.some(part => part.type === 'tool-call')
  return { fields: isMissed ? { [replay]: '' } : {} }
}

function textOf(parts: readonly Part[], path: string, { dialect, ledger }: Target): string {
  const thoughts = parts.filter(part => part.type === 'reasoning')
  const own = dialect.replay === 'none' ? [] : thoughts.filter(part => !(part.state ?? []).some(isForeign))
  for (const [at, part] of parts.entries()) {
    if (part.type === 'reasoning' && !own.includes(part))
      ledger.dropped(`${path}[${at}]`, 'this server takes no earlier reasoning of another back')
  }
  return own.flatMap(part => part.chunks).join('\n\n')
}

/** Issued by a server that does not speak Chat Completions. */
function isForeign({ scheme }: OpaqueState): boolean {
  return scheme.startsWith('anthropic.') || scheme.startsWith('openai.') || scheme.startsWith('gemini.')
}

function thinkingPart(thoughts: readonly ReasoningPart[], text: string, provider: string): Writable {
  const states = thoughts.flatMap(part => part.state ?? [])
  const signature = states.find(state => state.scheme === 'mistral.signature' && isIssuedBy(state, provider))?.value
  const own = thoughts.flatMap(part => Object.entries(ownFields(part.extensions)))
  return { type: 'thinking', thinking: [{ type: 'text', text }], signature, ...Object.fromEntries(own) }
}

/** OpenRouter's details, all items in order. */
function replayDetails(
  parts: readonly Part[],
  path: string,
  { dialect, ledger, provider }: Target,
): { readonly [key: string]: Writable } {
  const thoughts = parts.filter(part => part.type === 'reasoning')
  const states = thoughts.flatMap(part => part.state ?? [])
  const values = states
    .filter(state => state.scheme === 'openrouter.details' && isIssuedBy(state, provider))
    .map(state => state.value)
  const details = dialect.reasoningDetails ? joinDetails(values) : undefined
  const goesOut = (state: OpaqueState): boolean => isIssuedBy(state, provider) && isTaken(state)
  const isTaken = ({ scheme }: OpaqueState): boolean =>
    scheme === 'openrouter.details'
      ? details !== undefined
      : scheme === 'mistral.signature' && dialect.replay === 'thinking'
  for (const [at, part] of parts.entries()) {
    if (part.type === 'tool-call') continue
    const lost = part.state?.find(state => part.type !== 'reasoning' || !goesOut(state))
    if (lost) ledger.dropped(`${path}[${at}].state`, `this server did not issue the ${lost.scheme} state`)
  }
  return details === undefined || values.length === 0 ? {} : { reasoning_details: new RawJson(details) }
}
