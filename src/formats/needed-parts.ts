/**
 * Parts that only their own format can read and that the answer depends on: a call that would lose one is refused
 * (conversion.md D.0, E81).
 */
import type { OpaquePart } from './conversation.ts'

const NEEDED: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  // A file for code that Anthropic runs.
  ['anthropic-messages', new Set(['container_upload'])],
  // The beginning of the prompt, which Google keeps.
  ['gemini', new Set(['cachedContent'])],
  // A prompt that OpenAI keeps, and results that say by name, not by id, which call they are of.
  ['openai-responses', new Set(['prompt', 'function_call_output', 'custom_tool_call_output'])],
])

export function isNeeded({ format, label }: Pick<OpaquePart, 'format' | 'label'>): boolean {
  return NEEDED.get(format)?.has(label) ?? false
}

/** Why a call with such a part is refused, and what helps. Without a full stop. */
export function neededReason({ format, label }: Pick<OpaquePart, 'format' | 'label'>): string {
  return `only ${format} can read "${label}": send what it stands for`
}
