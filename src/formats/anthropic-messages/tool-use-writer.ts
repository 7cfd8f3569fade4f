import { writeJson } from '../../json/raw.ts'
import type { ToolCallPart } from '../conversation.ts'
import { GatheredText } from '../gathered-text.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import { argumentsObject, FREE_TEXT } from './arguments.ts'
import type { BlockFrames, PartWriter } from './block-frames.ts'
import { type ReplyEncoding, toolUse } from './reply-blocks.ts'

export class ToolUseWriter implements PartWriter {
  readonly #part: ToolCallPart
  readonly #index: number
  readonly #frames: BlockFrames
  readonly #encoding: ReplyEncoding
  readonly #freeText = new GatheredText()
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

  run(run: TextRun): string | undefined {
    if (this.#part.kind === 'custom') return undefined
    this.#isEmpty = false
    return this.#frames.run('input_json_delta', 'partial_json', run)
  }

  /** Free text is wrapped when it is whole; a call without arguments has one empty piece. */
  close(): string {
    const { kind } = this.#part
    const last = kind === 'custom' ? JSON.stringify({ [FREE_TEXT]: this.#freeText.text }) : ''
    const piece = kind === 'custom' || this.#isEmpty ? this.#frames.text('input_json_delta', 'partial_json', last) : ''
    return piece + this.#frames.close()
  }

  #text(text: string): string {
    if (this.#part.kind === 'custom') {
      this.#freeText.add(text)
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
