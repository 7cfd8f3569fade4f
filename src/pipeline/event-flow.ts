/** Canonical view of a reply: its origin's bytes decoded, with the changes of `map` applied, as a flow of events. */
import type { Format, ReplyEvent } from '../contract.ts'
import { parseDocument } from '../json/document.ts'
import { Refusal } from '../refusal.ts'
import { type Flow, flowFromAsync, flowOf, mapFlow, type Stage } from '../stream/flow.ts'
import { FrameReader } from '../upstream/frame-reader.ts'
import { amended } from './amended.ts'
import { type Exchange, formatOf } from './exchange.ts'
import { metered } from './meter.ts'
import type { Origin } from './origin.ts'
import type { EngineReply } from './reply.ts'
import type { ReplyEnd } from './reply-end.ts'
import { stateKeeper } from './state-keeping.ts'
import { flowUnlessAborted } from './unless-aborted.ts'

/** @throws Refusal 500 for answers that have no events (token counts, model lists) */
export function eventFlow(reply: EngineReply): Flow<ReplyEvent> {
  const { exchange, origin, end, changes } = reply
  const noted = metered(mapFlow(amended(originEvents(exchange, origin), origin), noting(end)), end.progress)
  const keep = stateKeeper(reply)
  const decoded = keep ? mapFlow(noted, { item: event => [keep(event)], end: () => [] }) : noted
  return changes.length === 0 ? decoded : mapFlow(decoded, changing(changes))
}

function originEvents(exchange: Exchange, origin: Origin): Flow<ReplyEvent> {
  const { body, format } = origin
  switch (body.kind) {
    case 'stream':
      return mapFlow(body.flow, decoding(exchange, origin))
    case 'whole':
      return flowOf(wholeEvents(exchange, format, body.bytes))
    case 'events':
      if (Array.isArray(body.events)) return flowOf(body.events as readonly ReplyEvent[])
      return flowUnlessAborted(flowFromAsync(body.events), exchange.lifetime)
    default:
      throw new Refusal(500, 'no_events', `An answer to ${exchange.head.operation} has no events.`)
  }
}

/** Decodes a whole body of a format. */
export function wholeEvents(exchange: Exchange, format: Format, bytes: Buffer): readonly ReplyEvent[] {
  return formatOf(exchange.surroundings, format).decodeReply(
    parseDocument(bytes.toString('utf8')),
    exchange.head.operation,
  )
}

/** Runs every event through the changes in the order in which they were asked for. */
export function changing(changes: EngineReply['changes']): Stage<ReplyEvent, ReplyEvent> {
  return { item: event => changed(event, changes), end: () => [] }
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

/** Frames → events. What comes after the terminal event is not looked at. */
export function decoding(
  exchange: Exchange,
  { format, provider, finishing, scrub }: Pick<Origin, 'format' | 'provider' | 'finishing' | 'scrub'>,
): Stage<Buffer, ReplyEvent> {
  const frames = new FrameReader(provider)
  const decoder = formatOf(exchange.surroundings, format).decodeStream()
  let over = false
  const emit = (events: readonly ReplyEvent[]): readonly ReplyEvent[] => {
    over = events.some(({ type }) => type === 'end' || type === 'error')
    if (over) finishing?.()
    return over && scrub ? events.map(event => scrubbed(event, scrub)) : events
  }
  return {
    item: chunk => (over ? [] : frames.push(chunk).flatMap(frame => (over ? [] : emit(decoder.frame(frame))))),
    end: () => {
      if (over) return []
      const last = frames.end()
      const events = last ? emit(decoder.frame(last)) : []
      return over ? events : [...events, ...emit(decoder.end())]
    },
    // A connection that breaks behind the end has broken nothing.
    fail: () => (over ? [] : undefined),
  }
}

function scrubbed(event: ReplyEvent, scrub: (text: string) => string): ReplyEvent {
  if (event.type !== 'error') return event
  const { message, details } = event.error
  return { ...event, error: { ...event.error, message: scrub(message), ...(details && { details: scrub(details) }) } }
}

/** Keeps what metrics and limits need to know of the events that pass. */
function noting(end: ReplyEnd): Stage<ReplyEvent, ReplyEvent> {
  return {
    item: event => {
      noteEvent(end, event)
      if (event.type !== 'ping') end.progress.count()
      if (event.type === 'end' || event.type === 'error') end.progress.end()
      return [event]
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
