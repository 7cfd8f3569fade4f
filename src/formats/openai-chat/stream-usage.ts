/**
 * A provider's `stream_usage = "ask"`: Chat streams tell usage only when `stream_options.include_usage` asks for it
 * (OpenAI API reference, "Create chat completion").
 */
import { parseDocument } from '../../json/document.ts'
import { RawJson, writeJson } from '../../json/raw.ts'
import { dialectOf } from './dialects.ts'
import { objectOf } from './fields.ts'

export interface UsageAsk {
  /** The top-level key to set, by splice: at the end of the body, or in the place of the value that is there. */
  readonly key: 'stream_options'
  /** Its new value. */
  readonly jsonText: string
  /** The client did not ask: the chunk that carries nothing but usage is to be hidden from it. */
  readonly hideUsage: true
}

/**
 * Decides what to write into a streamed request so that the reply tells its usage.
 *
 * @param streamOptions JSON text of the body's `stream_options`, `undefined` when it has none
 * @returns `undefined` when nothing is to be done: the client asked itself, or this server needs no asking
 */
export function askForUsage(streamOptions: string | undefined, dialect?: string): UsageAsk | undefined {
  if (!dialectOf(dialect).streamOptions) return undefined
  const document = streamOptions === undefined ? undefined : parseDocument(streamOptions)
  const fields = objectOf(document?.value) ?? {}
  if (fields.include_usage === true) return undefined
  const kept = Object.keys(fields).map(key => [key, new RawJson(document?.textOf(fields[key]) ?? 'null')] as const)
  const options = Object.fromEntries([...kept, ['include_usage', true]])
  return { key: 'stream_options', jsonText: writeJson(options), hideUsage: true }
}
