import type { Citation, OpaqueState, Part, TokenLogprob } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import { extensionMembers } from './fields.ts'
import type { Losses } from './losses.ts'
import type { WirePart } from './parts-encode.ts'
import { encodeReplyPart, type ReplyStyle, replySignature } from './reply-parts.ts'

export type PartDelta = Exclude<Extract<ReplyEvent, { index: number }>, { type: 'part-start' | 'part-end' }>

/** What stands around a text. */
export interface Around {
  readonly before: string
  readonly after: string
}

const NOTHING: readonly WirePart[] = []

/**
 * Writes one part of a streamed reply: text as it comes, everything else when it is complete, since there is no way to
 * begin a call and end it later. A signature that comes after its text goes out on an empty text, as Gemini does it.
 */
export class PartWriter {
  readonly candidate: number
  readonly #part: Part
  readonly #path: string
  readonly #style: ReplyStyle
  readonly #losses: Losses
  /** Text or arguments so far. */
  readonly #texts: string[] = []
  readonly #citations: Citation[] = []
  readonly #logprobs: TokenLogprob[] = []
  #state: readonly OpaqueState[]
  #section = false

  constructor(part: Part, candidate: number, path: string, style: ReplyStyle, losses: Losses) {
    this.#part = part
    this.candidate = candidate
    this.#path = path
    this.#style = style
    this.#losses = losses
    this.#state = part.state ?? []
    if (part.type === 'text') {
      this.#citations.push(...(part.citations ?? []))
      this.#logprobs.push(...(part.logprobs ?? []))
    }
  }

  start(): readonly WirePart[] {
    const text = textOf(this.#part)
    if (text !== '') this.#texts.push(text)
    if (!this.#isLive || text === '') return NOTHING
    this.#losses.foreign(this.#part.extensions, this.#path)
    const thoughtSignature = this.#takeSignature()
    const rest = extensionMembers(this.#part.extensions)
    return [{ ...this.#live(text), thoughtSignature, ...rest }]
  }

  delta(event: PartDelta): readonly WirePart[] {
    switch (event.type) {
      case 'text-delta':
        return event.text === '' ? NOTHING : this.#text(event.text)
      case 'arguments-delta':
        this.#texts.push(event.text)
        return NOTHING
      case 'section-break':
        this.#section = this.#texts.length > 0
        return NOTHING
      case 'state':
        this.#state = [...this.#state, event.state]
        return NOTHING
      case 'citation':
        this.#citations.push(event.citation)
        return NOTHING
      case 'logprobs':
        this.#logprobs.push(...event.logprobs)
        return NOTHING
      default:
        return NOTHING
    }
  }

  /**
   * Many deltas.
   * @returns what stands around the text of each part, `''` when there is none to write yet, `undefined` where the deltas
   * have to be said one by one
   */
  run({ text }: TextRun): Around | '' | undefined {
    if (this.#section) return undefined
    this.#texts.push(text)
    if (!this.#isLive) return ''
    return { before: '{"text":"', after: this.#part.type === 'reasoning' ? '","thought":true}' : '"}' }
  }

  end(): readonly WirePart[] {
    if (!this.#isLive) return encodeReplyPart(this.complete(), this.#path, this.#style, this.#losses)
    const thoughtSignature = this.#takeSignature()
    return thoughtSignature === undefined ? NOTHING : [{ ...this.#live(''), thoughtSignature }]
  }

  /** The part with all that came for it. */
  complete(): Part {
    const part = this.#part
    const text = this.#texts.join('')
    const state = this.#state.length === 0 ? {} : { state: this.#state }
    switch (part.type) {
      case 'text': {
        const citations = this.#citations.length === 0 ? {} : { citations: this.#citations }
        return {
          ...part,
          text,
          ...state,
          ...citations,
          ...(this.#logprobs.length === 0 ? {} : { logprobs: this.#logprobs }),
        }
      }
      case 'refusal':
        return { ...part, text, ...state }
      case 'reasoning':
        return { ...part, chunks: text === '' ? [] : [text], ...state }
      case 'tool-call':
        return { ...part, arguments: text, ...state }
      default:
        return { ...part, ...state }
    }
  }

  get #isLive(): boolean {
    const { type } = this.#part
    return type === 'text' || type === 'refusal' || (type === 'reasoning' && this.#style.thoughts)
  }

  #text(text: string): readonly WirePart[] {
    const whole = this.#section ? `\n\n${text}` : text
    this.#section = false
    this.#texts.push(whole)
    return this.#isLive ? [this.#live(whole)] : NOTHING
  }

  #live(text: string): WirePart {
    return this.#part.type === 'reasoning' ? { text, thought: true } : { text }
  }

  #takeSignature(): string | undefined {
    const signature = replySignature({ ...this.complete(), state: this.#state }, this.#path, this.#style, this.#losses)
    this.#state = []
    return signature
  }
}

function textOf(part: Part): string {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text
    case 'reasoning':
      return part.chunks.join('\n\n')
    case 'tool-call':
      return part.arguments
    default:
      return ''
  }
}
