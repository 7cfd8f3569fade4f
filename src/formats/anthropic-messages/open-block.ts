/** The content block that a stream is in the middle of, wire → events. */
import type { JsonDocument } from '../../json/document.ts'
import { RawJson, writeJson } from '../../json/raw.ts'
import type { Part } from '../conversation.ts'
import { GatheredText } from '../gathered-text.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { TextRun } from '../text-run.ts'
import { decodeBlock, signatureState } from './blocks-decode.ts'
import { decodeCitation } from './citations.ts'
import { isObject, type JsonObject, stringAt } from './fields.ts'
import { membersOf, parsed } from './leftovers.ts'
import { FORMAT } from './name.ts'
import { withCallId } from './reply-decode.ts'

const NOTHING: readonly ReplyEvent[] = []

export abstract class OpenBlock {
  readonly index: number
  constructor(index: number) {
    this.index = index
  }
  /** Whether the client is asked to run a tool. */
  readonly isToolCall: boolean = false
  /** The deltas that bring more of its text or arguments, if any do: their type, and where they hold it. */
  readonly piece: { readonly type: string; readonly key: string } | undefined
  /** Whether no half of a character waits for the other one. */
  get isBetweenCharacters(): boolean {
    return true
  }
  /** More, piece by piece. @param sources as of a `TextRun` */
  run(sources: readonly string[]): TextRun {
    return new TextRun(this.index, sources)
  }
  abstract open(): readonly ReplyEvent[]
  /** @returns `undefined` for a delta that cannot belong to this block */
  abstract delta(document: JsonDocument, delta: JsonObject): readonly ReplyEvent[] | undefined
  abstract close(): readonly ReplyEvent[]

  protected started(part: Part): ReplyEvent {
    return { type: 'part-start', index: this.index, candidate: 0, part }
  }
  protected ended(): ReplyEvent {
    return { type: 'part-end', index: this.index }
  }
}

export function openBlock(document: JsonDocument, block: JsonObject, index: number, messageId: string): OpenBlock {
  const part = withCallId(decodeBlock(document, block), messageId, index)
  switch (part.type) {
    case 'text':
      return new OpenText(index, part, 'text')
    case 'reasoning':
      return part.visibility === 'hidden' ? new WholeBlock(index, document, block) : new OpenThinking(index, part)
    case 'tool-call':
      return new OpenToolCall(index, part)
    default:
      return new WholeBlock(index, document, block)
  }
}

/** Keeps a surrogate pair together that was cut between two deltas. */
class PairKeeper {
  #held = ''

  get isEmpty(): boolean {
    return this.#held === ''
  }

  take(text: string): string {
    const whole = this.#held + text
    const last = whole.charCodeAt(whole.length - 1)
    const isOpen = last >= 0xd800 && last <= 0xdbff
    this.#held = isOpen ? whole.slice(-1) : ''
    return isOpen ? whole.slice(0, -1) : whole
  }
  /** Half a character that never got its other half. */
  rest(): string {
    return this.#held === '' ? '' : '\ufffd'
  }
}

class OpenText extends OpenBlock {
  override readonly piece: { readonly type: string; readonly key: 'text' | 'thinking' }
  readonly #part: Part
  readonly #pairs = new PairKeeper()

  constructor(index: number, part: Part, key: 'text' | 'thinking') {
    super(index)
    this.#part = part
    this.piece = { type: `${key}_delta`, key }
  }

  override get isBetweenCharacters(): boolean {
    return this.#pairs.isEmpty
  }

