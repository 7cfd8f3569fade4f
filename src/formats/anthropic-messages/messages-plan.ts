/**
 * Turns → messages: roles, merging and the places where system turns may stand (conversion.md C.3, E1, E2, E9).
 *
 * What becomes of a turn depends on the turns before it and on the one after it only, so that a longer conversation
 * begins with the same bytes as a shorter one, and prompt caches stay warm.
 */
import type { Conversation, Effort, Part, Turn } from '../conversation.ts'
import type { Placed } from './blocks-encode.ts'
import type { Encoding } from './encoding.ts'
import { type WritableObject, writableFields } from './leftovers.ts'
import { FORMAT } from './name.ts'

export interface PlannedMessage {
  readonly role: 'user' | 'assistant' | 'system'
  readonly parts: readonly Placed[]
  readonly fields: WritableObject
  readonly effort?: Effort
}
export interface Plan {
  readonly system: readonly Placed[]
  readonly messages: readonly PlannedMessage[]
}

interface PlacedTurn {
  readonly turn: Turn
  readonly path: string
}

export function planMessages(conversation: Conversation, encoding: Encoding): Plan {
  const turns = conversation.turns.map((turn, index) => ({ turn, path: `turns[${index}]` }))
  const head = headOf(turns)
  const system = head.flatMap(placedParts).filter(placed => isSystemPart(placed, encoding))
  const messages = merged(placeTurns(turns.slice(head.length), encoding))
  noteNames(turns, encoding)
  if (messages.length > 0 || system.length === 0) return { system, messages }
  return systemAsUser(system, encoding)
}

/** Leading system turns, up to the first that says more than text. */
function headOf(turns: readonly PlacedTurn[]): readonly PlacedTurn[] {
  const end = turns.findIndex(({ turn }) => !isSystem(turn) || saysMore(turn))
  return end < 0 ? turns : turns.slice(0, end)
}

/** A system prompt is text, and what only this format knows. */
function isSystemPart({ part, path }: Placed, { log }: Encoding): boolean {
  if (part.type === 'text' || part.type === 'opaque') return true
  log.dropped(path, 'an Anthropic system prompt holds only text')
  return false
}

/** The API wants at least one message (conversion.md E11). */
function systemAsUser(system: readonly Placed[], { log }: Encoding): Plan {
  const last = system.at(-1)
  if (last === undefined) return { system, messages: [] }
  log.approximated(last.path, 'Anthropic wants a user message: the last system text is sent as one')
  return { system: system.slice(0, -1), messages: [{ role: 'user', parts: [last], fields: {} }] }
}

function placeTurns(turns: readonly PlacedTurn[], encoding: Encoding): readonly PlannedMessage[] {
  const messages: PlannedMessage[] = []
  for (const [index, placed] of turns.entries()) {
    if (!isSystem(placed.turn)) messages.push(plainMessage(placed))
    else messages.push(...systemMessage(placed, turns, index, encoding))
  }
  return messages
}

function plainMessage(placed: PlacedTurn): PlannedMessage {
  const role = placed.turn.role === 'assistant' ? 'assistant' : 'user'
  return { role, parts: placedParts(placed), fields: writableFields(placed.turn) }
}

/** A system turn inside the conversation stays one where the model takes it, else its text goes into the user's turn. */
function systemMessage(
  placed: PlacedTurn,
  turns: readonly PlacedTurn[],
  index: number,
  encoding: Encoding,
): readonly PlannedMessage[] {
  const parts = placedParts(placed).filter(({ part }) => part.type !== 'settings-delta' && part.type !== 'tools-delta')
  const effort = effortOf(placed.turn)
  const { capabilities, log } = encoding
  const mayStand = capabilities.inline_system && (parts.length === 0 || mayStandAt(turns, index))
  if (mayStand) {
    const fields = writableFields(placed.turn)
    if (parts.length === 0 && effort === undefined && Object.keys(fields).length === 0) return []
    return [{ role: 'system', parts, fields, ...(effort === undefined ? {} : { effort }) }]
  }
  if (effort !== undefined) log.dropped(`${placed.path}.effort`, 'this model takes no change of effort on the way')
  if (parts.length === 0) return []
  log.approximated(`${placed.path}.role`, 'a system turn cannot stand here: its text is sent in a user turn')
  return [{ role: 'user', parts: parts.map(asReminder), fields: {} }]
}

/** After a user's turn, and before an assistant's or at the end; neighbouring system turns are judged together. */
function mayStandAt(turns: readonly PlacedTurn[], index: number): boolean {
  const before = turns.slice(0, index).findLast(({ turn }) => !isSystem(turn))
  const after = turns.slice(index + 1).find(({ turn }) => !isSystem(turn))
  const followsUser = before !== undefined && before.turn.role !== 'assistant'
  return followsUser && (after === undefined || after.turn.role === 'assistant')
}

/** The tag by which Claude tells the operator's words from the user's in a user turn. */
function asReminder(placed: Placed): Placed {
  const { part } = placed
  if (part.type !== 'text') return placed
  return { ...placed, part: { ...part, text: `<system-reminder>\n${part.text}\n</system-reminder>` } }
}

/** Neighbours of one role become one message, each part its own block; system messages stay apart. */
function merged(messages: readonly PlannedMessage[]): readonly PlannedMessage[] {
  const result: PlannedMessage[] = []
  for (const message of messages) {
    const last = result.at(-1)
    if (last === undefined || last.role !== message.role || message.role === 'system') {
      result.push(message)
      continue
    }
    const fields = { ...last.fields, ...message.fields }
    result[result.length - 1] = { ...last, parts: [...last.parts, ...message.parts], fields }
  }
  return result
}

function placedParts({ turn, path }: PlacedTurn): readonly Placed[] {
  return turn.parts.map((part: Part, index) => ({ part, path: `${path}.parts[${index}]` }))
}

function noteNames(turns: readonly PlacedTurn[], { log }: Encoding): void {
  for (const { turn, path } of turns) {
    // A result's name is that of its tool.
    if (turn.name !== undefined && turn.role !== 'tool')
      log.dropped(`${path}.name`, 'Anthropic knows no names of participants')
  }
}

function isSystem(turn: Turn): boolean {
  return turn.role === 'system' || turn.role === 'developer'
}

/** Whether it has a place in the conversation: it changes something from there on. */
function saysMore(turn: Turn): boolean {
  const isOwn = turn.extensions?.[FORMAT] !== undefined
  return isOwn || turn.parts.some(part => part.type === 'settings-delta' || part.type === 'tools-delta')
}

function effortOf(turn: Turn): Effort | undefined {
  return turn.parts.find(part => part.type === 'settings-delta')?.effort
}
