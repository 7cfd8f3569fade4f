/** Holds a Chat completion stream against what official SDKs rely on (conversion.md A.2.3, A.2.7). */
import type { SseFrame } from '../../stream/sse.ts'
import { arrayOf, type Fields, objectOf, wordOf } from './fields.ts'

export interface StreamChecker {
  /** @returns what is wrong with this frame after those before it */
  frame(frame: SseFrame): string | undefined
  /** @returns what is missing at the end */
  end(): string | undefined
}

export function checkStream(): StreamChecker {
  return new ChatStreamChecker()
}

const FINISHES: readonly unknown[] = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call']

class ChatStreamChecker implements StreamChecker {
  readonly #choices = new Map<number, ChoiceChecker>()
  #head: string | undefined
  #usage: 'unknown' | 'null' | 'absent' | 'told' = 'unknown'
  #ended: 'no' | 'done' | 'error' = 'no'

  frame({ data, event }: SseFrame): string | undefined {
    if (event !== undefined) return `an event line: ${event}`
    if (this.#ended !== 'no') return `a frame after the ${this.#ended === 'done' ? '[DONE]' : 'error'}`
    if (data === '[DONE]') return this.#done()
    const chunk = objectOf(JSON.parse(data))
    if (chunk === undefined) return 'a chunk that is no object'
    if (chunk.error) {
      this.#ended = 'error'
      return wordOf(objectOf(chunk.error)?.message) ? undefined : 'an error without a message'
    }
    return this.#headFault(chunk) ?? this.#usageFault(chunk) ?? this.#choicesFault(chunk)
  }

  end(): string | undefined {
    return this.#ended === 'no' ? 'the stream has neither [DONE] nor an error' : undefined
  }

  #done(): string | undefined {
    this.#ended = 'done'
    if (this.#choices.size === 0) return '[DONE] without any choice'
    const faults = [...this.#choices].map(
      ([index, choice]) => choice.missing && `choice ${index} has no ${choice.missing}`,
    )
    return faults.find(fault => fault !== undefined)
  }

  #headFault(chunk: Fields): string | undefined {
    if (chunk.object !== 'chat.completion.chunk') return 'a chunk without its "object"'
    if (wordOf(chunk.id) === undefined) return 'a chunk without an id'
    if (!Number.isInteger(chunk.created)) return 'a chunk whose "created" is no integer'
    const head = JSON.stringify([chunk.id, chunk.created, chunk.model])
    const isSame = this.#head === undefined || this.#head === head
    this.#head = head
    return isSame ? undefined : 'id, created or model change'
  }

  /** With `include_usage` every chunk has `usage`: null, but for one last chunk without choices. */
  #usageFault(chunk: Fields): string | undefined {
    if (this.#usage === 'told') return 'a chunk after the one that tells usage'
    const kind = chunk.usage === undefined ? 'absent' : chunk.usage === null ? 'null' : 'told'
    const before = this.#usage
    this.#usage = kind
    if (kind === 'told') {
      if (arrayOf(chunk.choices)?.length !== 0) return 'usage in a chunk with choices'
      return before === 'null' ? undefined : 'usage told though it was not asked for'
    }
    return before === 'unknown' || before === kind ? undefined : '"usage" comes and goes'
  }

  #choicesFault(chunk: Fields): string | undefined {
    const choices = arrayOf(chunk.choices)
    if (choices === undefined) return 'a chunk without choices'
    for (const value of choices) {
      const choice = objectOf(value) ?? {}
      const index = choice.index
      if (typeof index !== 'number') return 'a choice without an index'
      const checker = this.#choices.get(index) ?? new ChoiceChecker()
      this.#choices.set(index, checker)
      const fault = checker.fault(choice)
      if (fault !== undefined) return `choice ${index}: ${fault}`
    }
    return undefined
  }
}

class ChoiceChecker {
  #hasRole = false
  #finished = false
  #calls = 0

  /** What an SDK would throw for. */
  get missing(): string | undefined {
    if (!this.#hasRole) return 'role'
    return this.#finished ? undefined : 'finish_reason'
  }

  fault(choice: Fields): string | undefined {
    if (this.#finished) return 'something after its finish_reason'
    const delta = objectOf(choice.delta)
    if (delta === undefined) return 'no delta'
    if (delta.role === 'assistant') {
      if (this.#hasRole) return 'a second role'
      this.#hasRole = true
    }
    const finish = choice.finish_reason
    if (finish === undefined) return 'no finish_reason'
    if (finish !== null && !FINISHES.includes(finish)) return `an unknown finish_reason: ${String(finish)}`
    this.#finished = finish !== null
    return this.#callsFault(arrayOf(delta.tool_calls) ?? [])
  }

  #callsFault(calls: readonly unknown[]): string | undefined {
    for (const value of calls) {
      const call = objectOf(value) ?? {}
      const index = call.index
      if (typeof index !== 'number' || index > this.#calls || index < 0) return `tool call ${String(index)} out of turn`
      if (index < this.#calls) {
        if (call.id !== undefined) return `a second id of tool call ${index}`
        continue
      }
      this.#calls++
      const called = objectOf(call.function) ?? objectOf(call.custom)
      if (wordOf(call.id) === undefined) return `tool call ${index} has no id`
      if (call.type !== 'function' && call.type !== 'custom') return `tool call ${index} has no type`
      if (wordOf(called?.name) === undefined) return `tool call ${index} has no name`
    }
    return undefined
  }
}
