import type { Format, Log } from '../contract.ts'
import type { StreamGrammar } from '../formats/wire-format.ts'
import { type Flow, mapFlow } from '../stream/flow.ts'
import { SseParser } from '../stream/sse.ts'

/** Holds a sample of the streams that the gateway encodes to the grammar of their format. */
export interface GrammarWatch {
  /** Share of the streams that are looked at, from 0 to 1. */
  readonly share: number
  /** Told once of each stream that was looked at to its end. */
  report(format: Format, isValid: boolean): void
}

/** Watches a flow of frames and changes nothing of it. The first violation is logged; one is enough to report. */
export function watchGrammar(
  flow: Flow<string>,
  grammar: StreamGrammar,
  { format, watch, log }: { readonly format: Format; readonly watch: GrammarWatch; readonly log: Log },
): Flow<string> {
  const parser = new SseParser()
  let violation: string | undefined
  return mapFlow(flow, {
    item(text) {
      for (const frame of parser.push(Buffer.from(text))) violation ??= grammar.frame(frame)
      return [text]
    },
    end() {
      violation ??= grammar.end()
      if (violation !== undefined) log.warn('a stream broke the grammar of its format', { format, violation })
      watch.report(format, violation === undefined)
      return []
    },
  })
}
