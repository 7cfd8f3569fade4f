/** Parts of a reply → output items. Knows which part belongs to which item, and when an item is over. */
import { writeJson } from '../../json/raw.ts'
import type { Part, ReasoningPart, RefusalPart, TextPart, ToolCallPart } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import { DeclaredTools } from './declared-tools.ts'
import { type Bag, bagOf, type Fields, isFields, valueIn, written } from './fields.ts'
import { encodeImageCall, isImageCall } from './image-call.ts'
import { ItemIds } from './item-ids.ts'
import { ItemSequence, type Opened } from './item-sequence.ts'
import type { LossList } from './loss-list.ts'
import { MessageItem } from './message-item.ts'
import { FORMAT } from './name.ts'
import { isOwn, PartStates, takesStateBack } from './opaque-state.ts'
import { CallItem, type ItemStatus, type Place, WholeItem } from './output-items.ts'
import { ReasoningItem } from './reasoning-item.ts'
import { SearchItem } from './search-item.ts'
import type { SseFrames } from './sse-frames.ts'

export type PartEvent = Extract<ReplyEvent, { readonly index: number }>

/** Each part becomes an item, or a piece of one: texts in a row are one message. */
export class OutputEncoder {
  readonly #losses: LossList
  readonly #tools: DeclaredTools
  readonly #ids: ItemIds
  readonly #items: ItemSequence
  #refused = false
  readonly #words: string[] = []
  readonly #states: PartStates
  /** Text parts that have state and, as yet, no text: they may need no message. */
  readonly #silent = new Map<number, TextPart>()

  /** @param request the client's own request body */
  constructor(responseId: string, request: unknown, frames: SseFrames, losses: LossList, stateKey?: Buffer) {
    this.#states = new PartStates(losses, takesStateBack(request) ? stateKey : undefined)
    this.#losses = losses
    this.#tools = new DeclaredTools(request)
    this.#ids = new ItemIds(responseId)
    this.#items = new ItemSequence(frames, this.#ids)
  }

  /** JSON text of the items that are done, in order. */
  get done(): readonly string[] {
    return this.#items.done
  }

  get isBegun(): boolean {
    return !this.#items.isEmpty
  }

  /** Whether a refusal was said. */
  get refused(): boolean {
    return this.#refused
  }

  /** All text so far. */
  get said(): string {
    return this.#words.join('')
  }

  event(event: PartEvent): string {
    if (event.type === 'part-start') return this.#partStart(event.index, event.candidate, event.part)
    if (event.type === 'state') this.#states.add(event.index, [event.state])
    const begun = event.type === 'text-delta' ? this.#beginSilent(event.index) : ''
    const item = this.#items.of(event.index)
    if (item === undefined) return event.type === 'part-end' ? this.#endPart(event.index) : ''
    switch (event.type) {
      case 'text-delta':
        if (item instanceof MessageItem) this.#words.push(event.text)
        return begun + (item instanceof MessageItem || item instanceof ReasoningItem ? item.text(event.text) : '')
      case 'arguments-delta':
        return item instanceof CallItem || item instanceof SearchItem ? item.add(event.text) : ''
      case 'section-break':
        return item instanceof ReasoningItem ? item.sectionBreak() : ''
      case 'state':
        return ''
      case 'citation':
        return item instanceof MessageItem ? this.#citation(item, event.citation, `parts[${event.index}]`) : ''
      case 'logprobs':
        return item instanceof MessageItem ? item.logprobs(event.logprobs) : ''
      case 'part-end':
        return this.#endPart(event.index)
    }
  }

  /** See `StreamEncoder.run`. */
  run(run: TextRun): string | undefined {
    const item = this.#items.of(run.index)
    if (item instanceof MessageItem) this.#words.push(run.text)
    const speaks = item instanceof MessageItem || item instanceof ReasoningItem || item instanceof CallItem
    return speaks ? item.run(run) : undefined
  }

