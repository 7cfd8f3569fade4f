/**
 * What can be wrong with a provider's reply itself: one sentence each, whatever the format, with a code of the engine's
 * own table.
 */
import { ERRORS, type ErrorCode } from '../errors.ts'
import { Refusal } from '../refusal.ts'
import type { ErrorView } from './error-view.ts'

/** The stream, or the events that stand for one, ended without a terminal event. */
export const TRUNCATED: ErrorView = fault('upstream_failed', 'The provider ended the answer before its end.')

/**
 * Not what the format says: nothing that comes after it can be relied on.
 *
 * @param found what was there, in a few words: `a delta of a content block that is not open`
 */
export function unreadable(found: string): ErrorView {
  return fault('upstream_failed', `The provider sent an answer that cannot be read (${found}).`)
}

/** The model tried to call a tool, and what came of it is no call. */
export const MALFORMED_CALL: ErrorView = fault(
  'malformed_tool_call',
  'The model made a tool call that cannot be read. Try again.',
)

/** For a reply that is given whole, where no stream can end in the fault. */
export function asRefusal(view: ErrorView): Refusal {
  return new Refusal(view.status, view.code, view.message, view)
}

function fault(code: ErrorCode, message: string): ErrorView {
  const { kind, status } = ERRORS[code]
  return { kind, status, code, message }
}
