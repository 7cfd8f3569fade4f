import type { OpaqueState, Part } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import type { BlockFrames, PartWriter } from './block-frames.ts'
import { carrierBlock, carrierOf, kindOf } from './carried-blocks.ts'
import type { ReplyEncoding } from './reply-blocks.ts'

/** Puts the reasoning state of a part that is no thinking into a block of its own: before a call, else behind. */
export class CarryingWriter implements PartWriter {
  readonly #inner: PartWriter
  readonly #part: Part
  readonly #path: string
  readonly #frames: BlockFrames
  readonly #encoding: ReplyEncoding
  #states: OpaqueState[] = []
  #before = -1

  constructor(inner: PartWriter, part: Part, index: number, frames: BlockFrames, encoding: ReplyEncoding) {
    this.#inner = inner
    this.#part = part
    this.#path = `parts[${index}]`
    this.#frames = frames
    this.#encoding = encoding
  }

  start(): string {
    const { type, state = [] } = this.#part
    const ahead = type === 'tool-call' ? this.#carrier(state, 'next') : ''
    if (type !== 'tool-call') this.#states.push(...state)
    this.#before = this.#frames.index
    return ahead + this.#inner.start()
  }

  delta(event: ReplyEvent): string {
    if (event.type !== 'state') return this.#inner.delta(event)
    this.#states.push(event.state)
    return ''
  }

  run(run: TextRun): string | undefined {
    return this.#inner.run?.(run)
  }

  close(): string {
    const closed = this.#inner.close()
    const isBare = this.#frames.index === this.#before
    // The state of what is left out goes with it.
    if (isBare && this.#part.type !== 'text') return closed
    return closed + this.#carrier(this.#states, isBare ? 'self' : 'previous')
  }

  #carrier(states: readonly OpaqueState[], at: 'next' | 'previous' | 'self'): string {
    const carrier = carrierOf(states, { at, of: kindOf(this.#part) }, this.#path, this.#encoding)
    return carrier === undefined ? '' : this.#frames.open(carrierBlock(carrier)) + this.#frames.close()
  }
}
