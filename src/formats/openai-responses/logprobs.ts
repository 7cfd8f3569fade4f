/** Log probabilities of tokens, both ways: the API's form differs from the canonical one in a name only. */
import type { Writable } from '../../json/raw.ts'
import type { TokenLogprob } from '../conversation.ts'
import { isFields, listOf, numberOf, stringOf } from './fields.ts'

export function decodeLogprobs(list: unknown): readonly TokenLogprob[] {
  return listOf(list)
    .filter(isFields)
    .map(entry => ({
      ...decodeOne(entry),
      ...(Array.isArray(entry.top_logprobs) ? { top: entry.top_logprobs.filter(isFields).map(decodeOne) } : {}),
    }))
}

function decodeOne(entry: Readonly<Record<string, unknown>>): TokenLogprob {
  return {
    token: stringOf(entry.token) ?? '',
    logprob: numberOf(entry.logprob) ?? 0,
    ...(Array.isArray(entry.bytes) ? { bytes: entry.bytes.filter(byte => typeof byte === 'number') } : {}),
  }
}

export function encodeLogprobs(logprobs: readonly TokenLogprob[]): readonly Writable[] {
  return logprobs.map(({ token, logprob, bytes, top }) => ({
    token,
    logprob,
    bytes: bytes ?? [...Buffer.from(token)],
    top_logprobs: (top ?? []).map(other => ({
      token: other.token,
      logprob: other.logprob,
      bytes: other.bytes ?? [...Buffer.from(other.token)],
    })),
  }))
}
