/** Brings results of tools to where a Chat server takes them: directly behind the message that called. */
import type { Part, Turn } from '../conversation.ts'
import { flawedResults, ORPHAN, resultAsText, SUPERSEDED } from '../tool-answers.ts'
import type { Target } from './target.ts'
import { isResult } from './tool-result-encode.ts'
import type { PlacedTurn } from './turn-order.ts'

export function arrangeResults(turns: readonly PlacedTurn[], target: Target): readonly PlacedTurn[] {
  const ordered = resultsFirst(paired(turns, target))
  return target.dialect.userAfterTool ? ordered : withinResults(ordered, target)
}

/** Results that no call of this history asked for, and those that were given twice, are refused by OpenAI. */
function paired(turns: readonly PlacedTurn[], target: Target): readonly PlacedTurn[] {
  const flaws = flawedResults(turns.map(({ turn }) => turn))
  if (flaws.size === 0) return turns
  return turns.flatMap(placed => {
    if (!placed.turn.parts.some(part => flaws.has(part))) return [placed]
    const orphans: Part[] = []
    const kept: Part[] = []
    for (const [at, part] of placed.turn.parts.entries()) {
      const path = `${placed.path}.parts[${at}]`
      if (!isResult(part) || !flaws.has(part)) kept.push(part)
      else if (flaws.get(part) === 'superseded') target.ledger.dropped(path, SUPERSEDED)
      else {
        target.ledger.approximated(path, ORPHAN)
        orphans.push(...resultAsText(part))
      }
    }
    return [
      ...(kept.length === 0 ? [] : [{ ...placed, turn: { ...placed.turn, parts: kept } }]),
      ...(orphans.length === 0 ? [] : [{ ...placed, turn: { role: 'user' as const, parts: orphans } }]),
    ]
  })
}

/** What was said between calls and their results is said behind the results (conversion.md E67). */
function resultsFirst(turns: readonly PlacedTurn[]): readonly PlacedTurn[] {
  const ordered: PlacedTurn[] = []
  let waiting: PlacedTurn[] = []
  for (const placed of turns) {
    if (placed.turn.role === 'assistant') {
      ordered.push(...waiting, placed)
      waiting = []
    } else if (hasResults(placed.turn)) ordered.push(placed)
    else waiting.push(placed)
  }
  return [...ordered, ...waiting]
}

function hasResults({ parts }: Turn): boolean {
  return parts.some(isResult)
}

/** Mistral: "Unexpected role 'user' after role 'tool'" (conversion.md E70). */
function withinResults(turns: readonly PlacedTurn[], { ledger }: Target): readonly PlacedTurn[] {
  const ordered: PlacedTurn[] = []
  for (const placed of turns) {
    const last = ordered.at(-1)
    const said = placed.turn.role === 'user' && last && appended(last.turn, placed.turn.parts)
    if (!last || !said) {
      ordered.push(placed)
      continue
    }
    ledger.approximated(placed.path, 'this server takes no user message behind tool results: the last result holds it')
    ordered[ordered.length - 1] = { ...last, turn: said }
  }
  return ordered
}

/** @returns `undefined` when the turn does not end with a result */
function appended(turn: Turn, more: readonly Part[]): Turn | undefined {
  const last = turn.parts.at(-1)
  if (last === undefined || !isResult(last)) return undefined
  return { ...turn, parts: [...turn.parts.slice(0, -1), { ...last, content: [...last.content, ...more] }] }
}
