/** A completion → the body of a Chat completion (OpenAI API reference, "The chat completion object"). */
import { type Writable, writeJson } from '../../json/raw.ts'
import type { Part, ReasoningPart, ToolCallPart } from '../conversation.ts'
import type { CompletedCandidate, Completion } from '../reply-events.ts'
import { asRefusal, MALFORMED_CALL } from '../reply-faults.ts'
import type { EncodedReply, ReplyContext } from '../wire-format.ts'
import { encodeCitation } from './citations.ts'
import { encodeFinish, noteFinish, type WireFinish } from './finish.ts'
import { FreeTextCalls } from './free-text-calls.ts'
import { Ledger } from './ledger.ts'
import { encodeLogprobs } from './logprobs.ts'
import { encodeCall, encodeMedia, isLegacyClient, noteForeign, noteLost, replyId } from './reply-parts.ts'
import { StateWriter } from './reply-state.ts'
import { residueOf } from './residue.ts'
import { encodeServiceTier } from './service-tier.ts'
import { encodeUsage } from './usage.ts'

type WireFields = { readonly [key: string]: Writable }

/** @throws Refusal 502 when the model's tool call cannot be read: a finish reason would make it look like an answer */
export function encodeReply(given: Completion, context: ReplyContext): EncodedReply {
  const completion = new FreeTextCalls(context.request.body).completion(given)
  const ledger = new Ledger()
  const states = new StateWriter(ledger, context.stateKey)
  for (const event of completion.raw) noteForeign(event, ledger)
  const isLegacy = isLegacyClient(context)
  const { usage, candidates } = completion
  const tier = encodeServiceTier(usage)
  const body = writeJson({
    id: replyId(completion.id, context),
    object: 'chat.completion',
    created: completion.created ?? context.created,
    model: context.model,
    choices: candidates.map(candidate => encodeChoice(candidate, isLegacy, ledger, states)),
    ...(usage ? { usage: encodeUsage(usage) } : {}),
    ...(tier === undefined ? {} : { service_tier: tier }),
    ...Object.assign({}, ...candidates.map(({ finish }) => residueOf(finish).reply)),
  })
  return { body, losses: ledger.losses }
}

function encodeChoice(candidate: CompletedCandidate, isLegacy: boolean, ledger: Ledger, states: StateWriter): Writable {
  const { index, parts, finish } = candidate
  const residue = residueOf(finish)
  const reason = finishOf(candidate, ledger)
  const logprobs = parts.flatMap(part => (part.type === 'text' ? (part.logprobs ?? []) : []))
  return {
    index,
    message: { ...encodeMessage(candidate, isLegacy, ledger, states), ...residue.message },
    logprobs: logprobs.length === 0 ? null : encodeLogprobs(logprobs),
    finish_reason: isLegacy && reason === 'tool_calls' ? 'function_call' : reason,
    ...residue.choice,
  }
}

function encodeMessage(
  { index, parts, finish }: CompletedCandidate,
  isLegacy: boolean,
  ledger: Ledger,
  states: StateWriter,
): WireFields {
  const path = `candidates[${index}].parts`
  noteParts(parts, path, ledger)
  const text = parts.filter(part => part.type === 'text')
  const isSaid = text.some(part => part.text === finish.explanation)
  const refusal = refusalOf(parts) ?? (finish.reason === 'refusal' && !isSaid ? finish.explanation : undefined)
  return {
    role: 'assistant',
    content: text.length === 0 ? null : text.map(part => part.text).join(''),
    refusal: refusal ?? null,
    ...encodeReasoning(parts, path, states),
    ...encodeAnnotations(parts, path, ledger),
    ...encodeCalls(parts, path, finish.reason === 'length', isLegacy, ledger, states),
    ...encodeOthers(parts, path, ledger),
  }
}

/** A message has its reasoning, its text and its calls apart, in this order. */
const ORDER: readonly Part['type'][] = ['reasoning', 'text', 'tool-call']

