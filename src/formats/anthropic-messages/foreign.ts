/** What a conversation holds of other formats, and this one cannot say: noted in one pass over all of it. */
import type { Conversation, Part } from '../conversation.ts'
import type { LossLog } from './losses.ts'

export function noteForeign(conversation: Conversation, log: LossLog): void {
  log.foreign(conversation.extensions, '')
  conversation.tools.forEach((tool, index) => {
    if (tool.kind !== 'hosted') log.foreign(tool.extensions, `tools[${index}]`)
  })
  conversation.turns.forEach((turn, index) => {
    log.foreign(turn.extensions, `turns[${index}]`)
    noteParts(turn.parts, `turns[${index}].parts`, log)
  })
}

function noteParts(parts: readonly Part[], path: string, log: LossLog): void {
  parts.forEach((part, index) => {
    const at = `${path}[${index}]`
    log.foreign(part.extensions, at)
    if (HAS_NO_STATE.has(part.type) && part.state !== undefined) {
      log.dropped(`${at}.state`, 'Anthropic takes back only state that it issued itself')
    }
    if (part.type === 'tool-result' || part.type === 'search-result') noteParts(part.content, `${at}.content`, log)
  })
}

/** Parts whose state, if there is any, is another issuer's: Anthropic signs thinking and nothing else. */
const HAS_NO_STATE: ReadonlySet<Part['type']> = new Set(['text', 'refusal', 'tool-call', 'media'])
