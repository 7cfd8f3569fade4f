/**
 * Takes carriers out of a decoded conversation and puts the state that they hold back onto the parts it belongs to. The
 * last step of every request decoder: from then on the state stands where a native client would have sent it, with its
 * issuer. A carrier that cannot be opened leaves only a note behind, for the encoder to report as a loss: no provider
 * could use it.
 */
import { type Carried, carrierIn, isCarrier, openState } from './carrier.ts'
import type { Conversation, OpaqueState, Part, ReasoningPart, Turn } from './conversation.ts'

/** @param key of the carriers; without one none can be opened */
export function withCarriedState(conversation: Conversation, key: Buffer | undefined): Conversation {
  if (!conversation.turns.some(holdsCarrier)) return conversation
  return {
    ...conversation,
    turns: conversation.turns.map(turn => (holdsCarrier(turn) ? restoredTurn(turn, key) : turn)),
  }
}

/** Under the name of no format, so that every encoder reports it as a field that it cannot send. */
const UNOPENED = { 'another gateway': { sealed_state: '"forged, cut off, or sealed with another key"' } }

function restoredTurn(turn: Turn, key: Buffer | undefined): Turn {
  const parts = turn.parts.map(part => opened(part, key))
  const isWhole = parts.every(({ unopened }) => unopened === 0)
  const extensions = isWhole ? {} : { extensions: { ...turn.extensions, ...UNOPENED } }
  return { ...turn, ...extensions, parts: restored(parts) }
}

function holdsCarrier({ parts }: Turn): boolean {
  return parts.some(({ state }) => state?.some(each => carriersOf(each) !== undefined))
}

/** The carriers that a state is, or that are among its details (OpenRouter's `reasoning_details`). */
function carriersOf({ scheme, value }: OpaqueState): readonly string[] | undefined {
  if (scheme !== 'openrouter.details') {
    const carrier = carrierIn(value)
    return carrier === undefined ? undefined : [carrier]
  }
  if (!value.includes('"Zgw1.')) return undefined
  const items: unknown = JSON.parse(value)
  return (Array.isArray(items) ? items : []).flatMap(item => {
    const data: unknown = item?.data
    return typeof data === 'string' && isCarrier(data) ? [data] : []
  })
}

function restored(parts: readonly Opened[]): readonly Part[] {
  const row: Part[] = []
  let ahead: readonly OpaqueState[] = []
  let ofText: readonly OpaqueState[] = []
  for (const { part, native, carried, isHolder } of parts) {
    const bare = withState(part, native)
    if (isHolder) {
      ofText = [...ofText, ...statesAt('text', carried)]
      ahead = place(row, bare, carried, ahead)
      continue
    }
    const own = part.type === 'text' ? ofText : []
    row.push(withState(bare, [...ahead, ...native, ...own]))
    ahead = []
    if (part.type === 'text') ofText = []
  }
  return ofText.length === 0 ? row : [...row, { type: 'text', text: '', state: ofText }]
}

function statesAt(place: Carried['at'], carried: readonly Carried[]): readonly OpaqueState[] {
  return carried.flatMap(({ at, states }) => (at === place ? states : []))
}

interface Opened {
  readonly part: Part
  /** State that is the client's own provider's. */
  readonly native: readonly OpaqueState[]
  readonly carried: readonly Carried[]
  readonly isHolder: boolean
  /** How many carriers stayed shut. */
  readonly unopened: number
}

function opened(part: Part, key: Buffer | undefined): Opened {
  const { state = [] } = part
  const carriers = state.flatMap(each => carriersOf(each) ?? [])
  const carried = key === undefined ? [] : carriers.flatMap(carrier => openState(carrier, key) ?? [])
  return {
    part,
    native: state.filter(each => carriersOf(each) === undefined),
    carried,
    isHolder: carriers.length > 0,
    unopened: carriers.length - carried.length,
  }
}

/** Puts what was carried where it belongs. @returns the state that waits for the next part */
function place(
  row: Part[],
  holder: Part,
  carried: readonly Carried[],
  waiting: readonly OpaqueState[],
): readonly OpaqueState[] {
  const own = carried.filter(({ at }) => at === 'self')
  const ahead = [...waiting, ...statesAt('next', carried)]
  const behind = statesAt('previous', carried)
  const last = row.at(-1)
  if (behind.length > 0 && last) row[row.length - 1] = withState(last, [...(last.state ?? []), ...behind])
  if (own.length > 0) addOwn(row, holder, own)
  // A holder that was made for the carrier alone goes with it.
  else if (!isBare(holder)) row.push(holder)
  return ahead
}

function addOwn(row: Part[], holder: Part, own: readonly Carried[]): void {
  const [only, ...more] = own
  if (only === undefined) return
  if (more.length === 0 && only.of !== 'reasoning' && (holder.type !== 'reasoning' || isBare(holder))) {
    row.push(withState(holder.type === 'reasoning' ? { type: 'text', text: '' } : holder, only.states))
    return
  }
  const text = textOf(holder)
  const last = row.at(-1)
  if (more.length === 0 && text === '' && (only.length ?? 0) > 0 && last?.type === 'reasoning' && !last.state) {
    // Thinking that was sent in pieces, the state with the last of them.
    row[row.length - 1] = withState(last, only.states)
    return
  }
  row.push(...splitThinking(holder, text, own))
}

/** The thinking of several parts was joined in one text: each takes its own length of it. */
function splitThinking(holder: Part, text: string, own: readonly Carried[]): readonly Part[] {
  const parts: Part[] = []
  let rest = text
  for (const { of, states, length } of own) {
    const take = of !== 'reasoning' ? 0 : own.length === 1 ? rest.length : (length ?? 0)
    parts.push(of === 'text' ? { type: 'text', text: '', state: states } : thought(holder, rest.slice(0, take), states))
    rest = rest.slice(take)
  }
  return rest === '' ? parts : [...parts, thought(holder, rest, [])]
}

function thought(holder: Part, text: string, state: readonly OpaqueState[]): ReasoningPart {
  const visibility = text === '' ? 'hidden' : holder.type === 'reasoning' ? holder.visibility : 'summary'
  const part: ReasoningPart = { type: 'reasoning', visibility, chunks: text === '' ? [] : [text] }
  return state.length === 0 ? part : { ...part, state }
}

function textOf(part: Part): string {
  if (part.type === 'reasoning') return part.chunks.join('\n\n')
  return part.type === 'text' ? part.text : ''
}

function isBare(part: Part): boolean {
  return (part.type === 'reasoning' || part.type === 'text') && textOf(part) === '' && part.state === undefined
}

function withState<P extends Part>(part: P, state: readonly OpaqueState[]): P {
  const { state: _, ...bare } = part
  return (state.length === 0 ? bare : { ...bare, state }) as P
}
