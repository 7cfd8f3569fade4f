/**
 * Which reasoning state may go where. State is sent to its issuer as it came, or not at all, and never made up; this is
 * also the place where state of other issuers would be wrapped for clients of this format.
 */
import type { OpaqueState, ReasoningPart } from '../conversation.ts'

type NativeScheme = 'anthropic.signature' | 'anthropic.redacted'
export type NativeState = OpaqueState & { readonly scheme: NativeScheme }

/**
 * The state that Anthropic issued for this part.
 * @param provider where it is going; state that another provider is known to have issued is not for it
 */
export function nativeState(part: ReasoningPart, provider?: string): NativeState | undefined {
  return part.state?.find((state): state is NativeState => isNative(state) && isFor(state, provider))
}

function isNative(state: OpaqueState): boolean {
  return state.scheme === 'anthropic.signature' || state.scheme === 'anthropic.redacted'
}

function isFor(state: OpaqueState, provider: string | undefined): boolean {
  return provider === undefined || state.issuer === undefined || state.issuer.provider === provider
}

/** A reasoning part's text in one piece: this format knows no sections. */
export function reasoningText(part: ReasoningPart): string {
  return part.chunks.join(SECTION_BREAK)
}
export const SECTION_BREAK = '\n\n'
