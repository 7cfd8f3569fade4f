import { type Writable, writeJson } from '../../json/raw.ts'
import type { Part } from '../conversation.ts'
import type { CompletedCandidate, Completion, FinishEvent } from '../reply-events.ts'
import type { EncodedReply, ReplyContext } from '../wire-format.ts'
import { encodeEmbeddings } from './embedding-replies.ts'
import { extensionMembers, FORMAT } from './fields.ts'
import { encodeFinish, unsaidOf } from './finish.ts'
import { encodeGrounding } from './grounding.ts'
import { encodeLogprobs } from './logprobs.ts'
import { Losses } from './losses.ts'
import { nestedMembers } from './nested.ts'
import { encodeReplyPart, type ReplyStyle, replyStyle } from './reply-parts.ts'
import { BESIDE_CANDIDATES } from './residue.ts'
import { encodeUsage } from './usage.ts'

type Members = Readonly<Record<string, Writable>>

export function encodeReply(completion: Completion, context: ReplyContext): EncodedReply {
  if (context.operation === 'embed') return encodeEmbeddings(completion, context)
  const losses = new Losses()
  for (const { format } of completion.raw) losses.dropped(`raw.${format}`, `only ${format} knows these events`)
  const style = replyStyle(context)
  const candidates = completion.candidates.filter(candidate => !isBlocked(candidate))
  const body = {
    candidates: candidates.length === 0 ? undefined : candidates.map(each => encodeCandidate(each, style, losses)),
    usageMetadata: completion.usage && encodeUsage(completion.usage),
    ...envelope(completion, context),
    ...besideCandidates(completion.candidates.map(({ finish }) => finish)),
  }
  return { body: writeJson(body), losses: losses.all }
}

/** Some providers end a refusal like any answer; here nothing but the reason would tell it apart. */
function isRefusal({ reason }: FinishEvent, parts: readonly Part[]): boolean {
  return reason === 'stop' && parts.some(part => part.type === 'refusal')
}

/** Grounding is by address; what is cited by file or by place in a document cannot be told. */
function noteUncitable(parts: readonly Part[], path: string, losses: Losses): void {
  parts.forEach((part, at) => {
    if (part.type !== 'text') return
    const lost = part.citations?.some(({ format, url }) => format !== FORMAT && url === undefined)
    if (lost) losses.dropped(`${path}.parts[${at}].citations`, 'Gemini cites by address only')
  })
}

interface Named {
  readonly id: string
  readonly created?: number
}

/** What every reply and every chunk of a stream has beside its candidates. */
export function envelope({ id, created }: Named, context: ReplyContext): Members {
  return {
    modelVersion: context.model,
    responseId: id === '' ? context.requestId : id,
    createTime: created === undefined ? undefined : timeOf(created),
  }
}

/** @param seconds since 1970 */
function timeOf(seconds: number): string | undefined {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

export function besideCandidates(finishes: readonly FinishEvent[]): Members {
  return Object.assign({}, ...finishes.map(({ extensions }) => nestedMembers(extensions, BESIDE_CANDIDATES)))
}

/** A prompt that Gemini itself refused has no candidate, only its feedback. */
export function isBlocked({ parts, finish }: CompletedCandidate): boolean {
  if (finish.reason !== 'content-filter' || parts.length > 0) return false
  return nestedMembers(finish.extensions, BESIDE_CANDIDATES).promptFeedback !== undefined
}

function encodeCandidate({ index, parts, finish }: CompletedCandidate, style: ReplyStyle, losses: Losses): Writable {
  const path = `candidates[${index}]`
  const wire = parts.flatMap((part, at) => encodeReplyPart(part, `${path}.parts[${at}]`, style, losses))
  return { content: { role: 'model', parts: wire }, ...encodeEnd(finish, parts, losses), index }
}

/** What a candidate says at its end: why it ended, and all that was noted of its text. */
export function encodeEnd(finish: FinishEvent, parts: readonly Part[], losses: Losses): Members {
  const path = `candidates[${finish.candidate}]`
  const unsaid = unsaidOf(finish)
  if (unsaid !== undefined) losses.approximated(`${path}.finish`, unsaid)
  if (finish.stopSequence !== undefined) losses.dropped(`${path}.finish.stopSequence`, 'Gemini does not tell it')
  const texts = parts.filter(part => part.type === 'text')
  noteUncitable(parts, path, losses)
  const cited = texts.map(({ text, citations }) => ({ text, citations: citations ?? [] }))
  return {
    finishReason: encodeFinish(isRefusal(finish, parts) ? { reason: 'refusal' } : finish),
    finishMessage: finish.explanation,
    groundingMetadata: encodeGrounding(cited),
    logprobsResult: encodeLogprobs(texts.flatMap(({ logprobs }) => logprobs ?? [])),
    ...extensionMembers(finish.extensions),
  }
}
