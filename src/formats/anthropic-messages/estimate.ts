/** A rough count of tokens for the time until the provider tells: context meters of clients show it at once. */
import { isObject } from './fields.ts'

const CHARACTERS_A_TOKEN = 4
/** About what an image costs; its base64 text says nothing of that. */
const MEDIA_TOKENS = 1600
const LONGEST_TEXT = 8192

/** @param value the parsed body of a request */
export function estimateTokens(value: unknown): number {
  return Math.ceil(charactersOf(value) / CHARACTERS_A_TOKEN)
}

export function tokensOfText(characters: number): number {
  return Math.ceil(characters / CHARACTERS_A_TOKEN)
}

function charactersOf(value: unknown): number {
  if (typeof value === 'string') return isMedia(value) ? MEDIA_TOKENS * CHARACTERS_A_TOKEN : value.length
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + charactersOf(item), 0)
  if (!isObject(value)) return 4
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + charactersOf(item), 0)
}

/** Long and without a space in its beginning: base64 or a data URL, not words. */
function isMedia(text: string): boolean {
  return text.length > LONGEST_TEXT && !text.slice(0, 512).includes(' ')
}
