import { type JsonDocument, parseDocument } from '../../json/document.ts'
import type { Citation, Part } from '../conversation.ts'
import type { FinishEvent, ReplyEvent } from '../reply-events.ts'
import { answeredCalls } from './answered-calls.ts'
import { CallIds } from './call-ids.ts'
import { isRecord, type Json, listOf } from './fields.ts'
import { decodeFinish, finishWord } from './finish.ts'
import { decodeCitations, decodeGrounding } from './grounding.ts'
import { decodeLogprobs } from './logprobs.ts'
import { PartialCall } from './partial-call.ts'
import { decodePart } from './parts-decode.ts'

/** What the candidates of one reply share. */
export interface ReplySink {
  emit(event: ReplyEvent): void
  nextIndex(): number
  /** The reply's id, for the ids of calls that came without. */
  readonly scope: string
  /** Whether pieces of text are to be joined: those of a stream are, the parts of a whole reply are not. */
  readonly joins: boolean
}

interface OpenPart {
  readonly type: 'text' | 'reasoning'
  readonly index: number
  /** Text so far, in pieces; citations are found in it. */
  readonly texts: string[]
  /** A signature ended it: citations may still come, but no more text. */
  sealed: boolean
}

const EMPTY_DOCUMENT = parseDocument('{}')

/** One candidate's parts → canonical parts, over as many chunks as it takes. */
export class CandidateDecoder {
  readonly index: number
  readonly #sink: ReplySink
  readonly #ids: CallIds
  #open: OpenPart | undefined
  #partial: PartialCall | undefined
  #word: string | undefined
  #message: string | undefined
  #parts = 0
  #half = ''
  /** Calls, and answers to them, until it is known which of the calls are the client's to answer. */
  #held: { readonly node: unknown; readonly document: JsonDocument }[] = []

  constructor(index: number, sink: ReplySink) {
    this.index = index
    this.#sink = sink
    this.#ids = new CallIds(index === 0 ? sink.scope : `${sink.scope}_${index}`)
  }

  get finished(): boolean {
    return this.#word !== undefined
  }
  get empty(): boolean {
    return this.#parts === 0 && this.#held.length === 0
  }

  /** @throws when a piece of arguments cannot be placed */
  add(candidate: Json, document: JsonDocument = EMPTY_DOCUMENT): void {
    const { content } = candidate
    if (isRecord(content)) for (const part of listOf(content.parts)) this.#part(part, document)
    this.#annotate(candidate)
    this.#word = finishWord(candidate.finishReason) ?? this.#word
    if (typeof candidate.finishMessage === 'string') this.#message = candidate.finishMessage
  }

  #part(node: unknown, document: JsonDocument): void {
    if (isRecord(node) && this.#holds(node, document)) return
    this.#release()
    if (isRecord(node) && typeof node.text === 'string' && isPlainText(node)) {
      this.#text(node.thought === true ? 'reasoning' : 'text', node.text)
      return
    }
    if (isRecord(node) && isRecord(node.functionCall) && this.#partialCall(node.functionCall, node)) return
    this.#decode(node, document)
  }

  #decode(node: unknown, document: JsonDocument, answered?: ReadonlySet<unknown>): void {
    this.#whole(decodePart(node, { document, ids: this.#ids, fromModel: true, ...(answered && { answered }) }))
  }

  /** Google's own functions are called like the client's; only the answer that follows tells them apart. */
  #holds(node: Json, document: JsonDocument): boolean {
    const { functionCall: call, functionResponse: response } = node
    const isWhole = isRecord(call) && !this.#partial && !PartialCall.begins(call)
    if (!isWhole && !(isRecord(response) && this.#held.length > 0)) return false
    this.#held.push({ node, document })
    return true
  }

  #release(): void {
    if (this.#held.length === 0) return
    const held = this.#held
    this.#held = []
    const answered = answeredCalls(held.map(({ node }) => node))
    for (const { node, document } of held) this.#decode(node, document, answered)
  }

  #text(type: OpenPart['type'], text: string): void {
    if (!this.#sink.joins) {
      this.#start(textPart(type, text), text)
      return
    }
    const whole = this.#wholeCharacters(text)
    if (whole === '') return
    if (this.#open?.type !== type || this.#open.sealed) this.#start(textPart(type, ''), '')
    const open = this.#open
    if (!open) return
    open.texts.push(whole)
    this.#sink.emit({ type: 'text-delta', index: open.index, text: whole })
  }

  /** Keeps the first half of a character back until its second half has come. */
  #wholeCharacters(text: string): string {
    const joined = this.#half + text
    const last = joined.charCodeAt(joined.length - 1)
    this.#half = last >= 0xd800 && last <= 0xdbff ? joined.slice(-1) : ''
    return this.#half === '' ? joined : joined.slice(0, -1)
  }

