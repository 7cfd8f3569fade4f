/** Brings turns into an order that a Chat server takes, keeping each one's place in the client's conversation. */
import { isBillingHeader } from '../billing-header.ts'
import type { Part, Turn } from '../conversation.ts'
import { arrangeResults } from './result-order.ts'
import type { Target } from './target.ts'

export interface PlacedTurn {
  readonly turn: Turn
  /** Where it stood: `turns[3]`. */
  readonly path: string
}

export function arrangeTurns(turns: readonly Turn[], target: Target): readonly PlacedTurn[] {
  const said: PlacedTurn[] = []
  for (const [index, each] of turns.entries()) {
    const turn = worthSaying(each)
    if (turn.parts.length > 0 || each.parts.length === 0) said.push({ turn, path: `turns[${index}]` })
  }
  const arranged = arrangeResults(joinAssistants(said), target)
  return target.dialect.system === 'head' ? joinUsers(systemFirst(arranged, target)) : arranged
}

/** Changes of tools and settings are gathered elsewhere. */
function worthSaying(turn: Turn): Turn {
  const isWorthIt = (part: Part): boolean =>
    part.type !== 'tools-delta' && part.type !== 'settings-delta' && !(isSystem(turn) && isBillingLine(part))
  return turn.parts.every(isWorthIt) ? turn : { ...turn, parts: turn.parts.filter(isWorthIt) }
}

/**
 * Claude Code begins its system prompt with a line for Anthropic's billing that changes with every call. It says
 * nothing to a model, and would keep every other server's prompt cache from ever being hit (conversion.md E7).
 */
function isBillingLine(part: Part): boolean {
  return isBillingHeader(part) || (part.type === 'text' && part.text.startsWith('x-anthropic-billing-header:'))
}

/**
 * Other formats may split one answer into several turns: its reasoning, its text, each of its calls. Results must
 * directly follow the one message that holds all calls (conversion.md E53).
 */
function joinAssistants(turns: readonly PlacedTurn[]): readonly PlacedTurn[] {
  const joined: PlacedTurn[] = []
  for (const placed of turns) {
    const last = joined.at(-1)
    if (last && goesOn(last.turn, placed.turn)) {
      const turn = { ...last.turn, parts: [...last.turn.parts, ...placed.turn.parts] }
      joined[joined.length - 1] = { ...last, turn }
    } else {
      joined.push(placed)
    }
  }
  return joined
}

function goesOn(last: Turn, next: Turn): boolean {
  if (last.role !== 'assistant' || next.role !== 'assistant') return false
  if (last.extensions || next.extensions || last.name !== next.name) return false
  return last.parts.some(isCall) || last.parts.every(part => part.type === 'reasoning') || next.parts.every(isCall)
}

function isCall(part: Part): boolean {
  return part.type === 'tool-call'
}

/** One system message at the beginning; what comes later is told in place, by the user (conversion.md E2, E5). */
function systemFirst(turns: readonly PlacedTurn[], target: Target): readonly PlacedTurn[] {
  const firstOther = turns.findIndex(({ turn }) => !isSystem(turn))
  const headLength = firstOther < 0 ? turns.length : firstOther
  const head = turns.slice(0, headLength)
  const rest = turns.slice(headLength).map(placed => (isSystem(placed.turn) ? demoted(placed, target) : placed))
  const [first] = head
  if (first === undefined || head.length === 1) return [...head, ...rest]
  const parts = head.flatMap(({ turn }, index) => [...(index === 0 ? [] : [BREAK]), ...turn.parts])
  return [{ ...first, turn: { ...first.turn, parts: joinTexts(parts) } }, ...rest]
}

/** Templates that take one system message let user and assistant only speak by turns (conversion.md E9). */
function joinUsers(turns: readonly PlacedTurn[]): readonly PlacedTurn[] {
  const joined: PlacedTurn[] = []
  for (const placed of turns) {
    const last = joined.at(-1)
    if (!last || !isPlainUser(last.turn) || !isPlainUser(placed.turn) || last.turn.name !== placed.turn.name) {
      joined.push(placed)
      continue
    }
    const parts = joinTexts([...last.turn.parts, BREAK, ...placed.turn.parts])
    joined[joined.length - 1] = { ...last, turn: { ...last.turn, parts } }
  }
  return joined
}

function isPlainUser({ role, parts, extensions }: Turn): boolean {
  return role === 'user' && extensions === undefined && parts.every(part => part.type !== 'tool-result')
}

const BREAK: Part = { type: 'text', text: '\n\n' }

function isSystem({ role }: Turn): boolean {
  return role === 'system' || role === 'developer'
}

function joinTexts(parts: readonly Part[]): readonly Part[] {
  const texts = parts.filter(part => part.type === 'text')
  return texts.length === parts.length ? [{ type: 'text', text: texts.map(part => part.text).join('') }] : parts
}

function demoted({ turn, path }: PlacedTurn, { ledger }: Target): PlacedTurn {
  ledger.approximated(path, 'this server takes a system message at the beginning only; the user says it here')
  const open: Part = { type: 'text', text: '<system-reminder>\n' }
  const close: Part = { type: 'text', text: '\n</system-reminder>' }
  return { path, turn: { ...turn, role: 'user', parts: joinTexts([open, ...turn.parts, close]) } }
}