  open(): readonly ReplyEvent[] {
    return [this.started(this.#part)]
  }

  delta(document: JsonDocument, delta: JsonObject): readonly ReplyEvent[] | undefined {
    const { type, key } = this.piece
    if (delta.type === type) return this.text(stringAt(delta, key) ?? '')
    if (key === 'text' && delta.type === 'citations_delta' && isObject(delta.citation)) {
      return [{ type: 'citation', index: this.index, citation: decodeCitation(document, delta.citation) }]
    }
    return unknownDelta(document, delta)
  }

  close(): readonly ReplyEvent[] {
    const rest = this.#pairs.rest()
    if (rest === '') return [this.ended()]
    return [{ type: 'text-delta', index: this.index, text: rest }, this.ended()]
  }

  protected text(piece: string): readonly ReplyEvent[] {
    const text = this.#pairs.take(piece)
    return text === '' ? NOTHING : [{ type: 'text-delta', index: this.index, text }]
  }
}

/** The signature counts when the block closes: the last one that came is the valid one. */
class OpenThinking extends OpenText {
  #signature = ''

  constructor(index: number, part: Part) {
    super(index, part, 'thinking')
  }

  override delta(document: JsonDocument, delta: JsonObject): readonly ReplyEvent[] | undefined {
    if (delta.type !== 'signature_delta') return super.delta(document, delta)
    this.#signature = stringAt(delta, 'signature') ?? ''
    return NOTHING
  }

  override close(): readonly ReplyEvent[] {
    const closed = super.close()
    if (this.#signature === '') return closed
    return [
      ...closed.slice(0, -1),
      { type: 'state', index: this.index, state: signatureState(this.#signature) },
      ...closed.slice(-1),
    ]
  }
}

class OpenToolCall extends OpenBlock {
  override readonly isToolCall = true
  override readonly piece = { type: 'input_json_delta', key: 'partial_json' }
  readonly #part: Extract<Part, { type: 'tool-call' }>
  readonly #pairs = new PairKeeper()
  #isEmpty = true

  constructor(index: number, part: Extract<Part, { type: 'tool-call' }>) {
    super(index)
    this.#part = part
  }

  open(): readonly ReplyEvent[] {
    return [this.started({ ...this.#part, arguments: '' })]
  }

  delta(document: JsonDocument, delta: JsonObject): readonly ReplyEvent[] | undefined {
    if (delta.type !== 'input_json_delta') return unknownDelta(document, delta)
    const text = this.#pairs.take(stringAt(delta, 'partial_json') ?? '')
    if (text === '') return NOTHING
    this.#isEmpty = false
    return [{ type: 'arguments-delta', index: this.index, text }]
  }

  override get isBetweenCharacters(): boolean {
    return this.#pairs.isEmpty
  }

  override run(sources: readonly string[]): TextRun {
    this.#isEmpty = false
    return new TextRun(this.index, sources, 'arguments-delta')
  }

  /** Without deltas the start held the whole input: `{}` for a tool without arguments. */
  close(): readonly ReplyEvent[] {
    const text = this.#isEmpty ? this.#part.arguments : this.#pairs.rest()
    if (text === '') return [this.ended()]
    return [{ type: 'arguments-delta', index: this.index, text }, this.ended()]
  }
}

/** A block that means something only as a whole: given on when it closes, with what its deltas added. */
class WholeBlock extends OpenBlock {
  readonly #document: JsonDocument
  readonly #block: JsonObject
  readonly #input = new GatheredText()
  #added: JsonObject = {}

  constructor(index: number, document: JsonDocument, block: JsonObject) {
    super(index)
    this.#document = document
    this.#block = block
  }

  open(): readonly ReplyEvent[] {
    return NOTHING
  }

  delta(_document: JsonDocument, delta: JsonObject): readonly ReplyEvent[] {
    if (delta.type === 'input_json_delta') this.#input.add(stringAt(delta, 'partial_json') ?? '')
    else this.#added = { ...this.#added, ...appended(this.#added, delta) }
    return NOTHING
  }

  close(): readonly ReplyEvent[] {
    const text = this.#document.textOf(this.#block)
    const changes = { ...rawMembers(this.#added), ...this.#inputMember() }
    const isChanged = Object.keys(changes).length > 0
    const document = parsed(isChanged ? writeJson({ ...membersOf(text), ...changes }) : text) ?? this.#document
    const part = decodeBlock(document, isObject(document.value) ? document.value : {})
    return [this.started(part), this.ended()]
  }

  /** An input that is cut off is kept as far as it came, as text. */
  #inputMember(): Readonly<Record<string, RawJson>> {
    const { text } = this.#input
    if (text === '') return {}
    return { input: new RawJson(parsed(text) === undefined ? JSON.stringify(text) : text) }
  }
}

/** Members of a delta: text is added to the text that came before, anything else replaces it. */
function appended(before: JsonObject, { type: _, ...delta }: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(delta).map(([key, value]) => {
      const earlier = before[key]
      return [key, typeof value === 'string' && typeof earlier === 'string' ? earlier + value : value]
    }),
  )
}

function rawMembers(object: JsonObject): Readonly<Record<string, RawJson>> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, new RawJson(JSON.stringify(value))]))
}

const KNOWN_DELTAS: ReadonlySet<unknown> = new Set([
  'text_delta',
  'citations_delta',
  'input_json_delta',
  'thinking_delta',
  'signature_delta',
])

/** A delta of a new kind is kept; one of a kind that belongs to other blocks is a mistake. */
function unknownDelta(document: JsonDocument, delta: JsonObject): readonly ReplyEvent[] | undefined {
  if (typeof delta.type !== 'string' || KNOWN_DELTAS.has(delta.type)) return undefined
  return [{ type: 'raw', format: FORMAT, json: document.text }]
}
