import { eventsOf } from '../completion.ts'
import type { Completion } from '../reply-events.ts'
import type { EncodedReply, ReplyContext } from '../wire-format.ts'
import { bagOf } from './fields.ts'
import { ResponsesStreamEncoder } from './stream-encode.ts'

/** A whole reply is what the terminal event of its stream would tell. */
export function encodeReply(completion: Completion, context: ReplyContext): EncodedReply {
  const encoder = new ResponsesStreamEncoder(context)
  const extensions = completion.candidates[0]?.finish.extensions
  const native = extensions !== undefined && bagOf({ extensions }) !== undefined
  for (const event of eventsOf(completion)) {
    encoder.event(event.type === 'start' && native ? { ...event, extensions } : event)
  }
  return { body: encoder.response, losses: encoder.losses }
}
