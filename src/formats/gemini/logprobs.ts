import type { Writable } from '../../json/raw.ts'
import type { TokenLogprob } from '../conversation.ts'
import { isRecord, listOf } from './fields.ts'

/** `logprobsResult` → canonical. Gemini tells no bytes; they are those of the token. */
export function decodeLogprobs(result: unknown): readonly TokenLogprob[] {
  if (!isRecord(result)) return []
  const tops = listOf(result.topCandidates)
  return listOf(result.chosenCandidates).flatMap((chosen, at) => {
    const top = tops[at]
    const alternatives = isRecord(top) ? listOf(top.candidates).flatMap(tokenOf) : undefined
    return tokenOf(chosen).map(token => (alternatives === undefined ? token : { ...token, top: alternatives }))
  })
}

function tokenOf(node: unknown): readonly TokenLogprob[] {
  if (!isRecord(node) || typeof node.token !== 'string') return []
  const logprob = typeof node.logProbability === 'number' ? node.logProbability : 0
  return [{ token: node.token, logprob, bytes: [...Buffer.from(node.token, 'utf8')] }]
}

/** Canonical → `logprobsResult`; `undefined` when nothing is known. */
export function encodeLogprobs(tokens: readonly TokenLogprob[]): Writable {
  if (tokens.length === 0) return undefined
  const hasTop = tokens.some(({ top }) => top !== undefined)
  return {
    chosenCandidates: tokens.map(wireToken),
    topCandidates: hasTop ? tokens.map(({ top }) => ({ candidates: (top ?? []).map(wireToken) })) : undefined,
  }
}

function wireToken({ token, logprob }: Pick<TokenLogprob, 'token' | 'logprob'>): Writable {
  return { token, logProbability: logprob }
}
