import type { FinishEvent, FinishReason } from '../reply-events.ts'

/** `Candidate.FinishReason` → canonical (conversion.md C.1). */
const REASONS: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  LANGUAGE: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  IMAGE_OTHER: 'other',
  NO_IMAGE: 'other',
  MALFORMED_FUNCTION_CALL: 'malformed-tool-call',
  MALFORMED_RESPONSE: 'malformed-tool-call',
  UNEXPECTED_TOOL_CALL: 'malformed-tool-call',
  TOO_MANY_TOOL_CALLS: 'malformed-tool-call',
  CONTINUATION: 'continuation',
  OTHER: 'other',
  FINISH_REASON_UNSPECIFIED: 'other',
}

/** The numbers that clients who ask for `enum-encoding=int` get, as far as Gemini and Vertex agree on them. */
const NUMBERED = ['FINISH_REASON_UNSPECIFIED', 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION']

/** The provider's word for why a candidate ended; `undefined` while it goes on. */
export function finishWord(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' ? (NUMBERED[value] ?? `FINISH_REASON_${value}`) : undefined
}

/** @param callsTools whether the candidate left calls for the client to answer: Gemini says STOP then, too */
export function decodeFinish(word: string, callsTools: boolean): FinishReason {
  const reason = (Object.hasOwn(REASONS, word) ? REASONS[word] : undefined) ?? 'other'
  return reason === 'stop' && callsTools ? 'tool-calls' : reason
}

const WORDS: Readonly<Record<FinishReason, string>> = {
  stop: 'STOP',
  'stop-sequence': 'STOP',
  length: 'MAX_TOKENS',
  'context-window': 'MAX_TOKENS',
  'tool-calls': 'STOP',
  refusal: 'SAFETY',
  'content-filter': 'SAFETY',
  pause: 'STOP',
  compaction: 'STOP',
  continuation: 'CONTINUATION',
  'malformed-tool-call': 'MALFORMED_FUNCTION_CALL',
  other: 'OTHER',
}

/** Canonical → `finishReason`. Gemini's own word is kept where it means what the event says. */
export function encodeFinish({ reason, raw }: Pick<FinishEvent, 'reason' | 'raw'>): string {
  if (raw !== undefined && Object.hasOwn(REASONS, raw) && decodeFinish(raw, reason === 'tool-calls') === reason)
    return raw
  return WORDS[reason]
}

/** What an end says that Gemini has no word for. */
export function unsaidOf({ reason }: Pick<FinishEvent, 'reason'>): string | undefined {
  if (reason === 'pause') return 'Gemini cannot say that the model paused'
  return reason === 'compaction' ? 'Gemini cannot say that the conversation was compacted' : undefined
}