  #whole(part: Part): void {
    if (part.type === 'text' && part.text === '' && this.#open?.type === 'text') {
      // Nothing but a signature. The text before it stays open for citations, which come in the same chunk.
      this.#open.sealed = true
      this.#point(part)
      return
    }
    this.#start(part, part.type === 'text' ? part.text : '')
    if (part.type === 'text' && this.#open) this.#open.sealed = true
    else this.close()
  }

  #start(part: Part, text: string): void {
    this.close()
    this.#parts++
    const index = this.#sink.nextIndex()
    this.#sink.emit({ type: 'part-start', index, candidate: this.index, part })
    const type = part.type === 'reasoning' ? 'reasoning' : 'text'
    this.#open = { type, index, texts: text === '' ? [] : [text], sealed: false }
  }

  #point(part: Part): void {
    this.#parts++
    const index = this.#sink.nextIndex()
    this.#sink.emit({ type: 'part-start', index, candidate: this.index, part })
    this.#sink.emit({ type: 'part-end', index })
  }

  close(): void {
    if (this.#open) this.#sink.emit({ type: 'part-end', index: this.#open.index })
    this.#open = undefined
  }

  /** @returns whether it is a piece of a call whose arguments are streamed */
  #partialCall(call: Json, node: Json): boolean {
    if (typeof call.name === 'string' && call.name !== '') this.#completeCall()
    if (!this.#partial && !PartialCall.begins(call)) return false
    this.#partial ??= new PartialCall(call, node)
    if (this.#partial.add(call) === 'complete') this.#completeCall()
    return true
  }

  #completeCall(): void {
    const call = this.#partial
    this.#partial = undefined
    if (call) this.#whole(call.part(this.#ids))
  }

  /** Citations and logprobs come beside the text that they are about. */
  #annotate(candidate: Json): void {
    const { groundingMetadata, citationMetadata, logprobsResult } = candidate
    if (groundingMetadata === undefined && citationMetadata === undefined && logprobsResult === undefined) return
    const open = this.#open
    if (open?.type !== 'text') return
    const text = open.texts.join('')
    const citations: readonly Citation[] = [
      ...decodeGrounding(groundingMetadata, text),
      ...decodeCitations(citationMetadata, text),
    ]
    for (const citation of citations) this.#sink.emit({ type: 'citation', index: open.index, citation })
    const logprobs = decodeLogprobs(logprobsResult)
    if (logprobs.length > 0) this.#sink.emit({ type: 'logprobs', index: open.index, logprobs })
  }

  /** Closes what is open. A call whose arguments never came to their end is given as far as it got. */
  finish(): Omit<FinishEvent, 'extensions'> {
    const broken = this.#partial !== undefined
    this.#release()
    this.#completeCall()
    this.close()
    const word = this.#word
    const callsTools = this.#ids.unanswered > 0
    const reason = word === undefined ? (callsTools ? 'tool-calls' : 'stop') : decodeFinish(word, callsTools)
    const explained = this.#message !== undefined && word !== 'STOP'
    return {
      type: 'finish',
      candidate: this.index,
      reason: broken && reason === 'tool-calls' ? 'malformed-tool-call' : reason,
      ...(word === undefined ? {} : { raw: word }),
      ...(explained && this.#message !== undefined ? { explanation: this.#message } : {}),
    }
  }
}

/** Nothing but text, perhaps a thought: by far the most parts of a stream. */
function isPlainText(node: Json): boolean {
  for (const name in node) if (name !== 'text' && name !== 'thought') return false
  return true
}

function textPart(type: OpenPart['type'], text: string): Part {
  if (type === 'text') return { type: 'text', text }
  return { type: 'reasoning', visibility: 'summary', chunks: text === '' ? [] : [text] }
}
