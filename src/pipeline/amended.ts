/** A reply as its request meant it: see `formats/amendment.ts`. */
import type { ReplyEvent } from '../contract.ts'
import type { Amender } from '../formats/amendment.ts'
import { type Flow, mapFlow, type Stage } from '../stream/flow.ts'
import type { Origin } from './origin.ts'

export function amended(flow: Flow<ReplyEvent>, { amendment }: Origin): Flow<ReplyEvent> {
  return amendment === undefined ? flow : mapFlow(flow, new Amending(amendment()))
}

export function amendedEvents(events: readonly ReplyEvent[], { amendment }: Origin): readonly ReplyEvent[] {
  return amendment === undefined ? events : events.flatMap(amendment())
}

class Amending implements Stage<ReplyEvent, ReplyEvent> {
  readonly #amend: Amender
  isOver = false

  constructor(amend: Amender) {
    this.#amend = amend
  }

  item(event: ReplyEvent): readonly ReplyEvent[] {
    const events = this.#amend(event)
    this.isOver = event.type !== 'end' && events.at(-1)?.type === 'end'
    return events
  }

  end(): readonly ReplyEvent[] {
    return []
  }
}
