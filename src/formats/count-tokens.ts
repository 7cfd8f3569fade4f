import { estimateTokenCount } from 'tokenx'
import type { Conversation, Part } from './conversation.ts'

/** What an image costs where nobody says: OpenAI's and Anthropic's typical photo. */
const IMAGE_TOKENS = 1_000
/** Role, separators and the like, of every turn. */
const TURN_TOKENS = 4

/**
 * Estimates the input tokens of a conversation, tools and all. No provider's own tokenizer is asked: the answer is
 * told as an estimate wherever it goes. Linear in the text, so that a hostile one costs no more than an honest one.
 */
export function estimateTokens(conversation: Conversation): number {
  let tokens = 0
  for (const turn of conversation.turns) tokens += TURN_TOKENS + partsTokens(turn.parts)
  for (const tool of conversation.tools) {
    tokens +=
      tool.kind === 'function'
        ? textTokens(tool.name) + textTokens(tool.description ?? '') + textTokens(tool.schema ?? '')
        : tool.kind === 'custom'
          ? textTokens(tool.name) + textTokens(tool.description ?? '') + textTokens(tool.grammar?.definition ?? '')
          : textTokens(tool.json)
  }
  return tokens
}

/** Estimates the tokens of a text. */
export function textTokens(text: string): number {
  return text === '' ? 0 : estimateTokenCount(text)
}

function partsTokens(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + partTokens(part), 0)
}

function partTokens(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return textTokens(part.text)
    case 'reasoning':
      return part.chunks.reduce((sum, chunk) => sum + textTokens(chunk), 0)
    case 'media':
      return 'text' in part.source
        ? textTokens(part.source.text)
        : 'parts' in part.source
          ? partsTokens(part.source.parts)
          : IMAGE_TOKENS
    case 'tool-call':
      return textTokens(part.name) + textTokens(part.arguments)
    case 'tool-result':
      return textTokens(part.structured ?? '') + partsTokens(part.content)
    case 'search-result':
      return textTokens(part.title) + partsTokens(part.content)
    case 'hosted-tool':
    case 'opaque':
      return textTokens(part.json)
    default:
      return 0
  }
}
