/** Half a surrogate pair is no character: several providers refuse a text that holds one (conversion.md E29). */
import type { Conversation, Part, Turn } from './conversation.ts'

/**
 * The conversation with U+FFFD in the place of every half of a character; itself where there is none.
 *
 * @param note told the path of every part that had one
 */
export function withWholeCharacters(conversation: Conversation, note: (path: string) => void): Conversation {
  const turns = conversation.turns.map((turn, index) => wholeTurn(turn, `turns[${index}].parts`, note))
  return turns.every((turn, index) => turn === conversation.turns[index]) ? conversation : { ...conversation, turns }
}

export const HALF_CHARACTER = 'half a character is no text; U+FFFD stands in its place'

function wholeTurn(turn: Turn, path: string, note: (path: string) => void): Turn {
  const parts = wholeParts(turn.parts, path, note)
  return parts === turn.parts ? turn : { ...turn, parts }
}

function wholeParts(parts: readonly Part[], path: string, note: (path: string) => void): readonly Part[] {
  const whole = parts.map((part, index) => wholePart(part, `${path}[${index}]`, note))
  return whole.every((part, index) => part === parts[index]) ? parts : whole
}

function wholePart(part: Part, path: string, note: (path: string) => void): Part {
  switch (part.type) {
    case 'text':
    case 'refusal':
      if (part.text.isWellFormed()) return part
      note(path)
      return { ...part, text: part.text.toWellFormed() }
    case 'tool-result':
    case 'search-result': {
      const content = wholeParts(part.content, `${path}.content`, note)
      return content === part.content ? part : { ...part, content }
    }
    default:
      return part
  }
}
