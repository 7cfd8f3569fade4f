/**
 * The engine's own refusals: every code, its status, what it means and when it is given. `docs/reference/errors.md` is
 * written from this table and from the `refusals` of the processors.
 */
import type { ErrorKind } from './formats/error-view.ts'
import { Refusal, type RefusalMore } from './refusal.ts'

interface ErrorEntry {
  readonly status: number
  readonly kind: ErrorKind
  readonly when: string
}

export const ERRORS = {
  invalid_request: {
    status: 400,
    kind: 'bad-request',
    when: 'A field is missing or of the wrong type; the message names it.',
  },
  malformed_json: {
    status: 400,
    kind: 'bad-request',
    when: 'The body is not JSON, not UTF-8, nested too deeply, or has a key twice.',
  },
  unsupported_by_target: {
    status: 400,
    kind: 'bad-request',
    when: "The provider's format cannot say what the call asks for, and leaving it out would change what is done.",
  },
  route_not_found: { status: 404, kind: 'not-found', when: 'No parser serves this path.' },
  method_not_allowed: {
    status: 405,
    kind: 'method-not-allowed',
    when: 'The path is served, but not with this method.',
  },
  model_not_found: { status: 404, kind: 'not-found', when: 'There is no such model, or this key may not use it.' },
  provider_not_found: { status: 404, kind: 'not-found', when: 'The client named a provider that is not configured.' },
  request_timeout: { status: 408, kind: 'timeout', when: 'The request did not arrive in time.' },
  body_too_large: { status: 413, kind: 'too-large', when: 'The body is over `server.body_limit`.' },
  unsupported_media_type: {
    status: 415,
    kind: 'unsupported-media',
    when: 'The body is not JSON in UTF-8, or its `content-encoding` is not known.',
  },
  too_busy: { status: 503, kind: 'overloaded', when: 'The bodies under way fill `server.max_body_memory`.' },
  stopping: { status: 503, kind: 'overloaded', when: 'The gateway is shutting down.' },
  call_timeout: { status: 504, kind: 'timeout', when: "The call outlived its pipeline's `deadline`." },
  client_gone: { status: 499, kind: 'canceled', when: 'The client left. Only logs and metrics see this.' },
  internal_error: {
    status: 500,
    kind: 'server',
    when: 'A bug, in the gateway or in a processor; the log has it under the call id.',
  },
  no_conversion: {
    status: 500,
    kind: 'server',
    when: 'The provider speaks another format than the client, and the pipeline has no `convert`.',
  },
  provider_without_key: {
    status: 502,
    kind: 'upstream',
    when: 'The provider has no key; the message names the variable.',
  },
  upstream_unreachable: { status: 502, kind: 'upstream', when: 'No connection to the provider could be made.' },
  upstream_failed: {
    status: 502,
    kind: 'upstream',
    when: 'The connection broke, or the answer was not what its format says.',
  },
  malformed_tool_call: {
    status: 502,
    kind: 'upstream',
    when: 'The model called a tool in a form that cannot be read. Asking again often helps.',
  },
  upstream_rejected_key: { status: 502, kind: 'upstream', when: "The provider did not accept the gateway's own key." },
  upstream_timeout: {
    status: 504,
    kind: 'timeout',
    when: 'The provider did not answer, or stopped answering, in time.',
  },
  upstream_error: {
    status: 502,
    kind: 'upstream',
    when: 'The provider answered with an error; its status and words are passed on.',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>

export type ErrorCode = keyof typeof ERRORS

/** A refusal of the engine, with the status that the table gives its code. */
export function refusal(code: ErrorCode, message: string, more: RefusalMore = {}): Refusal {
  const { status, kind } = ERRORS[code]
  return new Refusal(status, code, message, { kind, ...more })
}
