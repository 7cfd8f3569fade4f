import { RawJson } from '../../json/raw.ts'
import type { Part } from '../conversation.ts'
import type { BlockFrames, PartWriter } from './block-frames.ts'
import { membersOf, type WritableObject, writableFields } from './leftovers.ts'
import { FORMAT } from './name.ts'
import { noteUnsayable, type ReplyEncoding } from './reply-blocks.ts'

/** Blocks of this format that have come whole; anything else leaves none. */
export class WholeWriter implements PartWriter {
  readonly #part: Part
  readonly #path: string
  readonly #frames: BlockFrames
  readonly #encoding: ReplyEncoding

  constructor(part: Part, index: number, frames: BlockFrames, encoding: ReplyEncoding) {
    this.#part = part
    this.#path = `parts[${index}]`
    this.#frames = frames
    this.#encoding = encoding
  }

  start(): string {
    const part = this.#part
    if (part.type === 'compaction') return this.#compaction(part.summary ?? null, writableFields(part))
    if ((part.type !== 'hosted-tool' && part.type !== 'opaque') || part.format !== FORMAT) {
      noteUnsayable(part, this.#path, this.#encoding.log)
      return ''
    }
    const isCall = part.type === 'hosted-tool' && part.phase === 'call'
    return isCall ? this.#call(membersOf(part.json)) : this.#frames.open(new RawJson(part.json))
  }

  delta(): string {
    return ''
  }

  close(): string {
    return this.#frames.close()
  }

  /** Clients gather the input of a call from its deltas. */
  #call(block: WritableObject): string {
    const { input } = block
    const opened = this.#frames.open({ ...block, input: {} })
    return opened + this.#frames.text('input_json_delta', 'partial_json', input instanceof RawJson ? input.text : '')
  }

  #compaction(content: string | null, fields: WritableObject): string {
    const opened = this.#frames.open({ type: 'compaction', content: null, ...fields })
    return opened + this.#frames.delta({ type: 'compaction_delta', content })
  }
}
