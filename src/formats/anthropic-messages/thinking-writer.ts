import type { OpaqueState, ReasoningPart } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import type { BlockFrames, PartWriter } from './block-frames.ts'
import { carrierBlock, carrierOf } from './carried-blocks.ts'
import { writableFields } from './leftovers.ts'
import { type NativeState, nativeState, SECTION_BREAK } from './opaque-state.ts'
import type { ReplyEncoding } from './reply-blocks.ts'

/** The signature goes out once, right before the block closes: the SDK replaces, it does not append. */
export class ThinkingWriter implements PartWriter {
  readonly #part: ReasoningPart
  readonly #path: string
  readonly #frames: BlockFrames
  readonly #encoding: ReplyEncoding
  #state: NativeState | undefined
  #break = ''
  readonly #foreign: OpaqueState[] = []

  constructor(part: ReasoningPart, index: number, frames: BlockFrames, encoding: ReplyEncoding) {
    this.#part = part
    this.#path = `parts[${index}]`
    this.#frames = frames
    this.#encoding = encoding
    this.#state = nativeState(part)
  }

  start(): string {
    this.#foreign.push(...(this.#part.state ?? []))
    const [first = '', ...rest] = this.#part.chunks
    return this.#text(first) + rest.map(chunk => this.#section() + this.#text(chunk)).join('')
  }

  delta(event: ReplyEvent): string {
    if (event.type === 'text-delta') return this.#text(event.text)
    if (event.type === 'section-break') return this.#section()
    if (event.type === 'state') this.#keep(event.state)
    return ''
  }

  run(run: TextRun): string | undefined {
    // A break is part of the text that follows it.
    return this.#break === '' ? this.#opened() + this.#frames.run('thinking_delta', 'thinking', run) : undefined
  }

  close(): string {
    const { type = '', value = '' } = { type: this.#state?.scheme, value: this.#state?.value }
    if (type === 'anthropic.redacted' && !this.#frames.isOpen) {
      return this.#frames.open({ type: 'redacted_thinking', data: value }) + this.#frames.close()
    }
    if (type !== 'anthropic.signature') return this.#closeForeign()
    return this.#opened() + this.#frames.text('signature_delta', 'signature', value) + this.#frames.close()
  }

  /** In the place of the signature; thinking that was not shown goes back whole as redacted. */
  #closeForeign(): string {
    const carrier = carrierOf(this.#foreign, { at: 'self', of: 'reasoning' }, this.#path, this.#encoding)
    if (carrier === undefined) return this.#frames.close()
    if (!this.#frames.isOpen) return this.#frames.open(carrierBlock(carrier)) + this.#frames.close()
    return this.#frames.text('signature_delta', 'signature', carrier) + this.#frames.close()
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

  #keep(state: OpaqueState): void {
    this.#foreign.push(state)
    this.#state = nativeState({ ...this.#part, state: [state] }) ?? this.#state
  }

  #opened(): string {
    if (this.#frames.isOpen) return ''
    return this.#frames.open({ type: 'thinking', thinking: '', signature: '', ...writableFields(this.#part) })
  }
}
