import { asBase64, type Carried, sealState } from '../carrier.ts'
import type { Part, ReasoningPart } from '../conversation.ts'
import type { ReplyContext } from '../wire-format.ts'
import { extensionMembers, FORMAT, isRecord } from './fields.ts'
import type { Losses } from './losses.ts'
import { encodeMedia } from './media.ts'
import { encodeCall, opaqueMembers, thoughtPart, type WirePart } from './parts-encode.ts'
import { signatureOf } from './signatures.ts'

/** How a client wants its reply. */
export interface ReplyStyle {
  /** Thoughts are given only to those who ask (`thinkingConfig.includeThoughts`). */
  readonly thoughts: boolean
  /** Seals the reasoning state of other providers. */
  readonly stateKey?: Buffer
}

export function replyStyle({ request: { body }, stateKey }: Pick<ReplyContext, 'request' | 'stateKey'>): ReplyStyle {
  const outer = isRecord(body) ? (body.generationConfig ?? body.generation_config) : undefined
  const thinking = isRecord(outer) ? (outer.thinkingConfig ?? outer.thinking_config) : undefined
  const thoughts = isRecord(thinking) && (thinking.includeThoughts ?? thinking.include_thoughts) === true
  return stateKey === undefined ? { thoughts } : { thoughts, stateKey }
}

/** The signature to give a client with a part. */
export function replySignature(part: Part, path: string, style: ReplyStyle, losses: Losses): string | undefined {
  const states = part.state ?? []
  if (states.length === 0 || states.some(({ scheme }) => scheme === 'gemini.thought-signature'))
    return signatureOf(states, {}, path, losses)
  const carrier = style.stateKey && sealState({ at: 'self', ...subjectOf(part, style), states }, style.stateKey)
  if (carrier === undefined) losses.dropped(`${path}.state`, 'Gemini has no place for this reasoning state')
  return carrier && asBase64(carrier)
}

/** A signature stands on the part itself, or on an empty text where the client is not shown the thought. */
function subjectOf(part: Part, style: ReplyStyle): Pick<Carried, 'of' | 'length'> {
  switch (part.type) {
    case 'reasoning':
      return { of: 'reasoning', length: style.thoughts ? part.chunks.join('').length : 0 }
    case 'text':
      return { of: 'text' }
    case 'tool-call':
      return { of: 'call' }
    default:
      return { of: 'other' }
  }
}

/** A finished part of a reply → parts of the wire. */
export function encodeReplyPart(part: Part, path: string, style: ReplyStyle, losses: Losses): readonly WirePart[] {
  losses.foreign(part.extensions, path)
  if (part.type === 'opaque' && part.format === FORMAT) return opaqueMembers(part.json)
  const wire = part.type === 'reasoning' ? encodeReasoning(part, style) : encodeData(part, path, losses)
  // The state of what is left out goes with it; thinking that is only not shown keeps its own.
  if (wire === undefined && part.type !== 'reasoning') return []
  const thoughtSignature = replySignature(part, path, style, losses)
  if (wire) return [{ ...wire, thoughtSignature }]
  return thoughtSignature === undefined ? [] : [{ text: '', thoughtSignature }]
}

function encodeReasoning(part: ReasoningPart, style: ReplyStyle): WirePart | undefined {
  const text = part.chunks.join('\n\n')
  return style.thoughts && text !== '' ? thoughtPart(text, undefined, extensionMembers(part.extensions)) : undefined
}

function encodeData(part: Part, path: string, losses: Losses): WirePart | undefined {
  switch (part.type) {
    case 'text':
      return { text: part.text, ...extensionMembers(part.extensions) }
    case 'refusal':
      return { text: part.text }
    case 'tool-call':
      return encodeCall(part, path, losses)
    case 'media':
      return encodeReplyMedia(part, path, losses)
    case 'hosted-tool':
      if (part.format !== FORMAT) break
      return { ...opaqueMembers(part.json)[0], ...extensionMembers(part.extensions) }
    default:
  }
  losses.dropped(path, `Gemini has nothing like ${part.type}`)
  return undefined
}

function encodeReplyMedia(part: Extract<Part, { type: 'media' }>, path: string, losses: Losses): WirePart | undefined {
  try {
    return encodeMedia(part, path)
  } catch {
    losses.dropped(path, 'it is a file that Gemini clients cannot read')
    return undefined
  }
}
