import type { ArgumentsDeltaEvent, ReplyEvent, TextDeltaEvent } from './reply-events.ts'

/**
 * Many deltas of one part in a row, as the JSON texts they came in: what takes JSON and gives JSON need not read them.
 * Says the same as its `deltas`. Only between a decoder and an encoder; processors get events.
 */
export class TextRun {
  readonly type = 'text-run'
  /** Of the part that says it. */
  readonly index: number
  /** Of which kind the deltas are. */
  readonly kind: TextDeltaEvent['type'] | ArgumentsDeltaEvent['type']
  /** What stands between the quotation marks, written as `JSON.stringify` writes it. None is empty. */
  readonly sources: readonly string[]
  #text: string | undefined

  constructor(index: number, sources: readonly string[], kind: TextRun['kind'] = 'text-delta') {
    this.index = index
    this.kind = kind
    this.sources = sources
  }

  /** All of it, read. */
  get text(): string {
    this.#text ??= read(this.sources.join(''))
    return this.#text
  }

  /** The first delta, and a run of the others, if there are any. */
  split(): readonly [first: TextDeltaEvent | ArgumentsDeltaEvent, others: TextRun | undefined] {
    const { index, kind, sources } = this
    const [source = '', ...others] = sources
    return [{ type: kind, index, text: read(source) }, others.length > 0 ? new TextRun(index, others, kind) : undefined]
  }

  get deltas(): readonly (TextDeltaEvent | ArgumentsDeltaEvent)[] {
    const { index, kind } = this
    return this.sources.map(source => ({ type: kind, index, text: read(source) }))
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
