/**
 * What can be wrong with a provider's reply itself: one sentence each, whatever the format, and the code that the engine
 * has for a broken connection as well.
 */
import { ERRORS } from '../errors.ts'
import { Refusal } from '../refusal.ts'
import type { ErrorView } from './error-view.ts'

/** The stream, or the events that stand for one, ended without a terminal event. */
export const TRUNCATED: ErrorView = failed('The provider ended the answer before its end.')

/**
 * Not what the format says: nothing that comes after it can be relied on.
 *
 * @param found what was there, in a few words: `a delta of a content block that is not open`
 */
export function unreadable(found: string): ErrorView {
  return failed(`The provider sent an answer that cannot be read (${found}).`)
}

/** The model tried to call a tool, and what came of it is no call. */
export const MALFORMED_CALL: ErrorView = {
  kind: 'upstream',
  status: 502,
  code: 'malformed_tool_call',
  message: 'The model made a tool call that cannot be read. Try again.',
}

/** For a reply that is given whole, where no stream can end in the fault. */
export function asRefusal(fault: ErrorView): Refusal {
  return new Refusal(fault.status, fault.code, fault.message, fault)
}

function failed(message: string): ErrorView {
  const { kind, status } = ERRORS.upstream_failed
  return { kind, status, code: 'upstream_failed', message }
}