  /** What carries the state of a part that is no reasoning stands behind it; reasoning carries its own. */
  #endPart(index: number): string {
    const item = this.#items.of(index)
    if (item instanceof ReasoningItem) {
      const value = this.#states.take(index, { at: 'self', of: 'reasoning' })
      if (value !== undefined) item.state(value)
      return this.#items.detach(index)
    }
    const isCall = item instanceof CallItem || item instanceof SearchItem
    const of = isCall ? 'call' : item === undefined || item instanceof MessageItem ? 'text' : 'other'
    const carrier = this.#states.take(index, { at: item === undefined ? 'self' : 'previous', of })
    const detached = this.#items.detach(index)
    return detached + this.#carrierItem(carrier)
  }

  /** An item of its own for state that the API has no other place for. */
  #carrierItem(carrier: string | undefined): string {
    if (carrier === undefined) return ''
    const { open, frames } = this.#items.begin('rs', false, undefined, place => new ReasoningItem(place, ''))
    if (open.item instanceof ReasoningItem) open.item.state(carrier)
    return frames
  }

  /** Text comes for a part that began with nothing but state. */
  #beginSilent(index: number): string {
    const part = this.#silent.get(index)
    this.#silent.delete(index)
    return part === undefined ? '' : this.#said(index, part)
  }

  /** Says a refusal that has no part of its own. */
  refuse(text: string): string {
    const part: RefusalPart = { type: 'refusal', text: '' }
    const { open, frames } = this.#message(part, undefined)
    const { item } = open
    this.#refused = true
    return item instanceof MessageItem ? frames + item.begin('refusal', '') + item.text(text) : frames
  }

  /** Ends every item that is still open; the last one with `status`. */
  close(status: ItemStatus): string {
    return this.#items.close(status)
  }

  #partStart(index: number, candidate: number, part: Part): string {
    if (candidate !== 0) {
      this.#losses.dropped(`candidates[${candidate}]`, 'the Responses API gives one answer')
      return ''
    }
    this.#losses.foreign(part.extensions, `parts[${index}]`)
    this.#states.add(index, part.type === 'compaction' ? [] : (part.state ?? []))
    switch (part.type) {
      case 'text':
        if (part.text !== '' || part.state === undefined) return this.#said(index, part)
        this.#silent.set(index, part)
        return ''
      case 'refusal':
        return this.#said(index, part)
      case 'reasoning':
        return this.#thought(index, part)
      case 'tool-call':
        return this.#called(index, part)
      default:
        return this.#handedOn(index, part)
    }
  }

  #said(index: number, part: TextPart | RefusalPart): string {
    const { open, frames } = this.#message(part, bagOf(part))
    const { item } = open
    this.#items.attach(index, open)
    if (!(item instanceof MessageItem)) return frames
    const bag = bagOf(part)
    const message = valueIn(bag, '#message')
    if (isFields(message)) item.setExtra(membersOf(message))
    if (part.type === 'refusal') {
      this.#refused = true
      return frames + item.begin('refusal', extraOf(bag)) + item.text(part.text)
    }
    const begun = open.native ? item.begin('output_text', extraOf(bag)) : item.continueText()
    this.#words.push(part.text)
    // One after another: each frame takes the next number.
    let said = frames + begun + item.text(part.text)
    for (const citation of part.citations ?? []) said += this.#citation(item, citation, `parts[${index}]`)
    return said + item.logprobs(part.logprobs ?? [])
  }

  /** The message that a part belongs to: the last item, if that is one it can be part of, else a new one. */
  #message(part: TextPart | RefusalPart, bag: Bag | undefined): Opened {
    const { last } = this.#items
    const native = bag !== undefined
    if (last?.item instanceof MessageItem) {
      const same = native ? part.id !== undefined && last.nativeId === part.id : !last.native
      if (same) return { open: last, frames: '' }
    }
    return this.#items.begin(
      'msg',
      native,
      part.id,
      place => new MessageItem(place, part.type === 'text' ? part.phase : undefined),
    )
  }

  #thought(index: number, part: ReasoningPart): string {
    const bag = bagOf(part)
    const { last } = this.#items
    const joins = bag?.['#joined'] !== undefined && last?.item instanceof ReasoningItem
    const { open, frames } = joins
      ? { open: last, frames: '' }
      : this.#items.begin('rs', bag !== undefined, part.id, place => new ReasoningItem(place, extraOf(bag)))
    this.#items.attach(index, open)
    const { item } = open
    if (!(item instanceof ReasoningItem)) return frames
    let text = frames + item.begin(part.visibility, extraOf(bag))
    for (const [section, chunk] of part.chunks.entries())
      text += (section > 0 ? item.sectionBreak() : '') + item.text(chunk)
    return text
  }

  #called(index: number, part: ToolCallPart): string {
    const ahead = this.#carrierItem(this.#states.take(index, { at: 'next', of: 'call' }))
    if (this.#tools.isSearch(part)) return ahead + this.#searched(index, part)
    const { call, unwrap } = this.#tools.resolve(part)
    const callId = this.#ids.callId(call.callId)
    const prefix = call.kind === 'custom' ? 'ctc' : 'fc'
    const bag = bagOf(part)
    const { open, frames } = this.#items.begin(
      prefix,
      bag !== undefined,
      part.id,
      place => new CallItem(place, { ...call, callId }, unwrap, extraOf(bag)),
    )
    this.#items.attach(index, open)
    return ahead + frames + (open.item instanceof CallItem ? open.item.add(part.arguments) : '')
  }

  #searched(index: number, part: ToolCallPart): string {
    const callId = this.#ids.callId(part.callId)
    const item = (place: Place): SearchItem => new SearchItem(place, callId)
    const { open, frames } = this.#items.begin('tsc', false, undefined, item)
    this.#items.attach(index, open)
    return frames + (open.item instanceof SearchItem ? open.item.add(part.arguments) : '')
  }

  /** Parts that come whole or not at all. */
  #handedOn(index: number, part: Part): string {
    if ((part.type === 'hosted-tool' || part.type === 'opaque') && part.format === FORMAT)
      return this.#item(index, 'item', part.id ?? idIn(part.json), id => withId(part.json, id))
    const image = encodeImageCall(part)
    if (image !== undefined)
      return this.#item(index, 'ig', isImageCall(part) ? part.id : undefined, id => writeJson({ id, ...image }))
    const state = part.type === 'compaction' ? part.state?.find(isOwn)?.value : undefined
    if (state !== undefined)
      return this.#item(index, 'cmp', part.id, id => writeJson({ id, type: 'compaction', encrypted_content: state }))
    this.#states.forget(index)
    this.#losses.dropped(`parts[${index}]`, `the Responses API has no form for such a part (${part.type})`)
    return ''
  }

  /** @param write JSON text of the item under the id that it gets */
  #item(index: number, prefix: string, wanted: string | undefined, write: (id: string) => string): string {
    const { open, frames } = this.#items.begin(prefix, true, wanted, place => new WholeItem(place, write(place.id)))
    this.#items.attach(index, open)
    return frames
  }

  #citation(item: MessageItem, citation: Parameters<MessageItem['citation']>[0], path: string): string {
    const frames = item.citation(citation)
    if (frames === undefined)
      this.#losses.dropped(`${path}.citations`, `the Responses API has no citation of this kind (${citation.kind})`)
    return frames ?? ''
  }
}

/** What this format's decoder kept of a node, as JSON members; the status is told anew. */
function extraOf(bag: Bag | undefined): string {
  let members = ''
  for (const [key, { text }] of Object.entries(written(bag))) {
    if (key !== 'status') members += `,${JSON.stringify(key)}:${text}`
  }
  return members
}

function membersOf(fields: Fields): string {
  return Object.entries(fields)
    .filter(([key]) => key !== 'status')
    .map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join('')
}

/** The item's text as it is, unless its id is missing or stands on another item already. */
function withId(json: string, id: string): string {
  return idIn(json) === id ? json : JSON.stringify({ ...JSON.parse(json), id })
}

function idIn(json: string): string | undefined {
  const value: unknown = JSON.parse(json)
  return isFields(value) && typeof value.id === 'string' ? value.id : undefined
}
