/** A whole Chat completion → reply events (OpenAI API reference, "The chat completion object"). */
import type { JsonDocument } from '../../json/document.ts'
import type { Part } from '../conversation.ts'
import type { FinishEvent, ReplyEvent, StartEvent } from '../reply-events.ts'
import { unreadable } from '../reply-faults.ts'
import { decodeAssistant } from './assistant-decode.ts'
import { CallIds } from './call-ids.ts'
import { decodeAnnotations } from './citations.ts'
import { shownReasoning } from './content-reasoning.ts'
import { findError, inlineError } from './error-decode.ts'
import { arrayOf, compact, FieldReader, type Fields, numberOf, objectOf, stringOf, type TextSource } from './fields.ts'
import { failedFinish, finishOf } from './finish.ts'
import { decodeLogprobs } from './logprobs.ts'
import { Residue } from './residue.ts'
import { wholeChoices } from './split-choices.ts'
import { decodeUsage, findUsage } from './usage.ts'

/** @returns events that end in `end`, or one `error` event */
export function decodeReply(document: JsonDocument): readonly ReplyEvent[] {
  const error = findError(document.value)
  if (error) return [{ type: 'error', error: inlineError(error) }]
  const body = objectOf(document.value)
  const listed = arrayOf(body?.choices)?.map(choice => objectOf(choice) ?? {})
  if (body === undefined || listed === undefined)
    return [{ type: 'error', error: unreadable('something that is not a chat completion') }]
  const choices = wholeChoices(listed)
  if (choices.length === 0) return [{ type: 'error', error: unreadable('a chat completion without an answer') }]
  const failed = choices.map(choice => failedFinish(stringOf(choice.finish_reason))).find(each => each !== undefined)
  return failed ? [{ type: 'error', error: failed }] : decodeCompletion(document, { ...body, choices }, choices)
}

function decodeCompletion(source: TextSource, body: Fields, choices: readonly Fields[]): readonly ReplyEvent[] {
  const start = startOf(body)
  const ids = new CallIds(start.id)
  const answers = choices.map((choice, place) => decodeChoice(source, choice, place, ids))
  const residue = new Residue()
  residue.add(source, body)
  const usage = findUsage(body)
  return [
    start,
    ...partEvents(answers),
    ...(usage ? [{ type: 'usage' as const, usage: decodeUsage(source, usage, stringOf(body.service_tier)) }] : []),
    ...residue.onto(answers.map(answer => answer.finish)),
    { type: 'end' },
  ]
}

/** The head of a completion or of its first chunk. */
export function startOf(body: Fields): StartEvent {
  const created = numberOf(body.created)
  return compact({
    type: 'start',
    id: stringOf(body.id) ?? '',
    model: stringOf(body.model) ?? '',
    created: created === undefined || created <= 0 ? undefined : Math.floor(created),
  })
}

interface Answer {
  readonly parts: readonly Part[]
  readonly finish: FinishEvent
}

function decodeChoice(source: TextSource, choice: Fields, place: number, ids: CallIds): Answer {
  const message = objectOf(choice.message) ?? {}
  const parts = decodeAssistant(source, new FieldReader(source, message), () => '').map(shownReasoning)
  const annotated = parts.map(part => annotate(source, part, message, choice))
  const identified = annotated.map(part =>
    part.type === 'tool-call' ? { ...part, callId: ids.give(part.callId === '' ? undefined : part.callId) } : part,
  )
  const called = parts.some(part => part.type === 'tool-call')
  const candidate = numberOf(choice.index) ?? place
  const finish = { type: 'finish', candidate, ...finishOf(choice, called) } as const
  return { parts: identified, finish }
}

/** Citations and log probabilities stand beside the text on the wire, but belong to it. */
function annotate(source: TextSource, part: Part, message: Fields, choice: Fields): Part {
  if (part.type !== 'text') return part
  const citations = decodeAnnotations(source, message.annotations, part.text)
  const logprobs = decodeLogprobs(choice.logprobs)
  return {
    ...part,
    ...(citations.length === 0 ? {} : { citations }),
    ...(logprobs.length === 0 ? {} : { logprobs }),
  }
}

function partEvents(answers: readonly Answer[]): readonly ReplyEvent[] {
  const parts = answers.flatMap(({ parts, finish }) => parts.map(part => ({ part, candidate: finish.candidate })))
  return parts.flatMap(({ part, candidate }, index): ReplyEvent[] => [
    { type: 'part-start', index, candidate, part },
    { type: 'part-end', index },
  ])
}
