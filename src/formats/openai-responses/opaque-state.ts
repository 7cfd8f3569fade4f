import type { OpaqueState } from '../conversation.ts'

/**
 * The value for `encrypted_content`: the one place where this format carries reasoning state. What another provider
 * issued has no carrier yet and must not be passed off as OpenAI's.
 *
 * @returns `undefined` when the state cannot travel
 */
export function carriedState(state: OpaqueState): string | undefined {
  return state.scheme === 'openai.encrypted' ? state.value : undefined
}
