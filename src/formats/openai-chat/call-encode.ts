/** The tool calls of one candidate → members of deltas. */
import { writeJson } from '../../json/raw.ts'
import type { ToolCallPart } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import { flatName } from '../tool-names.ts'
import type { Ledger } from './ledger.ts'
import { encodeCall } from './reply-parts.ts'
import type { StateWriter } from './reply-state.ts'

/** What stands around a text. */
export interface Around {
  readonly before: string
  readonly after: string
}

interface Call {
  /** The n-th call of the message (conversion.md E197). */
  readonly place: number
  readonly path: string
  readonly kind: ToolCallPart['kind']
  hasArguments: boolean
  hasEnded: boolean
}

export class CallEncoder {
  readonly isLegacy: boolean
  readonly #ledger: Ledger
  readonly #states: StateWriter
  readonly #calls = new Map<number, Call>()

  /** @param isLegacy the client understands `function_call` only, of which there is one at most */
  constructor(isLegacy: boolean, ledger: Ledger, states: StateWriter) {
    this.#states = states
    this.isLegacy = isLegacy
    this.#ledger = ledger
  }

  get any(): boolean {
    return this.#calls.size > 0
  }

  begin(index: number, part: ToolCallPart, path: string): readonly string[] {
    const call = {
      place: this.#calls.size,
      path,
      kind: part.kind,
      hasArguments: part.arguments !== '',
      hasEnded: false,
    }
    this.#calls.set(index, call)
    if (!this.isLegacy) {
      return [
        `"tool_calls":[${writeJson({ index: call.place, ...encodeCall(part, call.place, part.arguments, path, this.#ledger, this.#states) })}]`,
      ]
    }
    if (call.place === 0)
      return [writeJson({ function_call: { name: flatName(part), arguments: part.arguments } }).slice(1, -1)]
    this.#ledger.dropped(path, '"function_call" can hold one call only; the client asked for it')
    return []
  }

  /** @returns `undefined` when the event is not about a call */
  event(event: Extract<ReplyEvent, { index: number }>): readonly string[] | undefined {
    const call = this.#calls.get(event.index)
    if (call === undefined) return undefined
    if (call.hasEnded) return []
    switch (event.type) {
      case 'arguments-delta':
        return event.text === '' ? [] : this.#arguments(call, event.text)
      case 'state': {
        const fields = this.#states.call([event.state], call.path)
        if (this.isLegacy || Object.keys(fields).length === 0) return []
        return [`"tool_calls":[${writeJson({ index: call.place, ...fields })}]`]
      }
      case 'part-end':
        call.hasEnded = true
        return []
      default:
        return []
    }
  }

  /** What stands around each piece of arguments, without quotation marks; `undefined` when there is none such call. */
  run({ index }: TextRun): Around | undefined {
    const call = this.#calls.get(index)
    if (call === undefined || call.hasEnded || this.isLegacy) return undefined
    call.hasArguments = true
    return this.#around(call)
  }

  /**
   * Clients parse the arguments of a finished call, so a call without any gets an empty object (conversion.md E44).
   *
   * @param isTruncated the answer was cut off: then what is missing must not look complete
   */
  finish(isTruncated: boolean): readonly string[] {
    if (isTruncated) return []
    return [...this.#calls.values()]
      .filter(call => !call.hasArguments && call.kind === 'function')
      .flatMap(call => this.#arguments(call, '{}'))
  }

  #arguments(call: Call, text: string): readonly string[] {
    call.hasArguments = true
    const json = JSON.stringify(text)
    if (this.isLegacy) return call.place === 0 ? [`"function_call":{"arguments":${json}}`] : []
    const { before, after } = this.#around(call)
    return [before + json + after]
  }

  #around({ place, kind }: Call): Around {
    const key = kind === 'custom' ? '"custom":{"input":' : '"function":{"arguments":'
    return { before: `"tool_calls":[{"index":${place},${key}`, after: '}}]' }
  }
}
