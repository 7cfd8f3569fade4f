/** The reply's side of `forced-answer.ts`: the call of the answering tool becomes the text that was asked for. */
import type { Amender, Amendment } from './amendment.ts'
import type { ToolCallPart } from './conversation.ts'
import type { FinishEvent, PartStartEvent, ReplyEvent } from './reply-events.ts'

/** @param tool the name of the tool whose arguments are the answer */
export function unwrappedAnswer(tool: string): Amendment {
  return (): Amender => {
    const unwrapping = new Unwrapping(tool)
    return event => unwrapping.event(event)
  }
}

type PartEvent = Extract<ReplyEvent, { index: number }>

/** What has come of one candidate. */
interface Lane {
  /** Text beside the answer is chatter, but text instead of it is the answer: it waits until that is known. */
  held: PartEvent[]
  /** The answer as it came: its index, and whether anything of it has. */
  answer: { readonly index: number; isEmpty: boolean } | undefined
  callsOthers: boolean
}

class Unwrapping {
  readonly #tool: string
  readonly #lanes = new Map<number, Lane>()
  /** By the index that the part came with. */
  readonly #laneOf = new Map<number, Lane>()
  readonly #indices = new Map<number, number>()

  constructor(tool: string) {
    this.#tool = tool
  }

  event(event: ReplyEvent): readonly ReplyEvent[] {
    if (event.type === 'part-start') return this.#start(event)
    if (event.type === 'finish') return this.#finish(event)
    if (!('index' in event)) return [event]
    const lane = this.#laneOf.get(event.index)
    if (lane === undefined) return []
    if (lane.answer?.index === event.index) return this.#inAnswer(event, lane.answer)
    return this.#placed(event, lane)
  }

  #start(event: PartStartEvent): readonly ReplyEvent[] {
    const { part } = event
    const lane = this.#lane(event.candidate)
    this.#laneOf.set(event.index, lane)
    if (part.type === 'text') return this.#placed(event, lane)
    if (part.type !== 'tool-call') return [this.#renumbered(event)]
    if (part.name === this.#tool) return this.#startAnswer(event, part, lane)
    lane.callsOthers = true
    return [...this.#released(lane), this.#renumbered(event)]
  }

  #startAnswer(event: PartStartEvent, { arguments: text, state }: ToolCallPart, lane: Lane): readonly ReplyEvent[] {
    // With a second answer the first would be no JSON any more.
    if (lane.answer !== undefined) return []
    lane.held = []
    lane.answer = { index: event.index, isEmpty: text === '' }
    return [this.#renumbered({ ...event, part: { type: 'text', text, ...(state && { state }) } })]
  }

  /** An answer without arguments is an empty object. */
  #inAnswer(event: PartEvent, answer: NonNullable<Lane['answer']>): readonly ReplyEvent[] {
    const { type, index } = this.#renumbered(event)
    if (event.type === 'arguments-delta') {
      answer.isEmpty &&= event.text === ''
      return [{ type: 'text-delta', index, text: event.text }]
    }
    if (type !== 'part-end') return [{ ...event, index }]
    return [...(answer.isEmpty ? [{ type: 'text-delta', index, text: '{}' } as const] : []), { type, index }]
  }

  /** Of a text that may have to wait, or of a part that goes its way. */
  #placed(event: PartEvent, lane: Lane): readonly ReplyEvent[] {
    if (this.#indices.has(event.index)) return [this.#renumbered(event)]
    if (lane.answer !== undefined) return []
    if (lane.callsOthers) return [this.#renumbered(event)]
    lane.held.push(event)
    return []
  }

  #finish(event: FinishEvent): readonly ReplyEvent[] {
    const { answer, callsOthers } = this.#lane(event.candidate)
    const released = [...this.#lanes.values()].flatMap(lane => this.#released(lane))
    if (answer === undefined || callsOthers || event.reason !== 'tool-calls') return [...released, event]
    const { raw: _, ...finish } = event
    return [...released, { ...finish, reason: 'stop' }]
  }

  #released(lane: Lane): readonly ReplyEvent[] {
    const events = lane.held.map(event => this.#renumbered(event))
    lane.held = []
    return events
  }

  #renumbered<E extends PartEvent>(event: E): E {
    const known = this.#indices.get(event.index)
    const index = known ?? this.#indices.size
    if (known === undefined) this.#indices.set(event.index, index)
    return { ...event, index }
  }

  #lane(candidate: number): Lane {
    const known = this.#lanes.get(candidate)
    if (known !== undefined) return known
    const lane: Lane = { held: [], answer: undefined, callsOthers: false }
    this.#lanes.set(candidate, lane)
    return lane
  }
}
