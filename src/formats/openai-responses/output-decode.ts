/** The output of a streamed reply: events of items and their parts → parts. */
import type { JsonDocument } from '../../json/document.ts'
import type { Part } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { decodeAnnotation } from './annotations.ts'
import { decodeContentPart } from './content-decode.ts'
import { tolerate } from './fault.ts'
import { type Fields, isFields, listOf, nativeExtensions, stringOf } from './fields.ts'
import type { Seen } from './finish.ts'
import { decodeLogprobs } from './logprobs.ts'
import { OpenItem, type OpenPart } from './open-item.ts'
import { decodeOutputItem } from './reply-decode.ts'

/**
 * Items are told apart by `output_index`: some gateways give an item another id in each event. What an item holds in
 * full when it is done fills up what its deltas left out, for providers that send few of them or none.
 */
export class OutputDecoder {
  readonly #items = new Map<unknown, OpenItem>()
  #events: ReplyEvent[] = []
  #nextIndex = 0
  #toolCall = false
  #refusal: string | undefined

  get seen(): Seen {
    return { toolCall: this.#toolCall, ...(this.#refusal === undefined ? {} : { refusal: this.#refusal }) }
  }

  /** An event that carries an item, a part or an annotation whole. */
  whole(type: string, document: JsonDocument, event: Fields): readonly ReplyEvent[] {
    this.#events = []
    if (type === 'response.output_item.added') this.#added(document, event)
    else if (type === 'response.output_item.done') this.#done(document, event.output_index, event.item)
    else if (type === 'response.output_text.annotation.added') this.#annotation(document, event)
    else this.#contentDone(document, event)
    return this.#events
  }

  /** An event that carries a piece of text, or none. */
  delta(type: string, event: Fields): readonly ReplyEvent[] {
    this.#events = []
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
        this.#rest(this.#content(event, 'text'), stringOf(event.text))
        break
      case 'response.refusal.delta':
        this.#text(this.#content(event, 'refusal'), delta)
        break
      case 'response.refusal.done':
        this.#rest(this.#content(event, 'refusal'), stringOf(event.refusal))
        break
      case 'response.reasoning_summary_part.added':
        this.#section(event, 'summary', event.summary_index)
        break
      case 'response.reasoning_summary_text.delta':
        this.#text(this.#section(event, 'summary', event.summary_index), delta)
        break
      case 'response.reasoning_text.delta':
        this.#text(this.#section(event, 'full', event.content_index), delta)
        break
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        this.#arguments(this.#item(event).call, delta)
        break
      case 'response.function_call_arguments.done':
        this.#restOfArguments(this.#item(event).call, stringOf(event.arguments))
        break
      case 'response.custom_tool_call_input.done':
        this.#restOfArguments(this.#item(event).call, stringOf(event.input))
        break
      default:
        // A hosted tool is at work: the item comes whole when it is done.
        if (!type.endsWith('.delta')) this.#events.push({ type: 'ping' })
    }
    return this.#events
  }

  /** The reply is complete: what its output holds beyond what was streamed, and the ends of what is still open. */
  rest(document: JsonDocument, output: readonly unknown[]): readonly ReplyEvent[] {
    this.#events = []
    // Where positions do not match those in the stream, an item cannot be told to be missing.
    const comparable = [...this.#items.keys()].every(key => typeof key === 'number' && key < output.length)
    if (comparable) {
      for (const [index, item] of output.entries()) this.#done(document, index, item)
    }
    for (const item of this.#items.values()) this.#close(item)
    return this.#events
  }

  #item(event: Fields): OpenItem {
    const key = Number.isInteger(event.output_index) ? event.output_index : (event.item_id ?? 0)
    const item = this.#items.get(key)
    if (item !== undefined) return item
    const opened = new OpenItem(stringOf(event.item_id))
    this.#items.set(key, opened)
    return opened
  }

  #added(document: JsonDocument, event: Fields): void {
    const { item } = event
    if (!isFields(item)) return
    const open = new OpenItem(stringOf(item.id), item.phase)
    this.#items.set(Number.isInteger(event.output_index) ? event.output_index : (item.id ?? 0), open)
    const isCall = item.type === 'function_call' || item.type === 'custom_tool_call'
    if (!isCall || !stringOf(item.name)) {
      if (item.type !== 'message') this.#events.push({ type: 'ping' })
      return
    }
    const empty = item.type === 'function_call' ? { ...item, arguments: '' } : { ...item, input: '' }
    for (const part of decodeOutputItem(document, withoutStatus(empty))) open.call = this.#start(part)
    this.#toolCall = true
  }

