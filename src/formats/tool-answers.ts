/** Which results of tools go with which calls, where clients have shortened or repeated a history. */
import type { Part, ToolResultPart, Turn } from './conversation.ts'

/**
 * `orphan`: no call before it has its id. `superseded`: a later result answers the same call again.
 * conversion.md E72, E83.
 */
export type Flaw = 'orphan' | 'superseded'

/** The results that a provider which pairs them with their calls would refuse. */
export function flawedResults(turns: readonly Turn[]): ReadonlyMap<Part, Flaw> {
  const flaws = new Map<Part, Flaw>()
  /** By id, how many calls of that id wait for a result, and the last result that one of them got. */
  const calls = new Map<string, { waiting: number; answer?: ToolResultPart }>()
  for (const part of turns.flatMap(turn => turn.parts)) {
    if (part.type === 'tool-call') {
      const known = calls.get(part.callId)
      calls.set(part.callId, { ...known, waiting: (known?.waiting ?? 0) + 1 })
    }
    if (part.type !== 'tool-result') continue
    const known = calls.get(part.callId)
    if (known?.waiting === 0 && known.answer) flaws.set(known.answer, 'superseded')
    if (known === undefined) flaws.set(part, 'orphan')
    else calls.set(part.callId, { waiting: Math.max(0, known.waiting - 1), answer: part })
  }
  return flaws
}

/** What a result without a call still tells a model. */
export function resultAsText({ name, callId, content }: ToolResultPart): readonly Part[] {
  return [{ type: 'text', text: `[result of ${name ?? callId}]` }, ...content]
}

export const ORPHAN = 'no call has this id: the result is sent as text'
export const SUPERSEDED = 'the call was answered again later on'
