/** Canonical view of a reply: its origin's bytes decoded, with the changes of `map` applied, as a flow of events. */
import type { Format, ReplyEvent } from '../contract.ts'
import { unrolled } from '../formats/text-run.ts'
import { type JsonDocument, parseDocument } from '../json/document.ts'
import { Refusal } from '../refusal.ts'
import { type Flow, flowFromAsync, flowOf, mapFlow, type Stage } from '../stream/flow.ts'
import { throughBatch } from '../stream/midway.ts'
import { amended } from './amended.ts'
import { type Batch, decoding } from './decoding.ts'
import { type Exchange, formatOf } from './exchange.ts'
import { metered } from './meter.ts'
import type { Origin, WholeBody } from './origin.ts'
import type { EngineReply } from './reply.ts'
import type { ReplyEnd } from './reply-end.ts'
import { stateKeeper } from './state-keeping.ts'
import { flowUnlessAborted } from './unless-aborted.ts'

/** @throws Refusal 500 for answers that have no events (token counts, model lists) */
export function eventFlow(reply: EngineReply): Flow<ReplyEvent> {
  return mapFlow(batchFlow(reply), { item: unrolled, end: () => [] })
}

/**
 * The events in batches, as they came: the stages behind cost the same for one as for all of a chunk.
 * @throws Refusal as `eventFlow` does
 */
export function batchFlow(reply: EngineReply): Flow<Batch> {
  const { exchange, origin, end, changes } = reply
  const noted = metered(mapFlow(amended(originBatches(exchange, origin), origin), noting(end)), end.progress)
  const keep = stateKeeper(reply)
  const decoded = keep ? mapFlow(noted, { item: batch => [batch.map(keep)], end: () => [] }) : noted
  return changes.length === 0 ? decoded : mapFlow(decoded, changing(changes))
}

function originBatches(exchange: Exchange, origin: Origin): Flow<Batch> {
  const { body, format } = origin
  switch (body.kind) {
    case 'stream':
      return mapFlow(body.flow, decoding(exchange, origin))
    case 'whole':
      return oneByOne(flowOf(wholeEvents(exchange, format, body)))
    case 'events':
      if (Array.isArray(body.events)) return oneByOne(flowOf(body.events as readonly ReplyEvent[]))
      return oneByOne(flowUnlessAborted(flowFromAsync(body.events), exchange.lifetime))
    default:
      throw new Refusal(500, 'no_events', `An answer to ${exchange.head.operation} has no events.`)
  }
}

/** Of these none has come yet that nobody has asked for. */
function oneByOne(events: Flow<ReplyEvent>): Flow<Batch> {
  return mapFlow(events, { item: event => [[event]], end: () => [] })
}

/** Decodes a whole body of a format. */
export function wholeEvents(exchange: Exchange, format: Format, body: WholeBody): readonly ReplyEvent[] {
  return formatOf(exchange.surroundings, format).decodeReply(documentOf(body), exchange.head.operation)
}

/** A whole body, parsed with positions. */
export function documentOf({ document, bytes }: WholeBody): JsonDocument {
  return document ?? parseDocument(bytes.toString('utf8'))
}

/** Runs every event through the changes in the order in which they were asked for. */
function changing(changes: EngineReply['changes']): Stage<Batch, Batch> {
  return {
    item: batch =>
      throughBatch<ReplyEvent, ReplyEvent>(unrolled(batch), (event, made) => made.push(...changed(event, changes))),
    end: () => [],
  }
}

export function changed(event: ReplyEvent, changes: EngineReply['changes']): readonly ReplyEvent[] {
  let events: readonly ReplyEvent[] = [event]
  for (const change of changes) {
    events = events.flatMap(each => {
      const result = change(each)
      return result === undefined ? [] : (result as ReplyEvent | readonly ReplyEvent[])
    })
  }
  return events
}

/** Keeps what metrics and limits need to know of the events that pass. */
function noting(end: ReplyEnd): Stage<Batch, Batch> {
  return {
    item: batch => {
      let count = 0
      let isOver = false
      for (const event of batch) {
        if (event.type === 'text-run') {
          count += event.sources.length
          continue
        }
        noteEvent(end, event)
        if (event.type !== 'ping') count++
        if (event.type === 'end' || event.type === 'error') isOver = true
      }
      if (count > 0) end.progress.count(count)
      if (isOver) end.progress.end()
      return [batch]
    },
    end: () => [],
  }
}

export function noteEvent(end: ReplyEnd, event: ReplyEvent): void {
  switch (event.type) {
    case 'start':
      end.note({ model: event.model, usage: event.usage })
      return
    case 'usage':
      end.note({ usage: event.usage })
      return
    case 'finish':
      end.note({ finish: event.raw ?? event.reason })
      return
    case 'error':
      end.note({ error: event.error })
      return
    default:
  }
}
