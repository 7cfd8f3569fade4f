/**
 * A provider's `stream_usage = "ask"`: Chat streams tell usage only when `stream_options.include_usage` asks for it
 * (OpenAI API reference, "Create chat completion").
 */
import { dialectOf } from './dialects.ts'
import { objectOf } from './fields.ts'

/**
 * Decides what `stream_options` of a streamed request must be so that the reply tells its usage. It is set by splice:
 * at the end of the body or in the place of the value that is there, so that no prompt prefix changes. The chunk that
 * tells nothing but usage is to be hidden from the client then, since it did not ask.
 *
 * @param streamOptions the body's `stream_options`, `undefined` when it has none
 * @param dialect of the server
 * @returns JSON text; `undefined` when nothing is to be done: the client asked itself, or the server needs no asking
 */
export function askForUsage(streamOptions: unknown, dialect?: string): string | undefined {
  if (!dialectOf(dialect).streamOptions) return undefined
  const given = objectOf(streamOptions)
  return given?.include_usage === true ? undefined : JSON.stringify({ ...given, include_usage: true })
}

/** The note that keeps a client's `stream_options`. */
export const STREAM_OPTIONS = '#stream_options'
