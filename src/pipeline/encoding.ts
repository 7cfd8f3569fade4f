import type { StreamEvent, TextRun } from '../formats/text-run.ts'
import type { StreamEncoder } from '../formats/wire-format.ts'
import type { Stage } from '../stream/flow.ts'
import { Midway } from '../stream/midway.ts'
import type { Batch } from './decoding.ts'
import type { ReplyEnd } from './reply-end.ts'

/** Events → frames, those of a batch in one piece. */
export class Encoding implements Stage<Batch, string> {
  readonly #encoder: StreamEncoder
  readonly #end: ReplyEnd

  constructor(encoder: StreamEncoder, end: ReplyEnd) {
    this.#encoder = encoder
    this.#end = end
  }

  item(batch: Batch): readonly string[] {
    let text = ''
    try {
      for (const event of batch) text += this.#frames(event)
    } catch (thrown) {
      throw new Midway(pieces(text), thrown)
    }
    return pieces(text)
  }

  end(): readonly string[] {
    return []
  }

  #frames(event: StreamEvent): string {
    if (event.type === 'text-run') return this.#encoder.run?.(event) ?? this.#unrolled(event)
    const text = this.#encoder.event(event)
    if (event.type === 'end' || event.type === 'error') this.#end.noteLosses(this.#encoder.losses)
    return text
  }

  #unrolled({ deltas }: TextRun): string {
    let text = ''
    for (const delta of deltas) text += this.#encoder.event(delta)
    return text
  }
}

function pieces(text: string): readonly string[] {
  return text === '' ? [] : [text]
}
