/** A reply as its request meant it: see `formats/amendment.ts`. */
import type { ReplyEvent } from '../contract.ts'
import type { Amender } from '../formats/amendment.ts'
import { unrolled } from '../formats/text-run.ts'
import { type Flow, mapFlow, type Stage } from '../stream/flow.ts'
import { throughBatch } from '../stream/midway.ts'
import type { Batch } from './decoding.ts'
import type { Origin } from './origin.ts'

export function amended(flow: Flow<Batch>, { amendment }: Origin): Flow<Batch> {
  return amendment === undefined ? flow : mapFlow(flow, new Amending(amendment()))
}

export function amendedEvents(events: readonly ReplyEvent[], { amendment }: Origin): readonly ReplyEvent[] {
  return amendment === undefined ? events : events.flatMap(amendment())
}

class Amending implements Stage<Batch, Batch> {
  readonly #amend: Amender
  isOver = false

  constructor(amend: Amender) {
    this.#amend = amend
  }

  item(batch: Batch): readonly Batch[] {
    return throughBatch<ReplyEvent, ReplyEvent>(unrolled(batch), (event, made) => {
      if (this.isOver) return
      const events = this.#amend(event)
      this.isOver = event.type !== 'end' && events.at(-1)?.type === 'end'
      made.push(...events)
    })
  }

  end(): readonly Batch[] {
    return []
  }
}
