/** Messages, canonical → wire: the last repairs that the API asks for. */
import { RawJson } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import type { Conversation } from '../conversation.ts'
import { type Block, encodePart, type Placed, textOf, withText } from './blocks-encode.ts'
import { type Encoding, unsupported } from './encoding.ts'
import { type WritableObject, withMembers } from './leftovers.ts'
import { type PlannedMessage, planMessages } from './messages-plan.ts'
import { pairTools } from './tool-pairs.ts'

export interface EncodedMessages {
  readonly system: readonly Block[]
  readonly messages: readonly WritableObject[]
  /** An `anthropic-beta` that the messages need. */
  readonly betas: readonly string[]
  /** The current tool loop's assistant message begins with a call: models with manual thinking refuse that. */
  readonly unthoughtCall: boolean
}

export function encodeMessages(conversation: Conversation, encoding: Encoding): EncodedMessages {
  const plan = planMessages(conversation, encoding)
  const paired = pairTools(plan.messages, conversation.state?.thread !== undefined, encoding)
  const encoded = withPrefill(
    paired.flatMap(message => encodeMessage(message, encoding)),
    encoding,
  )
  if (encoded.length === 0 && conversation.state?.thread === undefined) {
    throw new Refusal(400, 'invalid_request', 'There is nothing to answer: "messages" is empty.', { param: 'messages' })
  }
  return {
    system: encodeParts(plan.system, encoding),
    messages: encoded.map(written),
    betas: paired.some(message => message.effort !== undefined) ? ['per-turn-control-2026-07-01'] : [],
    unthoughtCall: isUnthought(encoded),
  }
}

interface EncodedMessage {
  readonly message: PlannedMessage
  readonly blocks: readonly Block[]
}

function encodeMessage(message: PlannedMessage, encoding: Encoding): readonly EncodedMessage[] {
  const said = message.role === 'assistant' ? withoutMedia(message.parts, encoding) : message.parts
  const blocks = encodeParts(said, encoding)
  const saysMore = message.effort !== undefined || Object.keys(message.fields).length > 0
  if (blocks.length > 0 || (message.role === 'system' && saysMore)) return [{ message, blocks }]
  noteEmpty(message, encoding)
  return []
}

/** Claude makes no media, and takes none as its own (conversion.md E166). */
function withoutMedia(parts: readonly Placed[], { log }: Encoding): readonly Placed[] {
  return parts.filter(({ part, path }) => {
    if (part.type !== 'media') return true
    log.dropped(path, `Anthropic takes no ${part.kind} back as said by the assistant`)
    return false
  })
}

function written({ message, blocks }: EncodedMessage): WritableObject {
  const { output_config: config, ...fields } = message.fields
  const effort = message.effort === undefined ? undefined : { effort: message.effort }
  const output = withMembers(effort, config instanceof RawJson ? config.text : undefined)
  return { role: message.role, content: blocks, ...(output === undefined ? {} : { output_config: output }), ...fields }
}

/** Blocks of the parts; the cache mark of a part that leaves none goes to the block before it (conversion.md E24). */
function encodeParts(parts: readonly Placed[], encoding: Encoding): Block[] {
  const blocks: Block[] = []
  for (const placed of parts) {
    const block = encodePart(placed, encoding)
    if (block !== undefined) blocks.push(block)
    const isUnmarkable = block === undefined || placed.part.type === 'reasoning'
    if (isUnmarkable && placed.part.cache !== undefined) moveMark(blocks, placed, encoding)
  }
  return blocks
}

function moveMark(blocks: Block[], { part, path }: Placed, encoding: Encoding): void {
  const at = blocks.findLastIndex(block => !(block instanceof RawJson) && !isThinking(block))
  const block = blocks[at]
  if (block === undefined || block instanceof RawJson) {
    encoding.log.dropped(`${path}.cache`, 'nothing before it can carry the cache breakpoint')
    return
  }
  if (block.cache_control === undefined) blocks[at] = { ...block, ...encoding.marks.encode(part, path) }
}

function isThinking(block: WritableObject): boolean {
  return block.type === 'thinking' || block.type === 'redacted_thinking'
}

/** An assistant message with nothing in it may go; a user's may not: it was meant to say something. */
function noteEmpty(message: PlannedMessage, { log }: Encoding): void {
  const path = message.parts[0]?.path.replace(/\.parts.*$/, '') ?? 'turns'
  if (message.role === 'user') {
    throw new Refusal(400, 'invalid_request', `"${path}" is empty: every user message needs content.`, { param: path })
  }
  log.dropped(path, 'Anthropic takes no empty messages')
}

/** A conversation that ends with the assistant asks for its continuation, which newer models refuse. */
function withPrefill(messages: readonly EncodedMessage[], { capabilities }: Encoding): readonly EncodedMessage[] {
  const last = messages.at(-1)
  // A paused turn ends like this as well: the provider's own tools are to go on with it.
  const asks = last?.message.role === 'assistant' && !last.message.parts.some(({ part }) => part.type === 'hosted-tool')
  if (last === undefined || !asks) return messages
  if (capabilities.prefill) return [...messages.slice(0, -1), { ...last, blocks: trimmed(last.blocks) }]
  throw unsupported(
    'messages',
    'This model does not support assistant message prefill. The conversation must end with a user message.',
  )
}

/** White space at the very end would be refused. */
function trimmed(blocks: readonly Block[]): readonly Block[] {
  const last = blocks.at(-1)
  const text = textOf(last)
  return last === undefined || text === undefined ? blocks : [...blocks.slice(0, -1), withText(last, text.trimEnd())]
}

function isUnthought(messages: readonly EncodedMessage[]): boolean {
  const last = messages.findLast(({ message }) => message.role === 'assistant')
  const first = last?.blocks[0]
  const calls = last?.blocks.some(block => !(block instanceof RawJson) && block.type === 'tool_use')
  return calls === true && first !== undefined && !(first instanceof RawJson) && !isThinking(first)
}