  #start(part: Part): OpenPart {
    const index = this.#nextIndex++
    const named =
      part.type === 'tool-call' && part.callId === '' ? { ...part, callId: part.id ?? `call_${index}` } : part
    this.#events.push({ type: 'part-start', index, candidate: 0, part: named })
    return { index, length: 0, held: '', citations: 0, logprobs: false, open: true }
  }

  #content(event: Fields, type: 'text' | 'refusal'): OpenPart {
    const item = this.#item(event)
    const key = Number.isInteger(event.content_index) ? Number(event.content_index) : 0
    const existing = item.content.get(key)
    if (existing !== undefined) return existing
    const id = item.id === undefined ? {} : { id: item.id }
    const part: Part =
      type === 'text'
        ? { type, text: '', ...id, ...item.phase, ...nativeExtensions({}) }
        : { type, text: '', ...id, ...nativeExtensions({}) }
    const opened = this.#start(part)
    item.content.set(key, opened)
    if (type === 'refusal') {
      this.#refusal ??= ''
    }
    return opened
  }

  #textDelta(event: Fields, delta: string): void {
    const part = this.#content(event, 'text')
    const logprobs = Array.isArray(event.logprobs) && event.logprobs.length > 0 ? decodeLogprobs(event.logprobs) : []
    this.#text(part, delta)
    if (logprobs.length === 0 || !part.open) return
    part.logprobs = true
    this.#events.push({ type: 'logprobs', index: part.index, logprobs })
  }

  /** The part for one section of a reasoning item's text; later sections of the same kind are breaks within it. */
  #section(event: Fields, visibility: 'summary' | 'full', section: unknown): OpenPart {
    const item = this.#item(event)
    let track = item.reasoning.get(visibility)
    if (track === undefined) {
      const mark = item.reasoning.size > 0 ? { '#joined': 'true' } : {}
      const id = item.id === undefined ? {} : { id: item.id }
      const part = this.#start({ type: 'reasoning', visibility, chunks: [], ...id, ...nativeExtensions(mark) })
      track = { part, section: 0 }
      item.reasoning.set(visibility, track)
    }
    const wanted = Number.isInteger(section) ? Number(section) : track.section
    while (track.section < wanted && track.section < 1000) {
      this.#release(track.part)
      this.#events.push({ type: 'section-break', index: track.part.index })
      track.part.length = 0
      track.section++
    }
    return track.part
  }

  /** A surrogate pair that is split between deltas is put together again. */
  #text(part: OpenPart, delta: string): void {
    if (delta === '' || !part.open) return
    part.length += delta.length
    const text = part.held + delta
    const last = text.charCodeAt(text.length - 1)
    const split = last >= 0xd800 && last <= 0xdbff
    part.held = split ? text.slice(-1) : ''
    const whole = split ? text.slice(0, -1) : text
    if (whole !== '') this.#events.push({ type: 'text-delta', index: part.index, text: whole.toWellFormed() })
  }

  #rest(part: OpenPart, text: string | undefined): void {
    if (text !== undefined && text.length > part.length) this.#text(part, text.slice(part.length))
  }

  #arguments(part: OpenPart | undefined, delta: string): void {
    if (part === undefined || !part.open || delta === '') return
    part.length += delta.length
    this.#events.push({ type: 'arguments-delta', index: part.index, text: delta })
  }

  #restOfArguments(part: OpenPart | undefined, text: string | undefined): void {
    if (part !== undefined && text !== undefined && text.length > part.length)
      this.#arguments(part, text.slice(part.length))
  }

  #annotation(document: JsonDocument, event: Fields): void {
    if (!isFields(event.annotation)) return
    const part = this.#content(event, 'text')
    if (!part.open) return
    part.citations++
    this.#events.push({ type: 'citation', index: part.index, citation: decodeAnnotation(document, event.annotation) })
  }

  #contentDone(document: JsonDocument, event: Fields): void {
    if (isFields(event.part)) this.#fill(document, event, event.part)
  }

  /** A content part is whole now: what is missing of it, then its end. */
  #fill(document: JsonDocument, event: Fields, content: Fields): void {
    if (content.type !== 'output_text' && content.type !== 'refusal') return
    const part = this.#content(event, content.type === 'refusal' ? 'refusal' : 'text')
    if (!part.open) return
    this.#rest(part, stringOf(content.type === 'refusal' ? content.refusal : content.text))
    for (const annotation of listOf(content.annotations).slice(part.citations)) {
      if (isFields(annotation)) {
        const citation = decodeAnnotation(document, annotation)
        this.#events.push({ type: 'citation', index: part.index, citation })
      }
    }
    const logprobs = part.logprobs ? [] : decodeLogprobs(content.logprobs)
    if (logprobs.length > 0) this.#events.push({ type: 'logprobs', index: part.index, logprobs })
    if (content.type === 'refusal') this.#refusal = (this.#refusal ?? '') + (stringOf(content.refusal) ?? '')
    this.#end(part)
  }

  #done(document: JsonDocument, outputIndex: unknown, item: unknown): void {
    if (!isFields(item)) return
    const open = this.#item({ output_index: outputIndex, item_id: item.id })
    if (open.done) return
    open.done = true
    open.id ??= stringOf(item.id)
    if (item.type === 'message') this.#messageDone(document, outputIndex, item)
    else if (item.type === 'reasoning') this.#reasoningDone(document, open, outputIndex, item)
    else this.#otherDone(document, open, item)
    this.#close(open)
  }

  #messageDone(document: JsonDocument, outputIndex: unknown, item: Fields): void {
    const open = this.#item({ output_index: outputIndex, item_id: item.id })
    open.setPhase(item.phase)
    if (open.content.size === 0 && listOf(item.content).length === 0) {
      for (const part of decodeOutputItem(document, item)) this.#end(this.#start(part))
    }
    for (const [index, content] of listOf(item.content).entries()) {
      if (!isFields(content)) continue
      if (content.type === 'output_text' || content.type === 'refusal') {
        this.#fill(document, { output_index: outputIndex, item_id: item.id, content_index: index }, content)
      } else if (!open.content.has(index)) {
        const id = open.id === undefined ? {} : { id: open.id }
        open.content.set(index, this.#start({ ...decodeContentPart(document, content, 'content', tolerate), ...id }))
      }
    }
  }

  #reasoningDone(document: JsonDocument, open: OpenItem, outputIndex: unknown, item: Fields): void {
    const parts = decodeOutputItem(document, item)
    for (const part of parts) {
      if (part.type !== 'reasoning') continue
      if (part.visibility === 'hidden') {
        if (open.reasoning.size === 0) open.reasoning.set('summary', { part: this.#start(part), section: 0 })
        else this.#state(open, part)
        continue
      }
      for (const [section, text] of part.chunks.entries()) {
        const track = open.reasoning.get(part.visibility)
        if (track !== undefined && section < track.section) continue
        this.#rest(this.#section({ output_index: outputIndex, item_id: item.id }, part.visibility, section), text)
      }
      this.#state(open, part)
    }
  }

  /** Complete only now: what `output_item.added` held of it may have been a beginning (SDK, `encrypted_content`). */
  #state(open: OpenItem, part: Part): void {
    const last = [...open.reasoning.values()].at(-1)
    if (last === undefined) return
    for (const state of part.state ?? []) this.#events.push({ type: 'state', index: last.part.index, state })
  }

  #otherDone(document: JsonDocument, open: OpenItem, item: Fields): void {
    if (open.call !== undefined) {
      this.#restOfArguments(open.call, stringOf(item.type === 'function_call' ? item.arguments : item.input))
      return
    }
    for (const part of decodeOutputItem(document, item)) {
      if (part.type === 'tool-call') this.#toolCall = true
      this.#end(this.#start(part))
    }
  }

  #close(item: OpenItem): void {
    for (const part of item.content.values()) this.#end(part)
    for (const { part } of item.reasoning.values()) this.#end(part)
    if (item.call !== undefined) this.#end(item.call)
  }

  #end(part: OpenPart): void {
    if (!part.open) return
    this.#release(part)
    part.open = false
    this.#events.push({ type: 'part-end', index: part.index })
  }

  /** The other half of the pair never came. */
  #release(part: OpenPart): void {
    if (part.held === '') return
    this.#events.push({ type: 'text-delta', index: part.index, text: part.held.toWellFormed() })
    part.held = ''
  }
}

/** The status of an item that is being streamed is not what the part should remember. */
function withoutStatus({ status: _, ...item }: Fields): Fields {
  return item
}