function noteParts(parts: readonly Part[], path: string, ledger: Ledger): void {
  const moved = movedTypes(parts)
  for (const [at, part] of parts.entries()) {
    ledger.foreign(part.extensions, `${path}[${at}]`)
    if (moved.has(part.type))
      ledger.approximated(`${path}[${at}]`, `a Chat message has all of its ${part.type} in one place`)
  }
}

/** Types of which a part comes later than another one that has its place behind it. */
function movedTypes(parts: readonly Part[]): ReadonlySet<Part['type']> {
  const moved = new Set<Part['type']>()
  let latest = 0
  for (const { type } of parts) {
    const place = ORDER.indexOf(type)
    if (place >= 0 && place < latest) moved.add(type)
    latest = Math.max(latest, place)
  }
  return moved
}

function finishOf({ index, parts, finish }: CompletedCandidate, ledger: Ledger): WireFinish {
  const reason = encodeFinish(finish.reason, {
    called: parts.some(part => part.type === 'tool-call'),
    refused: refusalOf(parts) !== undefined,
    content: parts.length > 0,
  })
  if (reason === undefined) throw asRefusal(MALFORMED_CALL)
  noteFinish(finish, `candidates[${index}].finish`, ledger)
  return reason
}

function refusalOf(parts: readonly Part[]): string | undefined {
  const refusals = parts.filter(part => part.type === 'refusal')
  return refusals.length === 0 ? undefined : refusals.map(part => part.text).join('')
}

function encodeReasoning(parts: readonly Part[], path: string, states: StateWriter): WireFields {
  const thoughts = parts.filter(part => part.type === 'reasoning')
  const text = thoughts.map(reasoningText).join('')
  return { ...(text === '' ? {} : { reasoning_content: text }), ...states.message(parts, path) }
}

/** Sections are set apart by an empty line (conversion.md E104). */
function reasoningText({ chunks }: ReasoningPart): string {
  return chunks.join('\n\n')
}

function encodeAnnotations(parts: readonly Part[], path: string, ledger: Ledger): WireFields {
  let text = ''
  const annotations: Writable[] = []
  for (const [at, part] of parts.entries()) {
    if (part.type !== 'text') continue
    const offset = text.length
    text += part.text
    for (const citation of part.citations ?? []) {
      const encoded = encodeCitation(citation, text, offset)
      if (encoded === undefined) ledger.dropped(`${path}[${at}].citations`, 'Chat Completions can only cite the web')
      else annotations.push(encoded)
    }
  }
  return annotations.length === 0 ? {} : { annotations }
}

function encodeCalls(
  parts: readonly Part[],
  path: string,
  isTruncated: boolean,
  isLegacy: boolean,
  ledger: Ledger,
  states: StateWriter,
): WireFields {
  const calls = parts.flatMap((part, at) => (part.type === 'tool-call' ? [{ call: part, at: `${path}[${at}]` }] : []))
  const [first, second] = calls
  if (first === undefined) return {}
  // Clients parse the arguments of a finished call (conversion.md E44).
  const args = (call: ToolCallPart): string =>
    call.arguments === '' && call.kind === 'function' && !isTruncated ? '{}' : call.arguments
  if (!isLegacy) {
    return { tool_calls: calls.map(({ call, at }, place) => encodeCall(call, place, args(call), at, ledger, states)) }
  }
  if (second !== undefined) ledger.dropped(second.at, '"function_call" can hold one call only; the client asked for it')
  return { function_call: { name: first.call.name, arguments: args(first.call) } }
}

function encodeOthers(parts: readonly Part[], path: string, ledger: Ledger): WireFields {
  const images: Writable[] = []
  let audio: WireFields = {}
  for (const [at, part] of parts.entries()) {
    const encoded = part.type === 'media' ? encodeMedia(part) : undefined
    if (encoded === undefined) {
      if (!HELD.has(part.type)) noteLost(part, `${path}[${at}]`, ledger)
    } else if (Array.isArray(encoded.images)) images.push(...encoded.images)
    else audio = encoded
  }
  return { ...(images.length === 0 ? {} : { images }), ...audio }
}

const HELD: ReadonlySet<Part['type']> = new Set(['text', 'refusal', 'reasoning', 'tool-call'])
