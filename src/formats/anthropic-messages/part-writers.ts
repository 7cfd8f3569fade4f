/** One part of a streamed reply, events → the frames of one content block, or of none. */
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import { sseFrame } from '../../stream/sse.ts'
import type { Part, ReasoningPart, TextPart, ToolCallPart } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { argumentsObject, FREE_TEXT } from './arguments.ts'
import { encodeCitation } from './citations.ts'
import { membersOf, type WritableObject, writableFields } from './leftovers.ts'
import { FORMAT } from './name.ts'
import { type NativeState, nativeState, SECTION_BREAK } from './opaque-state.ts'
import { emptyText, noteForeignState, noteUnsayable, type ReplyEncoding, toolUse } from './reply-blocks.ts'

/** Numbers blocks and frames what happens in them. One block is open at a time. */
export class BlockFrames {
  #index = -1
  #isOpen = false
  /** Characters of text and arguments so far. */
  characters = 0

  get isOpen(): boolean {
    return this.#isOpen
  }
  /** The index of the block that is open, or was last. */
  get index(): number {
    return this.#index
  }

  open(block: Writable): string {
    this.#index++
    this.#isOpen = true
    const data = writeJson({ type: 'content_block_start', index: this.#index, content_block: block })
    return sseFrame(data, 'content_block_start')
  }

  /** The hot path: one short piece of text. */
  text(type: string, key: string, text: string): string {
    this.characters += text.length
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":{"type":"${type}","${key}":${JSON.stringify(text)}}}\n\n`
  }

  delta(delta: Writable): string {
    const data = writeJson({ type: 'content_block_delta', index: this.#index, delta })
    return sseFrame(data, 'content_block_delta')
  }

  close(): string {
    if (!this.#isOpen) return ''
    this.#isOpen = false
    return `event: content_block_stop\ndata: {"type":"content_block_stop","index":${this.#index}}\n\n`
  }
}

export interface PartWriter {
  /** Called once, first. */
  start(): string
  delta(event: ReplyEvent): string
  /** Called once, last. */
  close(): string
}

export function partWriter(part: Part, index: number, frames: BlockFrames, encoding: ReplyEncoding): PartWriter {
  switch (part.type) {
    case 'text':
      return new TextWriter(part, index, frames, encoding)
    case 'refusal':
      return new TextWriter({ type: 'text', text: part.text }, index, frames, encoding)
    case 'reasoning':
      return new ThinkingWriter(part, index, frames, encoding)
    case 'tool-call':
      return new ToolUseWriter(part, index, frames, encoding)
    default:
      return new WholeWriter(part, index, frames, encoding)
  }
}

/** The block opens with its first text: an empty one would be refused when the client sends it back. */
class TextWriter implements PartWriter {
  readonly #part: TextPart
  readonly #path: string
  readonly #frames: BlockFrames
  readonly #encoding: ReplyEncoding

  constructor(part: TextPart, index: number, frames: BlockFrames, encoding: ReplyEncoding) {
    this.#part = part
    this.#path = `parts[${index}]`
    this.#frames = frames
    this.#encoding = encoding
  }

  start(): string {
    const { text, citations = [], logprobs } = this.#part
    if (logprobs !== undefined) this.#noteLogprobs()
    return this.#text(text) + citations.map(citation => this.#citation(citation)).join('')
  }

  delta(event: ReplyEvent): string {
    if (event.type === 'text-delta') return this.#text(event.text)
    if (event.type === 'citation') return this.#citation(event.citation)
    if (event.type === 'logprobs') this.#noteLogprobs()
    return ''
  }

  close(): string {
    return this.#frames.close()
  }

  #text(text: string): string {
    return text === '' ? '' : this.#opened() + this.#frames.text('text_delta', 'text', text)
  }

  #citation(citation: NonNullable<TextPart['citations']>[number]): string {
    const encoded = encodeCitation(citation, `${this.#path}.citations`, this.#encoding.log)
    if (encoded === undefined) return ''
    return this.#opened() + this.#frames.delta({ type: 'citations_delta', citation: encoded })
  }

  #opened(): string {
    if (this.#frames.isOpen) return ''
    return this.#frames.open({ ...emptyText(this.#encoding.version), ...writableFields(this.#part) })
  }

  #noteLogprobs(): void {
    this.#encoding.log.dropped(`${this.#path}.logprobs`, 'Anthropic has no logprobs')
  }
}

/** The signature goes out once, right before the block closes: the SDK replaces, it does not append. */
class ThinkingWriter implements PartWriter {
  readonly #part: ReasoningPart
  readonly #path: string
  readonly #frames: BlockFrames
  readonly #encoding: ReplyEncoding
  #state: NativeState | undefined
  #break = ''

  constructor(part: ReasoningPart, index: number, frames: BlockFrames, encoding: ReplyEncoding) {
    this.#part = part
    this.#path = `parts[${index}]`
    this.#frames = frames
    this.#encoding = encoding
    this.#state = nativeState(part)
  }

  start(): string {
    noteForeignState(this.#part.state, this.#path, this.#encoding.log)
    const [first = '', ...rest] = this.#part.chunks
    return this.#text(first) + rest.map(chunk => this.#section() + this.#text(chunk)).join('')
  }

  delta(event: ReplyEvent): string {
    if (event.type === 'text-delta') return this.#text(event.text)
    if (event.type === 'section-break') return this.#section()
    if (event.type === 'state') this.#keep(event.state)
    return ''
  }

  close(): string {
    const { type = '', value = '' } = { type: this.#state?.scheme, value: this.#state?.value }
    if (type === 'anthropic.redacted' && !this.#frames.isOpen) {
      return this.#frames.open({ type: 'redacted_thinking', data: value }) + this.#frames.close()
    }
    if (type !== 'anthropic.signature') return this.#frames.close()
    return this.#opened() + this.#frames.text('signature_delta', 'signature', value) + this.#frames.close()
  }

  /** A break is written with what follows it, so that none is left at the end. */
  #section(): string {
    if (this.#frames.isOpen) this.#break = SECTION_BREAK
    return ''
  }

  #text(text: string): string {
    if (text === '') return ''
    const whole = this.#break + text
    this.#break = ''
    return this.#opened() + this.#frames.text('thinking_delta', 'thinking', whole)
  }

  #keep(state: NonNullable<ReasoningPart['state']>[number]): void {
    noteForeignState([state], this.#path, this.#encoding.log)
    this.#state = nativeState({ ...this.#part, state: [state] }) ?? this.#state
  }

  #opened(): string {
    if (this.#frames.isOpen) return ''
    return this.#frames.open({ type: 'thinking', thinking: '', signature: '', ...writableFields(this.#part) })
  }
}

class ToolUseWriter implements PartWriter {
  readonly #part: ToolCallPart
  readonly #index: number
  readonly #frames: BlockFrames
  readonly #encoding: ReplyEncoding
  #freeText = ''
  #isEmpty = true

  constructor(part: ToolCallPart, index: number, frames: BlockFrames, encoding: ReplyEncoding) {
    this.#part = part
    this.#index = index
    this.#frames = frames
    this.#encoding = encoding
  }

  start(): string {
    const opened = this.#frames.open(toolUse(this.#part, this.#index, this.#encoding))
    const { kind, arguments: text } = this.#part
    if (text === '') return opened
    return opened + this.#text(kind === 'custom' ? text : this.#wholeArguments())
  }

  delta(event: ReplyEvent): string {
    return event.type === 'arguments-delta' ? this.#text(event.text) : ''
  }

  /** Free text is wrapped when it is whole; a call without arguments has one empty piece. */
  close(): string {
    const { kind } = this.#part
    const last = kind === 'custom' ? JSON.stringify({ [FREE_TEXT]: this.#freeText }) : ''
    const piece = kind === 'custom' || this.#isEmpty ? this.#frames.text('input_json_delta', 'partial_json', last) : ''
    return piece + this.#frames.close()
  }

  #text(text: string): string {
    if (this.#part.kind === 'custom') {
      this.#freeText += text
      return ''
    }
    if (text === '') return ''
    this.#isEmpty = false
    return this.#frames.text('input_json_delta', 'partial_json', text)
  }

  /** Arguments that came in one piece can still be made an object; streamed ones go out as they come. */
  #wholeArguments(): string {
    const { input, exact } = argumentsObject(this.#part)
    if (!exact) this.#encoding.log.approximated(`parts[${this.#index}].arguments`, 'not a JSON object: wrapped in one')
    return writeJson(input)
  }
}

/** Blocks of this format that have come whole; anything else leaves none. */
class WholeWriter implements PartWriter {
  readonly #part: Part
  readonly #path: string
  readonly #frames: BlockFrames
  readonly #encoding: ReplyEncoding

  constructor(part: Part, index: number, frames: BlockFrames, encoding: ReplyEncoding) {
    this.#part = part
    this.#path = `parts[${index}]`
    this.#frames = frames
    this.#encoding = encoding
  }

  start(): string {
    const part = this.#part
    if (part.type === 'compaction') return this.#compaction(part.summary ?? null, writableFields(part))
    if ((part.type !== 'hosted-tool' && part.type !== 'opaque') || part.format !== FORMAT) {
      noteUnsayable(part, this.#path, this.#encoding.log)
      return ''
    }
    const isCall = part.type === 'hosted-tool' && part.phase === 'call'
    return isCall ? this.#call(membersOf(part.json)) : this.#frames.open(new RawJson(part.json))
  }

  delta(): string {
    return ''
  }

  close(): string {
    return this.#frames.close()
  }

  /** Clients gather the input of a call from its deltas. */
  #call(block: WritableObject): string {
    const { input } = block
    const opened = this.#frames.open({ ...block, input: {} })
    return opened + this.#frames.text('input_json_delta', 'partial_json', input instanceof RawJson ? input.text : '')
  }

  #compaction(content: string | null, fields: WritableObject): string {
    const opened = this.#frames.open({ type: 'compaction', content: null, ...fields })
    return opened + this.#frames.delta({ type: 'compaction_delta', content })
  }
}
