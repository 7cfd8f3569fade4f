/** The output of a streamed reply: events of items and their contents → events of parts. */
import type { JsonDocument } from '../../json/document.ts'
import type { Part } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { decodeContentPart } from './content-decode.ts'
import { tolerate } from './fault.ts'
import { type Fields, isFields, listOf, nativeExtensions, stringOf } from './fields.ts'
import type { Seen } from './finish.ts'
import { OpenItem } from './open-item.ts'
import { type OpenPart, PartEvents } from './part-events.ts'
import { decodeOutputItem } from './reply-decode.ts'

/**
 * Items are told apart by `output_index`: some gateways give an item another id in each event. What an item holds in
 * full when it is done fills up what its deltas left out, for providers that send few of them or none.
 */
export class OutputDecoder {
  readonly #items = new Map<unknown, OpenItem>()
  readonly #parts = new PartEvents()
  #toolCall = false
  #refusal: string | undefined

  get seen(): Seen {
    return { toolCall: this.#toolCall, ...(this.#refusal === undefined ? {} : { refusal: this.#refusal }) }
  }

  /** An event that carries an item, a content part or an annotation whole. */
  whole(type: string, document: JsonDocument, event: Fields): readonly ReplyEvent[] {
    switch (type) {
      case 'response.output_item.added':
        this.#added(document, event)
        break
      case 'response.output_item.done':
        this.#done(document, event.output_index, event.item)
        break
      case 'response.output_text.annotation.added':
        this.#parts.annotation(this.#content(event, 'text'), document, event.annotation)
        break
      default:
        if (isFields(event.part)) this.#contentDone(document, event, event.part)
    }
    return this.#parts.take()
  }

  /** An event that carries a piece of text, or none. */
  delta(type: string, event: Fields): readonly ReplyEvent[] {
    const delta = stringOf(event.delta) ?? ''
    switch (type) {
      case 'response.content_part.added':
        if (isFields(event.part) && event.part.type === 'output_text') this.#content(event, 'text')
        else if (isFields(event.part) && event.part.type === 'refusal') this.#content(event, 'refusal')
        break
      case 'response.output_text.delta':
        this.#textDelta(event, delta)
        break
      case 'response.output_text.done':
        this.#parts.restOfText(this.#content(event, 'text'), stringOf(event.text))
        break
      case 'response.refusal.delta':
        this.#parts.text(this.#content(event, 'refusal'), delta)
        break
      case 'response.refusal.done':
        this.#parts.restOfText(this.#content(event, 'refusal'), stringOf(event.refusal))
        break
      case 'response.reasoning_summary_part.added':
        this.#section(this.#item(event), 'summary', event.summary_index)
        break
      case 'response.reasoning_summary_text.delta':
        this.#parts.text(this.#section(this.#item(event), 'summary', event.summary_index), delta)
        break
      case 'response.reasoning_text.delta':
        this.#parts.text(this.#section(this.#item(event), 'full', event.content_index), delta)
        break
      default:
        this.#callDelta(type, event, delta)
    }
    return this.#parts.take()
  }

  /** The part that a delta says more of: one that has begun, and in which no half of a character waits. */
  speaking(type: string, event: Fields): OpenPart | undefined {
    const part = this.#begun(type, event)
    return part?.open && part.held === '' ? part : undefined
  }

  #begun(type: string, event: Fields): OpenPart | undefined {
    const item = this.#items.get(keyOf(event.output_index, event.item_id))
    switch (type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return item?.content.get(contentKey(event))
      case 'response.reasoning_summary_text.delta':
        return sectionOf(item?.reasoning.get('summary'), event.summary_index)
      case 'response.reasoning_text.delta':
        return sectionOf(item?.reasoning.get('full'), event.content_index)
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return item?.call
      default:
        return undefined
    }
  }

