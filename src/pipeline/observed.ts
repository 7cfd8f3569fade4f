/** Replies that go out byte for byte while processors look at their events: decoded on the side. */
import { unrolled } from '../formats/text-run.ts'
import { type Flow, mapFlow } from '../stream/flow.ts'
import { type Batch, decoding } from './decoding.ts'
import { changed, wholeEvents } from './event-flow.ts'
import type { WholeBody } from './origin.ts'
import type { EngineReply } from './reply.ts'

/** The same chunks; the observers of the reply see what is in them, as far as it can be decoded. */
export function observed({ changes, exchange, origin }: EngineReply, flow: Flow<Buffer>): Flow<Buffer> {
  if (changes.length === 0) return flow
  const decoder = decoding(exchange, { ...origin, finishing: () => {} })
  const see = (batches: readonly Batch[]): void => {
    for (const batch of batches) for (const event of unrolled(batch)) changed(event, changes)
  }
  return mapFlow(flow, {
    item(chunk) {
      see(decoder.item(chunk))
      return [chunk]
    },
    end() {
      see(decoder.end())
      return []
    },
  })
}

/** The same bytes, shown to the observers. */
export function observedBytes({ changes, exchange, origin }: EngineReply, body: WholeBody): Buffer {
  const { operation } = exchange.head
  if (changes.length === 0 || operation === 'count-tokens' || operation === 'list-models') return body.bytes
  for (const event of wholeEvents(exchange, origin.format, body)) changed(event, changes)
  return body.bytes
}
