import type { ReplyEvent, TextDeltaEvent } from './reply-events.ts'

/**
 * Many deltas of one part in a row, as the JSON texts they came in: what takes JSON and gives JSON need not read them.
 * Says the same as its `deltas`. Only between a decoder and an encoder; processors get events.
 */
export class TextRun {
  readonly type = 'text-run'
  /** Of the part that they are text of. */
  readonly index: number
  /** What stands between the quotation marks, written as `JSON.stringify` writes it. None is empty. */
  readonly sources: readonly string[]
  #text: string | undefined

  constructor(index: number, sources: readonly string[]) {
    this.index = index
    this.sources = sources
  }

  /** All of it, read. */
  get text(): string {
    this.#text ??= read(this.sources.join(''))
    return this.#text
  }

  get deltas(): readonly TextDeltaEvent[] {
    return this.sources.map(source => ({ type: 'text-delta', index: this.index, text: read(source) }))
  }

  /** Each text between these two. */
  framed(before: string, after: string): string {
    return before + this.sources.join(after + before) + after
  }
}

/** What a decoder of streams gives and an encoder takes. */
export type StreamEvent = ReplyEvent | TextRun

/** The same events without runs. */
export function unrolled(events: readonly StreamEvent[]): readonly ReplyEvent[] {
  return events.every(isPlain) ? events : events.flatMap(event => (isPlain(event) ? event : event.deltas))
}

function isPlain(event: StreamEvent): event is ReplyEvent {
  return event.type !== 'text-run'
}

/** @param source as `JSON.stringify` writes it, without quotation marks */
function read(source: string): string {
  return source.includes('\\') ? (JSON.parse(`"${source}"`) as string) : source
}
