import type { OpaqueState } from './conversation.ts'

/** State that does not tell its issuer came from the client as it is: it is the provider's to judge. */
export function isIssuedBy({ issuer }: OpaqueState, provider: string): boolean {
  return issuer === undefined || issuer.provider === provider
}
