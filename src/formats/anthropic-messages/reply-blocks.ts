/** Parts of a reply, canonical → wire, whole. `undefined` stands for a part that leaves no block behind. */
import { RawJson } from '../../json/raw.ts'
import type { Part, ReasoningPart, TextPart, ToolCallPart } from '../conversation.ts'
import { flatName } from '../tool-names.ts'
import type { ApiVersion } from './api-version.ts'
import { argumentsObject, RAW_ARGUMENTS } from './arguments.ts'
import { carrierBlock, carrierOf, withCarrier } from './carried-blocks.ts'
import { encodeCitations } from './citations.ts'
import { acceptableCallId, mintedCallId } from './ids.ts'
import { type WritableObject, writableFields } from './leftovers.ts'
import type { LossLog } from './losses.ts'
import { FORMAT } from './name.ts'
import { nativeState, reasoningText } from './opaque-state.ts'

/** What the encoders of replies work with. */
export interface ReplyEncoding {
  readonly version: ApiVersion
  readonly log: LossLog
  /** The message's id on the wire. */
  readonly messageId: string
  readonly stateKey?: Buffer
}

/** The blocks that a part becomes, with what carries its state. */
export function replyBlocks(part: Part, index: number, encoding: ReplyEncoding): readonly (WritableObject | RawJson)[] {
  const path = `parts[${index}]`
  encoding.log.foreign(part.extensions, path)
  return withCarrier(part, replyBlock(part, index, encoding), path, encoding)
}

function replyBlock(part: Part, index: number, encoding: ReplyEncoding): WritableObject | RawJson | undefined {
  const path = `parts[${index}]`
  switch (part.type) {
    case 'text':
      return wholeText(part, path, encoding)
    case 'refusal':
      return part.text === '' ? undefined : { ...emptyText(encoding.version), text: part.text }
    case 'reasoning':
      return wholeReasoning(part, path, encoding)
    case 'tool-call': {
      const { input, exact } = argumentsObject(part)
      if (!exact) encoding.log.approximated(`${path}.arguments`, `not a JSON object: sent as {"${RAW_ARGUMENTS}": …}`)
      return { ...toolUse(part, index, encoding), input }
    }
    case 'compaction':
      return { type: 'compaction', content: part.summary ?? null, ...writableFields(part) }
    case 'hosted-tool':
    case 'opaque':
      if (part.format === FORMAT) return new RawJson(part.json)
      break
    default:
  }
  noteUnsayable(part, path, encoding.log)
  return undefined
}

export function noteUnsayable(part: Part, path: string, log: LossLog): void {
  log.dropped(path, `an Anthropic message cannot hold this "${part.type}" part`)
}

function wholeText(part: TextPart, path: string, { version, log }: ReplyEncoding): WritableObject | undefined {
  const citations = encodeCitations(part.citations, path, log)
  if (part.logprobs !== undefined) log.dropped(`${path}.logprobs`, 'Anthropic has no logprobs')
  if (part.text === '' && citations.length === 0) return undefined
  const cited = citations.length === 0 ? {} : { citations }
  return { ...emptyText(version), text: part.text, ...cited, ...writableFields(part) }
}

/** A text block as a stream begins it. */
export function emptyText(version: ApiVersion): WritableObject {
  return version === '2026-10-21' ? { type: 'text', text: '', citations: null } : { type: 'text', text: '' }
}

/**
 * Thinking without a signature can be shown; the client sends it back, and the request encoder then leaves it out. State
 * of other issuers is not forged into a signature, but carried in the place of one.
 */
function wholeReasoning(part: ReasoningPart, path: string, encoding: ReplyEncoding): WritableObject | undefined {
  const state = nativeState(part)
  if (state?.scheme === 'anthropic.redacted') return { type: 'redacted_thinking', data: state.value }
  const carrier =
    state === undefined ? carrierOf(part.state, { at: 'self', of: 'reasoning' }, path, encoding) : undefined
  const thinking = reasoningText(part)
  if (thinking === '' && carrier !== undefined) return carrierBlock(carrier)
  const signature = state?.value ?? carrier
  if (signature === undefined && thinking === '') return undefined
  return { type: 'thinking', thinking, signature: signature ?? '', ...writableFields(part) }
}

/** A `tool_use` block as a stream begins it. */
export function toolUse(part: ToolCallPart, index: number, encoding: ReplyEncoding): WritableObject {
  const { version, messageId } = encoding
  const caller = part.caller === undefined ? {} : { caller: new RawJson(part.caller) }
  return {
    type: 'tool_use',
    id: part.callId === '' ? mintedCallId(messageId, index) : acceptableCallId(part.callId),
    name: flatName(part),
    input: {},
    ...(version === '2026-10-21' ? { caller: { type: 'direct' } } : {}),
    ...caller,
    ...writableFields(part),
  }
}
