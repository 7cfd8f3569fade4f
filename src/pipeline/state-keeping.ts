/** What the engine does for reasoning state on its way through a client of another format than its issuer's. */
import { randomBytes } from 'node:crypto'
import type { Clock, Store } from '../contract.ts'
import { CompletionBuilder } from '../formats/completion.ts'
import type { Conversation, OpaqueState, Part, ReasoningPart } from '../formats/conversation.ts'
import { type StreamEvent, unrolled } from '../formats/text-run.ts'
import type { EngineCall } from './call.ts'
import type { EngineReply } from './reply.ts'
import { StateVault } from './state-vault.ts'

export interface StateKeeping {
  /** Seals and opens carriers (`formats/carrier.ts`). */
  readonly key: Buffer
  readonly vault: StateVault
}

/** @param store of all workers and instances: what one has sealed the others open */
export async function openStateKeeping(store: Store, clock: Clock): Promise<StateKeeping> {
  return { key: await sharedKey(store, clock), vault: new StateVault(() => clock.now()) }
}

const KEY = 'reasoning-state/key'
const TURN = 'reasoning-state/key-turn'
const KEY_LIFE_MS = 30 * 24 * 60 * 60 * 1000
const TURN_MS = 10_000

/** The key that is in the store; whoever comes first puts it there. Without a store that works, a key of one's own. */
async function sharedKey(store: Store, clock: Clock): Promise<Buffer> {
  const own = randomBytes(32)
  try {
    const isFirst = (await store.get(KEY)) === undefined && (await store.add(TURN, 1, TURN_MS)) === 1
    if (isFirst) await store.set(KEY, own.toString('base64'), KEY_LIFE_MS)
    for (let waited = 0; waited < TURN_MS; waited += 50) {
      const known = await store.get(KEY)
      if (known !== undefined) return Buffer.from(known, 'base64')
      await clock.sleep(50)
    }
  } catch {
    // The store has told of its trouble by itself; state still goes through this process.
  }
  return own
}

/**
 * Whose tool calls they are, as far as anybody has told.
 * @param identity the name of the caller's key
 */
function ownerOf(pipeline: string, identity: string | undefined): string {
  return JSON.stringify([pipeline, identity ?? null])
}

/** The conversation of a call that is to go to a provider of another format, with the state that its client dropped. */
export function withKeptState(
  conversation: Conversation,
  { exchange, client }: Pick<EngineCall, 'exchange' | 'client'>,
): Conversation {
  const owner = ownerOf(exchange.pipeline, client.identity?.name)
  const turns = exchange.surroundings.keeping?.vault.restored(conversation.turns, owner)
  return turns === undefined || turns === conversation.turns ? conversation : { ...conversation, turns }
}

/**
 * For a reply that goes to a client of another format: says of all state who issued it, and keeps a copy of what goes
 * with tool calls. `undefined` where there is nothing to do.
 */
export function stateKeeper({
  exchange,
  origin,
  format,
}: EngineReply): (<Event extends StreamEvent>(event: Event) => Event) | undefined {
  const { keeping } = exchange.surroundings
  if (keeping === undefined || format === origin.format || origin.provider === '') return undefined
  const { provider, model, identity } = origin
  const issuer = model === undefined ? { provider } : { provider, model }
  const owner = ownerOf(exchange.pipeline, identity)
  const notes = new StateNotes()
  return event => {
    const issued = withIssuer(event, issuer)
    notes.see(issued)
    if (event.type === 'end') notes.keepIn(keeping.vault, owner)
    return issued
  }
}

function withIssuer<Event extends StreamEvent>(event: Event, issuer: NonNullable<OpaqueState['issuer']>): Event {
  if (event.type === 'state') return { ...event, state: { issuer, ...event.state } }
  if (event.type !== 'part-start' || event.part.state === undefined) return event
  const state = event.part.state.map(each => ({ issuer, ...each }))
  return { ...event, part: { ...event.part, state } }
}

/** Gathers thinking and calls, and nothing else, of a reply. */
class StateNotes {
  readonly #parts = new CompletionBuilder()
  readonly #followed = new Set<number>()
  #hasState = false
  #hasCall = false

  see(event: StreamEvent): void {
    if (event.type === 'part-start') this.#begin(event.index, event.part)
    if (event.type === 'state') this.#hasState = true
    if (!('index' in event) || !this.#followed.has(event.index)) return
    for (const each of unrolled([event])) this.#parts.add(each)
  }

  #begin(index: number, part: Part): void {
    if (part.type === 'reasoning' || part.type === 'tool-call') this.#followed.add(index)
    if (part.type === 'tool-call') this.#hasCall = true
    if (part.state !== undefined) this.#hasState = true
  }

  keepIn(vault: StateVault, owner: string): void {
    if (!this.#hasState || !this.#hasCall) return
    for (const { parts } of this.#parts.completion().candidates) {
      let thoughts: ReasoningPart[] = []
      for (const part of parts) {
        if (part.type === 'reasoning' && part.state !== undefined) thoughts.push(part)
        if (part.type !== 'tool-call') continue
        const ofCall = part.state ?? []
        if (ofCall.length > 0 || thoughts.length > 0) vault.keep(owner, part.callId, { ofCall, thoughts })
        thoughts = []
      }
    }
  }
}
