import type { TextPart } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import type { BlockFrames, PartWriter } from './block-frames.ts'
import { encodeCitation } from './citations.ts'
import { writableFields } from './leftovers.ts'
import { emptyText, type ReplyEncoding } from './reply-blocks.ts'

/** The block opens with its first text: an empty one would be refused when the client sends it back. */
export class TextWriter implements PartWriter {
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

  run(run: TextRun): string {
    return this.#opened() + this.#frames.run('text_delta', 'text', run)
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
