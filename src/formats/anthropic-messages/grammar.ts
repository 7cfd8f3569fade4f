/** The grammar of a stream of this format (Anthropic Messages API, "Streaming"), as a checker for tests. */
import type { SseFrame } from '../../stream/sse.ts'
import { isObject, type JsonObject, objectAt } from './fields.ts'

export interface StreamCheck {
  /** @returns what is wrong with the frame, if something is */
  frame(frame: SseFrame): string | undefined
  /** @returns what is missing at the end of the stream */
  end(): string | undefined
}

const DELTAS: ReadonlyMap<string, readonly string[]> = new Map([
  ['text', ['text_delta', 'citations_delta']],
  ['thinking', ['thinking_delta', 'signature_delta']],
  ['tool_use', ['input_json_delta']],
  ['compaction', ['compaction_delta']],
])

const KNOWN: ReadonlySet<string> = new Set([...DELTAS.values()].flat())

export function checkStream(): StreamCheck {
  return new Checker()
}

class Checker implements StreamCheck {
  #state: 'before' | 'content' | 'stopping' | 'over' = 'before'
  #next = 0
  #open: JsonObject | undefined
  #signatures = 0

  frame({ event, data }: SseFrame): string | undefined {
    const value = parse(data)
    if (!isObject(value)) return 'the data is not a JSON object'
    if (event !== value.type) return `the event line says "${event}", the data says "${String(value.type)}"`
    if (this.#state === 'over') return `"${event}" after the end`
    return event === 'ping' ? undefined : this.#event(value)
  }

  end(): string | undefined {
    return this.#state === 'over' ? undefined : 'the stream ended without "message_stop" or "error"'
  }

  #event(value: JsonObject): string | undefined {
    if (value.type === 'error') {
      this.#state = 'over'
      return typeof objectAt(value, 'error').type === 'string' ? undefined : 'an error without a type'
    }
    if (this.#state === 'before') return this.#start(value)
    switch (value.type) {
      case 'message_start':
        return 'a second "message_start"'
      case 'content_block_start':
        return this.#blockStart(value)
      case 'content_block_delta':
        return this.#blockDelta(value)
      case 'content_block_stop':
        return this.#blockStop(value)
      case 'message_delta':
        return this.#messageDelta(value)
      case 'message_stop':
        return this.#messageStop()
      default:
        return undefined
    }
  }

  #start(value: JsonObject): string | undefined {
    if (value.type !== 'message_start') return `"${String(value.type)}" before "message_start"`
    this.#state = 'content'
    const message = objectAt(value, 'message')
    if (typeof message.id !== 'string' || message.id === '') return 'a message without an id'
    if (!Array.isArray(message.content) || message.content.length > 0) return 'a message that begins with content'
    if (message.stop_reason !== null || message.stop_sequence !== null) return 'a message that begins with its end'
    return countsOf(objectAt(message, 'usage'))
  }

  #blockStart(value: JsonObject): string | undefined {
    if (this.#state !== 'content') return 'content after "message_delta"'
    if (this.#open !== undefined) return 'a block inside another'
    if (value.index !== this.#next) return `block index ${String(value.index)} instead of ${this.#next}`
    this.#open = objectAt(value, 'content_block')
    this.#signatures = 0
    return shapeOf(this.#open)
  }

  #blockDelta(value: JsonObject): string | undefined {
    if (this.#open === undefined || value.index !== this.#next) return 'a delta outside its block'
    const { type } = objectAt(value, 'delta')
    if (typeof type !== 'string') return 'a delta without a type'
    const allowed = DELTAS.get(String(this.#open.type))
    // Clients pass over deltas of kinds they do not know.
    if (allowed !== undefined && KNOWN.has(type) && !allowed.includes(type))
      return `"${type}" in a block of "${String(this.#open.type)}"`
    if (this.#signatures > 0) return 'a delta after the signature'
    if (type === 'signature_delta') this.#signatures++
    return undefined
  }

  #blockStop(value: JsonObject): string | undefined {
    if (this.#open === undefined || value.index !== this.#next) return 'the stop of a block that is not open'
    this.#open = undefined
    this.#next++
    return undefined
  }

  #messageDelta(value: JsonObject): string | undefined {
    if (this.#open !== undefined) return '"message_delta" inside a block'
    this.#state = 'stopping'
    const delta = objectAt(value, 'delta')
    if (typeof delta.stop_reason !== 'string') return 'a "message_delta" without a stop reason'
    if (!('stop_sequence' in delta)) return 'a "message_delta" without "stop_sequence"'
    return countsOf(objectAt(value, 'usage'))
  }

  #messageStop(): string | undefined {
    if (this.#state !== 'stopping') return '"message_stop" without "message_delta"'
    this.#state = 'over'
    return undefined
  }
}

function shapeOf(block: JsonObject): string | undefined {
  switch (block.type) {
    case 'text':
      return block.text === '' ? undefined : 'a text block that does not begin empty'
    case 'thinking':
      return block.thinking === '' && block.signature === '' ? undefined : 'a thinking block that does not begin empty'
    case 'tool_use':
      if (typeof block.id !== 'string' || !/^[a-zA-Z0-9_-]+$/.test(block.id)) return 'a tool call with a bad id'
      return JSON.stringify(block.input) === '{}' ? undefined : 'a tool call that does not begin empty'
    default:
      return typeof block.type === 'string' ? undefined : 'a block without a type'
  }
}

function countsOf(usage: JsonObject): string | undefined {
  for (const key of ['input_tokens', 'output_tokens']) {
    if (!Number.isInteger(usage[key]) || Number(usage[key]) < 0) return `usage without a count of "${key}"`
  }
  return undefined
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
