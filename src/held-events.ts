import type { ReplyEvent } from './formats/reply-events.ts'

export interface HeldEvents {
  readonly held: readonly ReplyEvent[]
  /** Where there was more than may be held: what follows, read as it is wanted. */
  readonly rest?: AsyncIterable<ReplyEvent>
}

/** Reads a reply to its end, for processors that must know all of it before any of it goes out. */
export async function holdEvents(events: AsyncIterable<ReplyEvent>, maxBytes: number): Promise<HeldEvents> {
  const held: ReplyEvent[] = []
  const reading = events[Symbol.asyncIterator]()
  let bytes = 0
  for (let next = await reading.next(); !next.done; next = await reading.next()) {
    held.push(next.value)
    bytes += JSON.stringify(next.value).length
    if (bytes > maxBytes) return { held, rest: { [Symbol.asyncIterator]: () => reading } }
  }
  return { held }
}
