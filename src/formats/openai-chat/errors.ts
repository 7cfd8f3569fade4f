import { sseFrame } from '../../stream/sse.ts'
import type { ErrorView } from '../error-view.ts'
import { openaiErrorBody } from '../openai-errors.ts'

/** One frame; an SDK throws when it reads it. No `[DONE]` follows: that would make it look like a success. */
export function encodeStreamError(error: ErrorView): string {
  return sseFrame(openaiErrorBody(error))
}
