/**
 * Reasoning state for clients that drop what they do not know: OpenAI's own SDKs send an assistant's message back
 * without the fields of other makers. What went with a tool call is kept here by the call's id, and put back when the
 * client sends the call in its next request. In memory, within bounds: a state that is gone costs the model its train
 * of thought, not the answer.
 */
import type { OpaqueState, Part, ReasoningPart, ToolCallPart, Turn } from '../formats/conversation.ts'

export interface VaultLimits {
  readonly entries: number
  /** Characters of state and thinking, all entries together. */
  readonly size: number
  /** ms */
  readonly age: number
}

const LIMITS: VaultLimits = { entries: 20_000, size: 64 * 1024 * 1024, age: 6 * 60 * 60 * 1000 }

/** What belongs to one tool call. */
export interface KeptState {
  readonly ofCall: readonly OpaqueState[]
  /** The thinking between the call before and this one. */
  readonly thoughts: readonly ReasoningPart[]
}

interface Entry extends KeptState {
  readonly size: number
  readonly keptAt: number
}

export class StateVault {
  readonly #limits: VaultLimits
  readonly #now: () => number
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>()
  #size = 0

  /** @param now ms, of a clock that does not go back */
  constructor(now: () => number, limits: Partial<VaultLimits> = {}) {
    this.#now = now
    this.#limits = { ...LIMITS, ...limits }
  }

  get count(): number {
    return this.#entries.size
  }

  /** @param owner whose call it is: nobody else is given the state */
  keep(owner: string, callId: string, state: KeptState): void {
    const key = keyOf(owner, callId)
    this.#forget(key)
    const entry = { ...state, size: sizeOf(state) + key.length, keptAt: this.#now() }
    if (entry.size > this.#limits.size) return
    this.#entries.set(key, entry)
    this.#size += entry.size
    while (this.#entries.size > this.#limits.entries || this.#size > this.#limits.size) this.#forgetOldest()
  }

  find(owner: string, callId: string): KeptState | undefined {
    const key = keyOf(owner, callId)
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.#now() - entry.keptAt > this.#limits.age) {
      this.#forget(key)
      return undefined
    }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  /** The turns with the state that their client has dropped; what it sent itself counts more. */
  restored(turns: readonly Turn[], owner: string): readonly Turn[] {
    if (this.#entries.size === 0) return turns
    return turns.map(turn => {
      if (turn.role !== 'assistant' || !turn.parts.some(isCall)) return turn
      const parts = this.#restoredParts(turn.parts, owner)
      return parts === undefined ? turn : { ...turn, parts }
    })
  }

  /** @returns `undefined` when there is nothing to put back */
  #restoredParts(parts: readonly Part[], owner: string): readonly Part[] | undefined {
    const row: Part[] = []
    let isChanged = false
    let segment: Part[] = []
    for (const part of parts) {
      const kept = isCall(part) ? this.find(owner, part.callId) : undefined
      if (!isCall(part)) {
        segment.push(part)
        continue
      }
      const isLost = kept !== undefined && kept.thoughts.length > 0 && !segment.some(hasState)
      row.push(...(isLost ? [...kept.thoughts, ...segment.filter(each => each.type !== 'reasoning')] : segment))
      const needsState = kept !== undefined && kept.ofCall.length > 0 && part.state === undefined
      row.push(needsState ? { ...part, state: kept.ofCall } : part)
      isChanged ||= isLost || needsState
      segment = []
    }
    return isChanged ? [...row, ...segment] : undefined
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#size -= entry.size
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#forget(oldest)
  }
}

function isCall(part: Part): part is ToolCallPart {
  return part.type === 'tool-call'
}

function hasState(part: Part): boolean {
  return part.type === 'reasoning' && part.state !== undefined
}

/** No name holds a line end, so none can be made to look like another. */
function keyOf(owner: string, callId: string): string {
  return `${owner}\n${callId}`
}

function sizeOf({ ofCall, thoughts }: KeptState): number {
  const states = [...ofCall, ...thoughts.flatMap(part => part.state ?? [])]
  const texts = thoughts.flatMap(part => part.chunks)
  return states.reduce((sum, { value }) => sum + value.length, 0) + texts.reduce((sum, text) => sum + text.length, 0)
}
