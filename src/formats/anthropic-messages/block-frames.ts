/** The frames of content blocks (Anthropic Messages API, "Streaming"). */
import { type Writable, writeJson } from '../../json/raw.ts'
import { sseFrame } from '../../stream/sse.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'

/** Keeps a silent stream open; SDKs pass over it. */
export const PING = 'event: ping\ndata: {"type": "ping"}\n\n'

/** Numbers blocks and frames what happens in them. One block is open at a time. */
export class BlockFrames {
  #index = -1
  #isOpen = false
  /** Characters of text and arguments so far. */
  characters = 0

  get isOpen(): boolean {
    return this.#isOpen
  }
  /** The index of the block that is open, or was last. */
  get index(): number {
    return this.#index
  }

  open(block: Writable): string {
    this.#index++
    this.#isOpen = true
    const data = writeJson({ type: 'content_block_start', index: this.#index, content_block: block })
    return sseFrame(data, 'content_block_start')
  }

  /** One short piece of text. */
  text(type: string, key: string, text: string): string {
    this.characters += text.length
    return `${this.#beforeText(type, key)}${JSON.stringify(text)}}}\n\n`
  }

  /** The hot path: many of them. */
  run(type: string, key: string, run: TextRun): string {
    this.characters += run.text.length
    return run.framed(`${this.#beforeText(type, key)}"`, '"}}\n\n')
  }

  #beforeText(type: string, key: string): string {
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":{"type":"${type}","${key}":`
  }

  delta(delta: Writable): string {
    const data = writeJson({ type: 'content_block_delta', index: this.#index, delta })
    return sseFrame(data, 'content_block_delta')
  }

  close(): string {
    if (!this.#isOpen) return ''
    this.#isOpen = false
    return `event: content_block_stop\ndata: {"type":"content_block_stop","index":${this.#index}}\n\n`
  }
}

export interface PartWriter {
  /** Called once, first. */
  start(): string
  delta(event: ReplyEvent): string
  /** See `StreamEncoder.run`. */
  run?(run: TextRun): string | undefined
  /** Called once, last. */
  close(): string
}
