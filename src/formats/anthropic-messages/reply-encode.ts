/** Whole replies, canonical → wire (Anthropic Messages API, the `message` object). */
import { writeJson } from '../../json/raw.ts'
import type { Part } from '../conversation.ts'
import type { CompletedCandidate, Completion, Usage } from '../reply-events.ts'
import { asRefusal, MALFORMED_CALL } from '../reply-faults.ts'
import type { EncodedReply, ReplyContext } from '../wire-format.ts'
import { apiVersionOf } from './api-version.ts'
import { estimateTokens, tokensOfText } from './estimate.ts'
import type { Ending } from './finish.ts'
import { messageId } from './ids.ts'
import { LossLog } from './losses.ts'
import { type ReplyEncoding, replyBlocks } from './reply-blocks.ts'
import { keptFields, noteStop, nullFields, stopFields, withKept } from './reply-message.ts'
import { encodeUsage } from './usage.ts'

/** @throws Refusal 502 when the reply ended in a way that must not look like an answer */
export function encodeReply(completion: Completion, context: ReplyContext): EncodedReply {
  const log = new LossLog()
  const { stateKey } = context
  const version = apiVersionOf(context.request.headers)
  const id = messageId(completion.id, context.requestId)
  const encoding: ReplyEncoding = { version, log, messageId: id, ...(stateKey && { stateKey }) }
  const [candidate, ...others] = completion.candidates
  for (const { index } of others) log.dropped(`candidates[${index}]`, 'an Anthropic message holds one answer')
  const parts = candidate?.parts ?? []
  const content = parts.flatMap((part, index) => replyBlocks(part, index, encoding))
  const stop = stopFields(endingOf(candidate, content.length), candidate?.finish.explanation, version)
  if (candidate !== undefined) noteStop(candidate.finish, log)
  if (stop === undefined) throw asRefusal(MALFORMED_CALL)
  noteRaw(completion, log)
  const message = {
    id,
    type: 'message',
    role: 'assistant',
    model: context.model,
    content,
    ...nullFields(version),
    ...stop,
    usage: encodeUsage(completion.usage ?? estimatedUsage(parts, context), version),
  }
  const body = writeJson(withKept(message, candidate === undefined ? {} : keptFields(candidate.finish)))
  return { body, losses: log.losses }
}

function endingOf(candidate: CompletedCandidate | undefined, blocks: number): Ending {
  const parts = candidate?.parts ?? []
  return {
    ...(candidate?.finish ?? { reason: 'other' as const }),
    hasToolCalls: parts.some(part => part.type === 'tool-call'),
    hasRefusal: parts.some(part => part.type === 'refusal'),
    isEmpty: blocks === 0,
  }
}

/** Zero would be a lie: clients reckon with what is left of the context. */
function estimatedUsage(parts: readonly Part[], { request }: ReplyContext): Usage {
  const characters = parts.reduce((sum, part) => sum + saidBy(part).length, 0)
  return { input: estimateTokens(request.body ?? ''), output: tokensOfText(characters), estimated: true }
}

function saidBy(part: Part): string {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text
    case 'reasoning':
      return part.chunks.join('')
    case 'tool-call':
      return part.arguments
    default:
      return ''
  }
}

function noteRaw({ raw }: Completion, log: LossLog): void {
  for (const { format } of raw) log.dropped('raw', `an Anthropic message cannot hold an event of ${format}`)
}
