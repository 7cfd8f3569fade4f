import { eventsOf } from '../completion.ts'
import type { Completion } from '../reply-events.ts'
import type { EncodedReply, ReplyContext } from '../wire-format.ts'
import { ResponsesStreamEncoder } from './stream-encode.ts'

/** A whole reply is what the terminal event of its stream would tell. */
export function encodeReply(completion: Completion, context: ReplyContext): EncodedReply {
  const encoder = new ResponsesStreamEncoder(context)
  for (const event of eventsOf(completion)) encoder.event(event)
  return { body: encoder.response, losses: encoder.losses }
}
