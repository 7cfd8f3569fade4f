import type { Reasoning } from './conversation.ts'

/**
 * Whether thinking is to be shown to the client; `undefined` when nobody has said. Who turns thinking on shows it:
 * Anthropic's and OpenRouter's clients get the text without asking for it, where OpenAI and Google keep it back
 * (conversion.md C.5, E103).
 */
export function isThinkingShown({ show, mode }: Reasoning): boolean | undefined {
  if (show !== undefined) return show !== 'none'
  return mode === 'enabled' || mode === 'adaptive' ? true : undefined
}
