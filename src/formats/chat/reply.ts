import type { Part } from '../conversation.ts'
import type { Loss } from '../losses.ts'
import { objectOf, stringOf } from '../openai-chat/fields.ts'
import type { Completion, FinishEvent } from '../reply-events.ts'
import type { EncodedReply, ReplyContext } from '../wire-format.ts'

/** A completion → `{ provider, model, response }`: the text of its first answer, and a loss for everything else. */
export function encodeReply({ candidates }: Completion, { model, request }: ReplyContext): EncodedReply {
  const [first, ...others] = candidates
  const parts = first?.parts ?? []
  const body = JSON.stringify({
    provider: stringOf(objectOf(request.body)?.provider) ?? '',
    model,
    response: parts.map(saidIn).join(''),
  })
  const losses = [
    ...parts.filter(part => !isSaid(part)).map(part => dropped(part.type, 'this format has nothing but text')),
    ...others.map(({ index }) => dropped(`choices[${index}]`, 'this format has one answer only')),
    ...(first ? finishLosses(first.finish) : []),
  ]
  return { body, losses }
}

function saidIn(part: Part): string {
  return part.type === 'text' || part.type === 'refusal' ? part.text : ''
}

function isSaid({ type }: Part): boolean {
  return type === 'text' || type === 'refusal'
}

/** A whole answer needs no reason; any other ending is worth knowing. */
function finishLosses({ reason }: FinishEvent): readonly Loss[] {
  const isWhole = reason === 'stop' || reason === 'stop-sequence' || reason === 'refusal'
  return isWhole ? [] : [dropped('finish', `this format cannot say that the answer ended for the reason "${reason}"`)]
}

function dropped(path: string, reason: string): Loss {
  return { path, action: 'dropped', reason }
}