  /** The reply is complete: what its output holds beyond what was streamed, and the ends of what is still open. */
  rest(document: JsonDocument, output: readonly unknown[]): readonly ReplyEvent[] {
    // Where positions do not match those in the stream, an item cannot be told to be missing.
    const comparable = [...this.#items.keys()].every(key => typeof key === 'number' && key < output.length)
    if (comparable) {
      for (const [index, item] of output.entries()) this.#done(document, index, item)
    }
    for (const item of this.#items.values()) this.#close(item)
    return this.#parts.take()
  }

  #item(event: Fields): OpenItem {
    const key = keyOf(event.output_index, event.item_id)
    const item = this.#items.get(key)
    if (item !== undefined) return item
    const opened = new OpenItem(stringOf(event.item_id))
    this.#items.set(key, opened)
    return opened
  }

  #added(document: JsonDocument, event: Fields): void {
    const { item } = event
    if (!isFields(item)) return
    const key = keyOf(event.output_index, item.id)
    const before = this.#items.get(key)
    if (before !== undefined) this.#close(before)
    const open = new OpenItem(stringOf(item.id), item.phase)
    this.#items.set(key, open)
    if (isCall(item) && stringOf(item.name)) this.#startCall(document, open, item)
    else if (item.type !== 'message') this.#parts.ping()
  }

