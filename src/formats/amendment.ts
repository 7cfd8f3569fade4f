import type { ReplyEvent } from './reply-events.ts'

/**
 * What has to be done to a reply because its request could not be said as it was meant: an answer that had to be asked
 * for as a tool call becomes a text again, a stop sequence that nobody else heeds ends the reply. Made by the encoder of
 * the request, begun anew for each reply.
 */
export type Amendment = () => Amender

/**
 * Takes the events of a reply as they come and gives those that the client is to have, in one tick. The grammar of
 * `reply-events.ts` holds for both. An `end` that did not come in lets go of the rest of the reply.
 */
export type Amender = (event: ReplyEvent) => readonly ReplyEvent[]

/** One after the other; `undefined` when there is none. */
export function inTurn(...amendments: readonly (Amendment | undefined)[]): Amendment | undefined {
  const all = amendments.filter(each => each !== undefined)
  if (all.length < 2) return all[0]
  return () => {
    const amenders = all.map(begin => begin())
    return event => amenders.reduce<readonly ReplyEvent[]>((events, amend) => events.flatMap(amend), [event])
  }
}
