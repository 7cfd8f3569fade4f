/**
 * Puts streamed tool calls together. The standard is `index` on every delta, id and name on the first one only; servers
 * leave the index out, use one for all calls, repeat the name or the id, change the id on every delta, or begin with
 * the arguments (conversion.md E38, E190, E229).
 */
import type { OpaqueState } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { type StreamEvent, TextRun } from '../text-run.ts'
import { argumentsOf, decodeCallState } from './assistant-decode.ts'
import type { CallIds } from './call-ids.ts'
import { FieldReader, type Fields, objectOf, stringOf, wordOf } from './fields.ts'
import type { PartIndex } from './part-index.ts'

interface Call {
  id: string | undefined
  name: string
  kind: 'function' | 'custom'
  /** The part's index, once it has been told. */
  part: number | undefined
  /** Arguments that came before the name, or end in half a character. */
  held: string
  states: OpaqueState[]
}

/** Stands for the index of the old `function_call`, of which there is one at most. */
const LEGACY = -1

const VALUES = { textOf: (node: unknown): string => JSON.stringify(node) }

export class CallTracker {
  readonly #candidate: number
  readonly #parts: PartIndex
  readonly #ids: CallIds
  #open: Call[] = []
  readonly #byIndex = new Map<number, Call>()
  #any = false
  #malformed = false

  constructor(candidate: number, parts: PartIndex, ids: CallIds) {
    this.#candidate = candidate
    this.#parts = parts
    this.#ids = ids
  }

  /** Whether there was any call. */
  get any(): boolean {
    return this.#any
  }
  /** Whether a call never got a name. */
  get malformed(): boolean {
    return this.#malformed
  }

  delta(value: unknown, out: ReplyEvent[]): void {
    const fields = objectOf(value)
    if (fields === undefined) return
    const custom = objectOf(fields.custom)
    const called = custom ?? objectOf(fields.function) ?? {}
    const call = this.#find(fields.index, wordOf(fields.id), wordOf(called.name) ?? '')
    if (custom || fields.type === 'custom') call.kind = 'custom'
    const state = decodeCallState(new FieldReader(VALUES, fields))
    if (state) this.#addState(call, state, out)
    const text = custom ? (stringOf(custom.input) ?? '') : argumentsOf(VALUES, called)
    if (text !== '') this.#say(call, text, out)
  }

  /** Whether more arguments of the call may come piece by piece. */
  takesRun(index: number): boolean {
    const call = this.#byIndex.get(index)
    return call?.part !== undefined && call.held === ''
  }

  /** More arguments of a call that takes them. @param sources as of a `TextRun` */
  run(index: number, sources: readonly string[], out: StreamEvent[]): void {
    const part = this.#byIndex.get(index)?.part
    if (part !== undefined) out.push(new TextRun(part, sources, 'arguments-delta'))
  }

  legacy(called: Fields, out: ReplyEvent[]): void {
    this.delta({ index: LEGACY, function: called }, out)
  }

  close(out: ReplyEvent[]): void {
    for (const call of this.#open) {
      this.#start(call, out)
      if (call.part === undefined) this.#malformed = true
      else {
        if (call.held !== '') out.push({ type: 'arguments-delta', index: call.part, text: call.held })
        out.push({ type: 'part-end', index: call.part })
      }
    }
    this.#open = []
    this.#byIndex.clear()
  }

  #find(index: unknown, id: string | undefined, name: string): Call {
    const known = this.#known(index, id, name)
    if (known === undefined || isAnother(known, id, name)) return this.#add(index, id, name)
    known.id ??= id
    if (known.part === undefined) known.name = joined(known.name, name)
    return known
  }

  #known(index: unknown, id: string | undefined, name: string): Call | undefined {
    if (typeof index === 'number') return this.#byIndex.get(index)
    if (id !== undefined) return this.#open.find(call => call.id === id)
    // Without index and id a name begins a new call, and arguments go on with the last one.
    return name === '' ? this.#open.at(-1) : undefined
  }

  #add(index: unknown, id: string | undefined, name: string): Call {
    const call: Call = { id, name, kind: 'function', part: undefined, held: '', states: [] }
    this.#any = true
    this.#open.push(call)
    if (typeof index === 'number') this.#byIndex.set(index, call)
    return call
  }

  #addState(call: Call, state: OpaqueState, out: ReplyEvent[]): void {
    if (call.part === undefined) call.states.push(state)
    else out.push({ type: 'state', index: call.part, state })
  }

  #say(call: Call, text: string, out: ReplyEvent[]): void {
    call.held += text
    this.#start(call, out)
    if (call.part === undefined) return
    const whole = endsInHalf(call.held) ? call.held.slice(0, -1) : call.held
    call.held = call.held.slice(whole.length)
    if (whole !== '') out.push({ type: 'arguments-delta', index: call.part, text: whole })
  }

  /** Waits for the first arguments, because until then the name may still grow. Calls begin in their order. */
  #start(call: Call, out: ReplyEvent[]): void {
    if (call.part !== undefined || call.name === '') return
    for (const earlier of this.#open.slice(0, this.#open.indexOf(call))) this.#startOne(earlier, out)
    this.#startOne(call, out)
  }

  #startOne(call: Call, out: ReplyEvent[]): void {
    if (call.part !== undefined || call.name === '') return
    call.part = this.#parts.take()
    const { name, kind, states } = call
    const callId = this.#ids.give(call.id)
    const part = { type: 'tool-call' as const, callId, name, kind, arguments: '' }
    out.push({
      type: 'part-start',
      index: call.part,
      candidate: this.#candidate,
      part: states.length === 0 ? part : { ...part, state: states },
    })
  }
}

/** A new id with a name is a new call at a used index; a new id alone is a server that changes its ids. */
function isAnother(known: Call, id: string | undefined, name: string): boolean {
  return id !== undefined && known.id !== undefined && id !== known.id && name !== ''
}

/** A name comes whole, again, in pieces, or growing. */
function joined(held: string, piece: string): string {
  if (piece === '' || piece === held) return held
  return piece.startsWith(held) ? piece : held + piece
}

/** Whether the text ends in the first half of a surrogate pair. */
export function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}
