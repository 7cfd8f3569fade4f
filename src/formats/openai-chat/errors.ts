/** Errors as Chat Completions has them: `{ error: { message, type, param, code } }` (conversion.md A.2.4, C.8). */
import { writeJson } from '../../json/raw.ts'
import { sseFrame } from '../../stream/sse.ts'
import type { ErrorKind, ErrorView } from '../error-view.ts'
import type { EncodedError } from '../wire-format.ts'

const TYPES: Readonly<Record<ErrorKind, string>> = {
  'bad-request': 'invalid_request_error',
  'context-length': 'invalid_request_error',
  authentication: 'authentication_error',
  billing: 'insufficient_quota',
  permission: 'permission_error',
  'not-found': 'invalid_request_error',
  'method-not-allowed': 'invalid_request_error',
  conflict: 'conflict_error',
  'too-large': 'invalid_request_error',
  'unsupported-media': 'invalid_request_error',
  'rate-limit': 'rate_limit_error',
  quota: 'insufficient_quota',
  'content-policy': 'invalid_request_error',
  overloaded: 'server_error',
  timeout: 'server_error',
  canceled: 'server_error',
  upstream: 'server_error',
  server: 'server_error',
}

/** Codes that programs look for; they stand instead of our own word for the same thing. */
const CODES: Partial<Record<ErrorKind, string>> = {
  'context-length': 'context_length_exceeded',
  quota: 'insufficient_quota',
  billing: 'insufficient_quota',
}

/** @returns the status to answer with (529 is Anthropic's word for 503) and the body */
export function encodeError(error: ErrorView): EncodedError {
  return { status: error.status === 529 ? 503 : error.status, body: errorBody(error) }
}

/** One frame; an SDK throws when it reads it. No `[DONE]` follows: that would make it look like a success. */
export function encodeStreamError(error: ErrorView): string {
  return sseFrame(errorBody(error))
}

function errorBody({ kind, message, param, code }: ErrorView): string {
  return writeJson({ error: { message, type: TYPES[kind], param: param ?? null, code: CODES[kind] ?? code } })
}
