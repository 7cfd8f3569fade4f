/** Bodies of calls: conversations of a given size, in the formats that clients speak. */

export type ClientFormat = 'openai-chat' | 'anthropic-messages'

export interface Prompt {
  readonly format: ClientFormat
  /** Bytes of the whole body, about. */
  readonly size: number
  readonly stream: boolean
}

/** Stands at the end of every prompt: the provider answers nothing that has come without it. */
export const END_OF_PROMPT = '~end of prompt~'

/** Where a call may be told from all others: the load client writes a number here if it is asked to. */
export const SERIAL = 'serial 0000000000'

/** @param model as the gateway under test wants it named */
export function bodyOf({ format, size, stream }: Prompt, model: string): string {
  const chat = { model, stream, messages: turns(size) }
  return JSON.stringify(format === 'anthropic-messages' ? { ...chat, max_tokens: 1_000 } : chat)
}

/** For a table. */
export function describePrompt({ size, stream }: Omit<Prompt, 'format'>): string {
  return `${size / 1000} KB, ${stream ? 'stream' : 'whole'}`
}

/** With line ends and quotation marks, as prompts have them. */
function turns(size: number): readonly { role: string; content: string }[] {
  const sentence = 'The sluice "gate" lifts\nwhen the water behind it stands high enough. '
  const count = Math.max(1, Math.floor(size / 4_000))
  const content = sentence.repeat(Math.ceil(size / count / sentence.length))
  const spoken = Array.from({ length: count * 2 - 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: index % 2 === 0 ? content : 'I see.',
  }))
  const last = { role: 'user', content: `${spoken.at(-1)?.content}${SERIAL} ${END_OF_PROMPT}` }
  return [...spoken.slice(0, -1), last]
}
