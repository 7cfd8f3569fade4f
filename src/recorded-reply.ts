/** A reply written down as it passes, to be given again: as a value, and as a text that a store can keep. */
import { hash } from 'node:crypto'
import type { ReplyEvent } from './formats/reply-events.ts'
import type { Reply } from './reply.ts'

/** A whole reply. Its usage is marked as repeated: giving it again uses nothing. */
export interface RecordedReply {
  readonly events: readonly ReplyEvent[]
  /** Roughly, in memory. */
  readonly bytes: number
  /** When it had come to its end, in milliseconds since 1970. */
  readonly at: number
}

export interface Recording {
  /** To be given on instead of the reply that is recorded. Its bytes are the same. */
  readonly reply: Reply
  /** Settles when the reply has ended: `undefined` where it is too large or did not come to its end. Never rejects. */
  readonly recorded: Promise<RecordedReply | undefined>
}

/** @param date milliseconds since 1970 */
export function recordReply(reply: Reply, maxBytes: number, date: () => number): Recording {
  let events: ReplyEvent[] = []
  let bytes = 0
  function see(event: ReplyEvent): void {
    // A whole reply may be shown again, from its start.
    if (event.type === 'start') [events, bytes] = [[], 0]
    bytes += 2 * JSON.stringify(event).length
    if (bytes > maxBytes) events = []
    else events.push(repeated(event))
  }
  const recorded = reply.ended.then(outcome => {
    const isWhole = outcome === 'completed' && events.at(-1)?.type === 'end'
    return isWhole ? { events, bytes, at: date() } : undefined
  })
  return { reply: reply.observe(see), recorded }
}

function repeated(event: ReplyEvent): ReplyEvent {
  if (event.type !== 'usage' && event.type !== 'start') return event
  return event.usage === undefined ? event : { ...event, usage: { ...event.usage, repeated: true } }
}

/** Of the text below. To be raised whenever events change, so that nobody reads what an older version wrote. */
const VERSION = '1'

/** @param key what it is kept by: under another one it cannot be read */
export function textOfRecorded(key: string, { events, bytes, at }: RecordedReply): string {
  const content = JSON.stringify({ at, bytes, events })
  return `${VERSION} ${checksum(key, content)} ${content}`
}

/** @returns `undefined` for what another version wrote, and for what is not as it was written */
export function recordedFromText(key: string, text: string): RecordedReply | undefined {
  const head = `${VERSION} `
  const end = text.indexOf(' ', head.length)
  const content = text.slice(end + 1)
  if (end < 0 || text.slice(0, end) !== head + checksum(key, content)) return undefined
  // What has the right sum was written by `textOfRecorded`.
  return JSON.parse(content) as RecordedReply
}

function checksum(key: string, content: string): string {
  return hash('sha256', `${key} ${content}`, 'base64url')
}
