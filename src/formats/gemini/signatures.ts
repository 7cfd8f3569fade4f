import type { OpaqueState } from '../conversation.ts'
import type { Losses } from './losses.ts'

/** Whom a request or a reply is written for, as far as signatures go. */
export interface SignatureReader {
  /** The configured provider and the model; absent towards a client, who keeps any Gemini signature for later. */
  readonly provider?: string
  readonly model?: string
}

/**
 * The thought signature among a part's states, if its reader is the one who issued it. State of any other scheme is
 * never sent on nor made up.
 */
export function signatureOf(
  state: readonly OpaqueState[] | undefined,
  reader: SignatureReader,
  path: string,
  losses: Losses,
): string | undefined {
  let signature: string | undefined
  for (const each of state ?? []) {
    if (each.scheme !== 'gemini.thought-signature') {
      losses.dropped(`${path}.state`, `${each.scheme} means nothing to Gemini`)
    } else if (isIssuer(each.issuer, reader)) {
      signature = each.value
    } else {
      losses.dropped(`${path}.state`, 'the signature was issued by another provider or model')
    }
  }
  return signature
}

function isIssuer(issuer: OpaqueState['issuer'], { provider, model }: SignatureReader): boolean {
  if (issuer === undefined || provider === undefined) return true
  return issuer.provider === provider && (issuer.model === undefined || issuer.model === model)
}
