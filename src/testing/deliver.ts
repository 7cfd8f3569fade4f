import type { Outcome, ReplyEvent } from '../contract.ts'
import type { EngineReply } from '../pipeline/reply.ts'
import { iterate } from '../stream/flow.ts'
import { type PlainReply, readPlain } from './plain-format.ts'

/** What the client has seen of a reply. */
export interface Delivered extends PlainReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** All text parts in one. */
  readonly text: string
  /** What broke the reply off after it had begun. */
  readonly broken?: unknown
}

/** Does what the host does with a reply: renders it, reads it, and settles how it ended. */
export async function deliver(reply: EngineReply, reads: 'all' | 'half'): Promise<Delivered> {
  const { status, headers } = reply
  const { bytes, broken, outcome } = await bytesOf(reply, reads)
  reply.end.settle(outcome)
  if (outcome === 'abandoned') reply.cancel()
  const read = readPlain(bytes, reply.stream)
  return { status, headers, ...read, text: textOf(read.events ?? []), ...(broken === undefined ? {} : { broken }) }
}

interface Bytes {
  readonly bytes: Buffer
  readonly outcome: Outcome
  readonly broken?: unknown
}

async function bytesOf(reply: EngineReply, reads: 'all' | 'half'): Promise<Bytes> {
  const rendered = await reply.render()
  if (rendered.kind === 'whole') return { bytes: rendered.bytes, outcome: reply.end.error ? 'failed' : 'completed' }
  const chunks: Buffer[] = []
  try {
    for await (const chunk of iterate(rendered.flow)) {
      chunks.push(Buffer.from(chunk))
      if (reads === 'half' && chunks.length === 2) return { bytes: Buffer.concat(chunks), outcome: 'abandoned' }
    }
    return { bytes: Buffer.concat(chunks), outcome: reply.end.error ? 'failed' : 'completed' }
  } catch (broken) {
    return { bytes: Buffer.concat(chunks), outcome: 'failed', broken }
  }
}

function textOf(events: readonly ReplyEvent[]): string {
  const texts = events.map(event => {
    if (event.type === 'text-delta') return event.text
    return event.type === 'part-start' && event.part.type === 'text' ? event.part.text : ''
  })
  return texts.join('')
}