  #startCall(document: JsonDocument, open: OpenItem, item: Fields): void {
    // The status is that of the moment, and arguments are told by their deltas or when they are done.
    const { status: _, ...rest } = item
    const empty = item.type === 'function_call' ? { ...rest, arguments: '' } : { ...rest, input: '' }
    for (const part of decodeOutputItem(document, empty)) open.call = this.#parts.start(part)
    this.#toolCall = true
  }

  #callDelta(type: string, event: Fields, delta: string): void {
    switch (type) {
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        this.#parts.arguments(this.#item(event).call, delta)
        return
      case 'response.function_call_arguments.done':
        this.#parts.restOfArguments(this.#item(event).call, stringOf(event.arguments))
        return
      case 'response.custom_tool_call_input.done':
        this.#parts.restOfArguments(this.#item(event).call, stringOf(event.input))
        return
      default:
        // A hosted tool is at work: its item comes whole when it is done.
        if (!type.endsWith('.delta')) this.#parts.ping()
    }
  }

  #content(event: Fields, type: 'text' | 'refusal'): OpenPart {
    const item = this.#item(event)
    const key = contentKey(event)
    const existing = item.content.get(key)
    if (existing !== undefined) return existing
    const said = { text: '', ...item.idMember, ...nativeExtensions({}) }
    const part: Part = type === 'text' ? { type, ...said, ...item.phase } : { type, ...said }
    const opened = this.#parts.start(part)
    item.content.set(key, opened)
    if (type === 'refusal') this.#refusal ??= ''
    return opened
  }

  #textDelta(event: Fields, delta: string): void {
    const part = this.#content(event, 'text')
    this.#parts.text(part, delta)
    this.#parts.logprobs(part, event.logprobs)
  }

  /** The part for one section of a reasoning item's text; later sections of the same kind are breaks within it. */
  #section(item: OpenItem, visibility: 'summary' | 'full', section: unknown): OpenPart {
    let track = item.reasoning.get(visibility)
    if (track === undefined) {
      // A summary and the text itself come one after the other, if they come both.
      for (const other of item.reasoning.values()) this.#parts.end(other.part)
      const extensions = nativeExtensions(item.reasoning.size > 0 ? { '#joined': 'true' } : {})
      const part = this.#parts.start({ type: 'reasoning', visibility, chunks: [], ...item.idMember, ...extensions })
      track = { part, section: 0 }
      item.reasoning.set(visibility, track)
    }
    const wanted = Number.isInteger(section) ? Math.min(Number(section), MAX_SECTIONS) : track.section
    for (; track.section < wanted; track.section++) this.#parts.sectionBreak(track.part)
    return track.part
  }

  /** A content part is whole now: what is missing of it, then its end. */
  #contentDone(document: JsonDocument, event: Fields, content: Fields): void {
    const refusal = content.type === 'refusal'
    if (content.type !== 'output_text' && !refusal) return
    const part = this.#content(event, refusal ? 'refusal' : 'text')
    if (!part.open) return
    this.#parts.restOfText(part, stringOf(refusal ? content.refusal : content.text))
    for (const annotation of listOf(content.annotations).slice(part.citations))
      this.#parts.annotation(part, document, annotation)
    if (!part.logprobs) this.#parts.logprobs(part, content.logprobs)
    if (refusal) this.#refusal = (this.#refusal ?? '') + (stringOf(content.refusal) ?? '')
    this.#parts.end(part)
  }

  #done(document: JsonDocument, outputIndex: unknown, item: unknown): void {
    if (!isFields(item)) return
    const open = this.#item({ output_index: outputIndex, item_id: item.id })
    if (open.done) return
    open.done = true
    open.id ??= stringOf(item.id)
    if (item.type === 'message') this.#messageDone(document, open, outputIndex, item)
    else if (item.type === 'reasoning') this.#reasoningDone(document, open, item)
    else this.#otherDone(document, open, item)
    this.#close(open)
  }

  #messageDone(document: JsonDocument, open: OpenItem, outputIndex: unknown, item: Fields): void {
    open.setPhase(item.phase)
    const contents = listOf(item.content)
    if (open.content.size === 0 && contents.length === 0) this.#otherDone(document, open, item)
    for (const [index, content] of contents.entries()) {
      if (!isFields(content)) continue
      if (content.type === 'output_text' || content.type === 'refusal') {
        this.#contentDone(document, { output_index: outputIndex, item_id: item.id, content_index: index }, content)
      } else if (!open.content.has(index)) {
        const part = decodeContentPart(document, content, 'content', tolerate)
        open.content.set(index, this.#parts.start({ ...part, ...open.idMember }))
      }
    }
  }

  /** Only now is the state whole: what `output_item.added` held of it may have been a beginning (conversion.md E99). */
  #reasoningDone(document: JsonDocument, open: OpenItem, item: Fields): void {
    for (const part of decodeOutputItem(document, item)) {
      if (part.type !== 'reasoning') continue
      if (part.visibility === 'hidden' && open.reasoning.size === 0) {
        open.reasoning.set('summary', { part: this.#parts.start(part), section: 0 })
        continue
      }
      if (part.visibility !== 'hidden') this.#restOfSections(open, part.visibility, part.chunks)
      const last = [...open.reasoning.values()].at(-1)
      if (last !== undefined) this.#parts.states(last.part, part)
    }
  }

  #restOfSections(open: OpenItem, visibility: 'summary' | 'full', chunks: readonly string[]): void {
    for (const [section, text] of chunks.entries()) {
      const begun = open.reasoning.get(visibility)
      if (begun === undefined || section >= begun.section)
        this.#parts.restOfText(this.#section(open, visibility, section), text)
    }
  }

  #otherDone(document: JsonDocument, open: OpenItem, item: Fields): void {
    if (open.call !== undefined) {
      this.#parts.restOfArguments(open.call, stringOf(item.type === 'function_call' ? item.arguments : item.input))
      return
    }
    if (isCall(item)) this.#toolCall = true
    for (const part of decodeOutputItem(document, item)) this.#parts.end(this.#parts.start(part))
  }

  #close(item: OpenItem): void {
    for (const part of item.content.values()) this.#parts.end(part)
    for (const { part } of item.reasoning.values()) this.#parts.end(part)
    if (item.call !== undefined) this.#parts.end(item.call)
  }
}

/** No summary has as many; a hostile index must not cost as many events. */
const MAX_SECTIONS = 1000

function isCall(item: Fields): boolean {
  return item.type === 'function_call' || item.type === 'custom_tool_call'
}

function contentKey({ content_index }: Fields): number {
  return Number.isInteger(content_index) ? Number(content_index) : 0
}

/** The part, as long as the section is not one that is still to begin. */
function sectionOf(
  track: { readonly part: OpenPart; readonly section: number } | undefined,
  section: unknown,
): OpenPart | undefined {
  const isLater = track !== undefined && Number.isInteger(section) && Number(section) > track.section
  return isLater ? undefined : track?.part
}

function keyOf(outputIndex: unknown, id: unknown): unknown {
  return Number.isInteger(outputIndex) ? outputIndex : (id ?? 0)
}
