/** A checker of streams of the Responses API: what a client may rely on (conversion.md A.3.3). */
import type { SseFrame } from '../../stream/sse.ts'
import { type Fields, isFields } from './fields.ts'

export interface StreamCheck {
  /** @returns what is wrong with the frame, given all before it */
  frame(frame: SseFrame): string | undefined
  /** @returns what is missing at the end */
  end(): string | undefined
}

interface Item {
  readonly id: unknown
  readonly type: unknown
  done: boolean
  /** Sections by kind: how many were begun, and whether the last is open. */
  readonly sections: Map<string, { count: number; open: boolean }>
  text: string
}

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed'])

export function checkStream(): StreamCheck {
  return new Checker()
}

class Checker implements StreamCheck {
  readonly #items: Item[] = []
  #frames = 0
  #responseId: unknown
  #failing = false
  #ended = false

  frame(frame: SseFrame): string | undefined {
    if (this.#ended) return `${frame.event} after the terminal event`
    const value: unknown = JSON.parse(frame.data)
    if (!isFields(value)) return 'the data is not an object'
    if (frame.event !== value.type) return `event "${frame.event}" with data of type "${String(value.type)}"`
    if (value.sequence_number !== this.#frames++) return `sequence_number ${String(value.sequence_number)} out of order`
    const type = String(value.type)
    if (this.#failing && type !== 'response.failed') return `${type} after an error`
    return type === 'error'
      ? this.#error()
      : isFields(value.response)
        ? this.#lifecycle(type, value.response)
        : this.#item(type, value)
  }

  end(): string | undefined {
    return this.#ended ? undefined : 'no terminal event'
  }

  #error(): string | undefined {
    this.#failing = true
    return this.#frames === 1 ? 'error before response.created' : undefined
  }

  #lifecycle(type: string, response: Fields): string | undefined {
    if ((this.#frames === 1) !== (type === 'response.created')) return `${type} at place ${this.#frames - 1}`
    if (this.#frames === 1) this.#responseId = response.id
    if (response.id !== this.#responseId) return 'the id of the response changed'
    for (const key of [
      'id',
      'object',
      'created_at',
      'model',
      'status',
      'output',
      'parallel_tool_calls',
      'tool_choice',
      'tools',
    ]) {
      if (response[key] === undefined || response[key] === null) return `${type} without response.${key}`
    }
    if (!TERMINAL.has(type)) return undefined
    this.#ended = true
    return type === 'response.failed' ? undefined : this.#complete(response)
  }

  #complete(response: Fields): string | undefined {
    const output = response.output
    if (!Array.isArray(output) || output.length !== this.#items.length)
      return 'the terminal event does not hold every item'
    const at = this.#items.findIndex(
      (item, index) => !item.done || (isFields(output[index]) && output[index].id !== item.id),
    )
    return at < 0 ? undefined : `item ${at} is not done, or is another in the terminal event`
  }

  #item(type: string, event: Fields): string | undefined {
    if (this.#frames < 3) return `${type} before response.created and response.in_progress`
    const index = Number(event.output_index)
    if (type === 'response.output_item.added') return this.#added(index, event.item)
    const item = this.#items[index]
    if (item === undefined || item.done) return `${type} of an item that is not open`
    if (type === 'response.output_item.done') return done(item, event.item)
    if (event.item_id !== item.id) return `${type} with another item_id`
    return section(item, type, event)
  }

  #added(index: number, item: unknown): string | undefined {
    if (!isFields(item)) return 'output_item.added without an item'
    if (index !== this.#items.length) return `output_index ${index} is not the next one`
    if (this.#items.some(other => other.id === item.id)) return `the id ${String(item.id)} stands twice`
    this.#items.push({ id: item.id, type: item.type, done: false, sections: new Map(), text: '' })
    return undefined
  }
}

function done(item: Item, whole: unknown): string | undefined {
  if (!isFields(whole) || whole.id !== item.id || whole.type !== item.type) return 'output_item.done of another item'
  if ([...item.sections.values()].some(each => each.open)) return 'output_item.done with an open part'
  item.done = true
  return undefined
}

/** Which list of an item an event is about. */
function listOfEvent(type: string): 'content_index' | 'summary_index' | undefined {
  if (type.includes('summary')) return 'summary_index'
  return /content_part|output_text|refusal|reasoning_text/.test(type) ? 'content_index' : undefined
}

function section(item: Item, type: string, event: Fields): string | undefined {
  const key = listOfEvent(type)
  if (key === undefined) return accumulate(item, type, event)
  const state = item.sections.get(key) ?? { count: 0, open: false }
  item.sections.set(key, state)
  if (type.endsWith('part.added')) {
    if (state.open || event[key] !== state.count) return `${type}: ${key} ${String(event[key])} is not the next one`
    state.open = true
    state.count++
    item.text = ''
    return undefined
  }
  if (!state.open || event[key] !== state.count - 1) return `${type}: ${key} ${String(event[key])} is not open`
  if (type.endsWith('part.done')) state.open = false
  return accumulate(item, type, event)
}

/** Deltas must add up to what the `done` event says. */
function accumulate(item: Item, type: string, event: Fields): string | undefined {
  if (type.endsWith('.delta')) {
    item.text += String(event.delta)
    return undefined
  }
  const whole = event.text ?? event.refusal ?? event.arguments ?? event.input
  if (!type.endsWith('.done') || whole === undefined) return undefined
  return whole === item.text
    ? undefined
    : `${type} says ${JSON.stringify(whole)}, the deltas ${JSON.stringify(item.text)}`
}
