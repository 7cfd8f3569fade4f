/** A completion → the body of a Chat completion (OpenAI API reference, "The chat completion object"). */
import { type Writable, writeJson } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import type { Part, ReasoningPart, TextPart, ToolCallPart } from '../conversation.ts'
import type { CompletedCandidate, Completion } from '../reply-events.ts'
import type { EncodedReply, ReplyContext } from '../wire-format.ts'
import { encodeCitation } from './citations.ts'
import { encodeFinish, lostInFinish, MALFORMED_CALL, type WireFinish } from './finish.ts'
import { Ledger } from './ledger.ts'
import { encodeLogprobs } from './logprobs.ts'
import { encodeCall, encodeMedia, isLegacyClient, noteForeign, noteLost, replyId } from './reply-parts.ts'
import { reasoningStateFields } from './reply-state.ts'
import { residueOf } from './residue.ts'
import { encodeServiceTier } from './service-tier.ts'
import { encodeUsage } from './usage.ts'

type WireFields = { readonly [key: string]: Writable }

/** @throws Refusal 502 when the model's tool call cannot be read: a finish reason would make it look like an answer */
export function encodeReply(completion: Completion, context: ReplyContext): EncodedReply {
  const ledger = new Ledger()
  for (const event of completion.raw) noteForeign(event, ledger)
  const isLegacy = isLegacyClient(context)
  const { usage, candidates } = completion
  const tier = encodeServiceTier(usage)
  const body = writeJson({
    id: replyId(completion.id, context),
    object: 'chat.completion',
    created: completion.created ?? context.created,
    model: context.model,
    choices: candidates.map(candidate => encodeChoice(candidate, isLegacy, ledger)),
    ...(usage ? { usage: encodeUsage(usage) } : {}),
    ...(tier === undefined ? {} : { service_tier: tier }),
    ...Object.assign({}, ...candidates.map(({ finish }) => residueOf(finish).reply)),
  })
  return { body, losses: ledger.losses }
}

function encodeChoice(candidate: CompletedCandidate, isLegacy: boolean, ledger: Ledger): Writable {
  const { index, parts, finish } = candidate
  const residue = residueOf(finish)
  const reason = finishOf(candidate, ledger)
  const logprobs = parts.flatMap(part => (part.type === 'text' ? (part.logprobs ?? []) : []))
  return {
    index,
    message: { ...encodeMessage(candidate, isLegacy, ledger), ...residue.message },
    logprobs: logprobs.length === 0 ? null : encodeLogprobs(logprobs),
    finish_reason: isLegacy && reason === 'tool_calls' ? 'function_call' : reason,
    ...residue.choice,
  }
}

function encodeMessage({ parts, finish }: CompletedCandidate, isLegacy: boolean, ledger: Ledger): WireFields {
  const text = parts.filter(part => part.type === 'text')
  const calls = parts.filter(part => part.type === 'tool-call')
  const refusal = refusalOf(parts) ?? (finish.reason === 'refusal' ? finish.explanation : undefined)
  return {
    role: 'assistant',
    content: text.length === 0 ? null : text.map(part => part.text).join(''),
    refusal: refusal ?? null,
    ...encodeReasoning(parts, ledger),
    ...encodeAnnotations(text, ledger),
    ...encodeCalls(calls, finish.reason === 'length', isLegacy, ledger),
    ...encodeOthers(parts, ledger),
  }
}

function finishOf({ index, parts, finish }: CompletedCandidate, ledger: Ledger): WireFinish {
  const reason = encodeFinish(finish.reason, {
    called: parts.some(part => part.type === 'tool-call'),
    refused: refusalOf(parts) !== undefined,
    content: parts.length > 0,
  })
  if (reason === undefined) {
    throw new Refusal(MALFORMED_CALL.status, MALFORMED_CALL.code, MALFORMED_CALL.message, MALFORMED_CALL)
  }
  const lost = lostInFinish(finish)
  if (lost !== undefined) ledger.approximated(`choices[${index}].finish`, lost)
  return reason
}

function refusalOf(parts: readonly Part[]): string | undefined {
  const refusals = parts.filter(part => part.type === 'refusal')
  return refusals.length === 0 ? undefined : refusals.map(part => part.text).join('')
}

function encodeReasoning(parts: readonly Part[], ledger: Ledger): WireFields {
  const thoughts = parts.filter(part => part.type === 'reasoning')
  if (thoughts.length === 0) return {}
  const text = thoughts.map(reasoningText).join('')
  const states = thoughts.flatMap(part => part.state ?? [])
  return { ...(text === '' ? {} : { reasoning_content: text }), ...reasoningStateFields(states, ledger) }
}

/** Sections are set apart by an empty line (conversion.md E104). */
function reasoningText({ chunks }: ReasoningPart): string {
  return chunks.join('\n\n')
}

function encodeAnnotations(parts: readonly TextPart[], ledger: Ledger): WireFields {
  let text = ''
  const annotations: Writable[] = []
  for (const part of parts) {
    const offset = text.length
    text += part.text
    for (const citation of part.citations ?? []) {
      const encoded = encodeCitation(citation, text, offset)
      if (encoded === undefined) ledger.dropped(`citations.${citation.kind}`, 'Chat Completions can only cite the web')
      else annotations.push(encoded)
    }
  }
  return annotations.length === 0 ? {} : { annotations }
}

function encodeCalls(
  calls: readonly ToolCallPart[],
  isTruncated: boolean,
  isLegacy: boolean,
  ledger: Ledger,
): WireFields {
  if (calls.length === 0) return {}
  // Clients parse the arguments of a finished call (conversion.md E44).
  const args = (call: ToolCallPart): string =>
    call.arguments === '' && call.kind === 'function' && !isTruncated ? '{}' : call.arguments
  const [first] = calls
  if (!isLegacy || first === undefined)
    return { tool_calls: calls.map((call, place) => encodeCall(call, place, args(call), ledger)) }
  if (calls.length > 1) ledger.dropped('tool-call', '"function_call" can hold one call only; the client asked for it')
  return { function_call: { name: first.name, arguments: args(first) } }
}

function encodeOthers(parts: readonly Part[], ledger: Ledger): WireFields {
  const images: Writable[] = []
  let audio: WireFields = {}
  for (const part of parts) {
    if (part.type === 'media') {
      const encoded = encodeMedia(part)
      if (encoded === undefined) noteLost(part, ledger)
      else if (Array.isArray(encoded.images)) images.push(...encoded.images)
      else audio = encoded
    } else if (!HELD.has(part.type)) {
      noteLost(part, ledger)
    }
  }
  return { ...(images.length === 0 ? {} : { images }), ...audio }
}

const HELD: ReadonlySet<Part['type']> = new Set(['text', 'refusal', 'reasoning', 'tool-call'])
