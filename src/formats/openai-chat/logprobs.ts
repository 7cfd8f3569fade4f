/** `logprobs.content[]` ↔ canonical. */
import type { Writable } from '../../json/raw.ts'
import type { TokenLogprob } from '../conversation.ts'
import { arrayOf, compact, numberOf, objectOf, stringOf } from './fields.ts'

/** @param logprobs a choice's `logprobs` */
export function decodeLogprobs(logprobs: unknown): readonly TokenLogprob[] {
  const content = arrayOf(objectOf(logprobs)?.content) ?? []
  return content.map(decodeToken).filter(token => token !== undefined)
}

function decodeToken(value: unknown): TokenLogprob | undefined {
  const choice = decodeChoice(value)
  if (choice === undefined) return undefined
  const top = (arrayOf(objectOf(value)?.top_logprobs) ?? []).map(decodeChoice).filter(each => each !== undefined)
  return { ...choice, top }
}

type Choice = Omit<TokenLogprob, 'top'>

function decodeChoice(value: unknown): Choice | undefined {
  const fields = objectOf(value)
  const token = stringOf(fields?.token)
  const logprob = numberOf(fields?.logprob)
  if (token === undefined || logprob === undefined) return undefined
  const bytes = arrayOf(fields?.bytes)?.filter(byte => typeof byte === 'number')
  return compact({ token, logprob, bytes })
}

export function encodeLogprobs(tokens: readonly TokenLogprob[]): Writable {
  return {
    content: tokens.map(token => ({ ...encodeChoice(token), top_logprobs: (token.top ?? []).map(encodeChoice) })),
  }
}

/** Clients put tokens together from their bytes, so these are counted out where the source has none. */
function encodeChoice({ token, logprob, bytes }: Choice): { readonly [key: string]: Writable } {
  return { token, logprob, bytes: bytes ?? [...Buffer.from(token)] }
}
