/**
 * "The prompt is too long", in the words that clients read: they take the numbers out of the message and ask again with
 * less (conversion.md E255). A small language of its own, so it is spoken exactly.
 */

const TOO_LONG = /prompt is too long/
const OVER_LIMIT = /input length and `max_tokens` exceed context limit/

export function isContextLengthMessage(message: string): boolean {
  return TOO_LONG.test(message) || OVER_LIMIT.test(message)
}

/** The message itself if it is already one of the two, else one of them with the numbers that can be found in it. */
export function contextLengthMessage(message: string): string {
  if (isContextLengthMessage(message)) return message
  const text = message.slice(0, 4096).replaceAll(/(?<=\d),(?=\d{3})/g, '')
  const limit = firstNumber(text, LIMITS)
  const parts = PARTS.exec(text)
  if (limit !== undefined && parts !== null) {
    return `input length and \`max_tokens\` exceed context limit: ${parts[1]} + ${parts[2]} > ${limit}`
  }
  const used = firstNumber(text, USED)
  if (limit === undefined || used === undefined) return `prompt is too long: ${message}`
  return `prompt is too long: ${used} tokens > ${limit} maximum`
}

/** How other providers say it: OpenAI and vLLM, Gemini, Mistral. */
const LIMITS = [
  /maximum context length (?:is|of) (\d+)/i,
  /maximum number of tokens allowed \(?(\d+)/i,
  /(?:context (?:window|length|limit)|limit) (?:is|of) (\d+)/i,
  /> (\d+)/,
]
const USED = [
  /resulted in (\d+)/i,
  /requested (\d+)/i,
  /token count (?:is )?\(?(\d+)/i,
  /contains? (?:at least )?(\d+)/i,
]
const PARTS = /\((\d+) in the messages[^,]*, (\d+) in the completion\)/i

function firstNumber(text: string, patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}
