/** What is wrong with a reply itself, in the words of the engine's own table of upstream failures. */
import type { ErrorView } from '../error-view.ts'

/** The stream, or the events that stand for one, ended without a terminal event. */
export const TRUNCATED: ErrorView = {
  kind: 'upstream',
  status: 502,
  code: 'upstream_failed',
  message: 'The provider ended its answer before the end.',
}

/** Not JSON, or not the JSON of this format: nothing that comes after it can be relied on. */
export const UNREADABLE: ErrorView = {
  kind: 'upstream',
  status: 502,
  code: 'upstream_failed',
  message: 'The provider sent an answer that cannot be read.',
}

/** The model tried to call a tool, and what came of it is no call. */
export const MALFORMED_CALL: ErrorView = {
  kind: 'server',
  status: 502,
  code: 'server_error',
  message: 'The model called a tool in a form that cannot be read. Try again.',
}
