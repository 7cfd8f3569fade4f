/** What clients ask and providers answer, in no format: the middle of the tables that tests make of the four formats. */

export interface Call {
  /** Given by whoever makes the call. Formats may shorten or replace it on the way, alike in call and result. */
  readonly id: string
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}

export type Turn =
  | { readonly user: string; readonly png?: string }
  | { readonly assistant: string; readonly calls?: readonly Call[] }
  | { readonly results: readonly { readonly call: Call; readonly output: Readonly<Record<string, unknown>> }[] }

export interface Tool {
  readonly name: string
  readonly description: string
  readonly schema: object
}

export interface Question {
  readonly system?: string
  readonly turns: readonly Turn[]
  readonly tools?: readonly Tool[]
  /** JSON Schema of the answer. */
  readonly schema?: object
  /** Asks to be shown thoughts, where a format shows them only then. */
  readonly thoughts?: true
}

export interface Said {
  readonly thinking?: string
  readonly text: string
  readonly calls: readonly Call[]
  readonly finish: 'stop' | 'calls' | 'length'
  /** Tokens; `input` includes `cached`. */
  readonly usage: { readonly input: number; readonly cached: number; readonly output: number }
}

/** A question as it must arrive: the ids of calls replaced by the place of the call, so that only their pairing counts. */
export function withoutIds(question: Question): Question {
  const calls = question.turns.flatMap(turn => ('assistant' in turn ? (turn.calls ?? []) : []))
  const named = (call: Call): Call => ({ ...call, id: `call ${calls.findIndex(({ id }) => id === call.id)}` })
  return {
    ...question,
    turns: question.turns.map(turn => {
      if ('results' in turn) {
        return { results: turn.results.map(({ call, output }) => ({ call: named(call), output })) }
      }
      return 'assistant' in turn && turn.calls ? { ...turn, calls: turn.calls.map(named) } : turn
    }),
  }
}
