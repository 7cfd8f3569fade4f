/** Parts of a request, canonical → wire. `undefined` stands for a part that leaves no block behind. */
import { RawJson, type Writable } from '../../json/raw.ts'
import { callerType } from '../caller.ts'
import type { CompactionPart, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart } from '../conversation.ts'
import { isNeeded, neededReason } from '../needed-parts.ts'
import { flatName } from '../tool-names.ts'
import { argumentsObject, RAW_ARGUMENTS } from './arguments.ts'
import { encodeCitations } from './citations.ts'
import { type Encoding, unsupported } from './encoding.ts'
import { type WritableObject, withMembers, writableFields } from './leftovers.ts'
import { encodeMedia } from './media-encode.ts'
import { FORMAT } from './name.ts'
import { nativeState, reasoningText } from './opaque-state.ts'

export type Block = WritableObject | RawJson

/** A part and where it stood in the conversation. */
export interface Placed {
  readonly part: Part
  readonly path: string
}

/** @throws Refusal 400 for a part that must not be left out and cannot be said */
export function encodePart({ part, path }: Placed, encoding: Encoding): Block | undefined {
  switch (part.type) {
    case 'hosted-tool':
    case 'opaque':
      return encodeForeign(part, path, encoding)
    case 'item-reference':
      throw unsupported(path, 'Anthropic keeps no items to refer to. Send the item itself.')
    case 'tools-delta':
    case 'settings-delta':
      return undefined
    default: {
      const block = encodeOwn(part, path, encoding)
      return block === undefined ? undefined : finished(block, part, path, encoding)
    }
  }
}

/** Adds what any block may carry: a cache mark and the fields that only this format knows. */
function finished(block: WritableObject, part: Part, path: string, encoding: Encoding): Block {
  const extra = writableFields(part)
  const nested = part.type === 'media' && extra.citations instanceof RawJson ? extra.citations.text : undefined
  const citations =
    part.type === 'media' ? withMembers(block.citations as WritableObject | undefined, nested) : undefined
  const marked = part.type === 'reasoning' ? {} : encoding.marks.encode(part, path)
  return { ...block, ...extra, ...(citations === undefined ? {} : { citations }), ...marked }
}

function encodeOwn(part: OwnPart, path: string, encoding: Encoding): WritableObject | undefined {
  switch (part.type) {
    case 'text':
      return encodeText(part, path, encoding)
    case 'refusal':
      return textBlock(part.text, path, encoding)
    case 'reasoning':
      return encodeReasoning(part, path, encoding)
    case 'media':
      return encodeMedia(part, path, encoding, (source, at) => encodeInner(source.parts, `${at}.source`, encoding))
    case 'tool-call':
      return encodeToolCall(part, path, encoding)
    case 'tool-result':
      return encodeToolResult(part, path, encoding)
    case 'search-result': {
      const content = encodeInner(part.content, `${path}.content`, encoding)
      return { type: 'search_result', source: part.source, title: part.title, content }
    }
    case 'compaction':
      return encodeCompaction(part, path, encoding)
  }
}
type OwnPart = Exclude<Part, { type: 'hosted-tool' | 'opaque' | 'item-reference' | 'tools-delta' | 'settings-delta' }>

function encodeText(part: TextPart, path: string, encoding: Encoding): WritableObject | undefined {
  const block = textBlock(part.text, path, encoding)
  const citations = encodeCitations(part.citations, path, encoding.log)
  return block === undefined || citations.length === 0 ? block : { ...block, citations }
}

/** The API refuses empty and blank text. Nothing is lost with the former. */
function textBlock(text: string, path: string, { log }: Encoding): WritableObject | undefined {
  if (!text.isWellFormed()) log.approximated(path, 'half of a character (a lone surrogate) became U+FFFD')
  if (text.trim() !== '') return { type: 'text', text: text.toWellFormed() }
  if (text !== '') log.dropped(path, 'Anthropic takes no blank text')
  return undefined
}

/** Thinking without a signature of Anthropic's would be refused, and one must not be made up (conversion.md E87, E88). */
function encodeReasoning(part: ReasoningPart, path: string, { log, target }: Encoding): WritableObject | undefined {
  const state = nativeState(part, target.provider)
  switch (state?.scheme) {
    case 'anthropic.signature':
      return { type: 'thinking', thinking: reasoningText(part), signature: state.value }
    case 'anthropic.redacted':
      return { type: 'redacted_thinking', data: state.value }
    default:
      log.dropped(path, 'Anthropic takes back only thinking that it signed itself')
      return undefined
  }
}

function encodeToolCall(part: ToolCallPart, path: string, { log }: Encoding): WritableObject {
  const { input, exact } = argumentsObject(part)
  if (!exact) log.approximated(`${path}.arguments`, `not a JSON object, so sent as {"${RAW_ARGUMENTS}": …}`)
  return { type: 'tool_use', id: part.callId, name: flatName(part), input, ...encodeCaller(part, path, log) }
}

function encodeCaller({ caller }: ToolCallPart, path: string, log: Encoding['log']): WritableObject {
  if (caller === undefined) return {}
  if (callerType(caller).startsWith('code_execution_')) return { caller: new RawJson(caller) }
  log.dropped(`${path}.caller`, 'Anthropic knows no callers but code that it runs itself')
  return {}
}

/** A result without content is legal; an empty text block in it is not. */
function encodeToolResult(part: ToolResultPart, path: string, encoding: Encoding): WritableObject {
  const content = encodeInner(part.content, `${path}.content`, encoding)
  return {
    type: 'tool_result',
    tool_use_id: part.callId,
    ...(content.length > 0 ? { content } : structuredContent(part)),
    ...(part.isError === undefined ? {} : { is_error: part.isError }),
  }
}

function structuredContent({ structured }: ToolResultPart): WritableObject {
  return structured === undefined ? {} : { content: [{ type: 'text', text: structured }] }
}

function encodeInner(parts: readonly Part[], path: string, encoding: Encoding): WritableObject[] {
  return parts.flatMap((part, index) => {
    const block = encodePart({ part, path: `${path}[${index}]` }, encoding)
    return block === undefined ? [] : [block as WritableObject]
  })
}

/** A summary that Anthropic wrote goes back as it is; of others' only the text can be used (conversion.md E271). */
function encodeCompaction(part: CompactionPart, path: string, encoding: Encoding): WritableObject | undefined {
  if (part.state === undefined) return { type: 'compaction', content: part.summary ?? null }
  if (part.summary === undefined) {
    throw unsupported(path, 'This compacted history can only be read by the provider that made it.')
  }
  encoding.log.approximated(path, 'a summary made by another provider is sent as text')
  return textBlock(part.summary, path, encoding)
}

/** What only its own format understands: sent back as it came, or left out as a pair (conversion.md E266). */
function encodeForeign(
  part: Extract<Part, { type: 'hosted-tool' | 'opaque' }>,
  path: string,
  { log }: Encoding,
): RawJson | undefined {
  if (part.format === FORMAT) return new RawJson(part.json)
  if (part.type === 'opaque' && isNeeded(part)) throw unsupported(path, `${neededReason(part)}.`)
  log.dropped(path, `Anthropic cannot read "${part.type === 'opaque' ? part.label : part.tool}" of ${part.format}`)
  return undefined
}

export function textOf(block: Block | undefined): string | undefined {
  if (block === undefined || block instanceof RawJson) return undefined
  return block.type === 'text' && typeof block.text === 'string' ? block.text : undefined
}

export function withText(block: Block, text: Writable): Block {
  return block instanceof RawJson ? block : { ...block, text }
}
