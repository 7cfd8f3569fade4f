/** Errors, both ways (Anthropic API, "Errors"; conversion.md C.8). */
import type { JsonDocument } from '../../json/document.ts'
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import { kindOfStatus } from '../../refusal.ts'
import { sseFrame } from '../../stream/sse.ts'
import type { ErrorKind, ErrorView } from '../error-view.ts'
import type { EncodedError } from '../wire-format.ts'
import { contextLengthMessage, isContextLengthMessage } from './context-length.ts'
import { isObject, type JsonObject, objectAt, stringAt } from './fields.ts'

interface Word {
  readonly type: string
  /** Sent instead of the view's own status, where Anthropic has another for the same thing. */
  readonly status?: number
}

const WORDS: Readonly<Record<ErrorKind, Word>> = {
  'bad-request': { type: 'invalid_request_error' },
  'context-length': { type: 'invalid_request_error', status: 400 },
  authentication: { type: 'authentication_error' },
  billing: { type: 'billing_error' },
  permission: { type: 'permission_error' },
  'not-found': { type: 'not_found_error' },
  'method-not-allowed': { type: 'invalid_request_error' },
  conflict: { type: 'conflict_error' },
  'too-large': { type: 'request_too_large' },
  'unsupported-media': { type: 'invalid_request_error' },
  'rate-limit': { type: 'rate_limit_error' },
  quota: { type: 'rate_limit_error' },
  'content-policy': { type: 'invalid_request_error' },
  overloaded: { type: 'overloaded_error', status: 529 },
  timeout: { type: 'timeout_error' },
  canceled: { type: 'api_error' },
  upstream: { type: 'api_error' },
  server: { type: 'api_error' },
}

const KINDS: ReadonlyMap<string, readonly [kind: ErrorKind, status: number]> = new Map([
  ['invalid_request_error', ['bad-request', 400]],
  ['authentication_error', ['authentication', 401]],
  ['billing_error', ['billing', 402]],
  ['permission_error', ['permission', 403]],
  ['not_found_error', ['not-found', 404]],
  ['conflict_error', ['conflict', 409]],
  ['request_too_large', ['too-large', 413]],
  ['rate_limit_error', ['rate-limit', 429]],
  ['api_error', ['server', 500]],
  ['timeout_error', ['timeout', 504]],
  ['overloaded_error', ['overloaded', 529]],
])

export function encodeError(error: ErrorView, requestId: string): EncodedError {
  return { status: WORDS[error.kind].status ?? error.status, body: errorBody(error, requestId) }
}

/** The stream ends with this frame; no `message_stop` may follow. */
export function encodeStreamError(error: ErrorView, requestId: string): string {
  return sseFrame(errorBody(error, requestId), 'error')
}

function errorBody(error: ErrorView, requestId: string): string {
  const message = error.kind === 'context-length' ? contextLengthMessage(error.message) : error.message
  const details: Writable = error.details === undefined ? undefined : new RawJson(error.details)
  return writeJson({
    type: 'error',
    error: { type: WORDS[error.kind].type, message, details },
    request_id: requestId,
  })
}

/**
 * @param status the HTTP status; 200 for an error inside a stream, whose type then tells the status
 * @param document the body, if it was JSON
 */
export function decodeError(status: number, document: JsonDocument | undefined): ErrorView {
  const body = isObject(document?.value) ? document.value : {}
  const error = errorOf(body)
  const type = stringAt(error, 'type') ?? ''
  const [kind, usualStatus] = KINDS.get(type) ?? [kindOfStatus(status < 400 ? 502 : status), 502]
  const message = messageOf(body, error)
  const details = objectAt(error, 'details')
  return {
    kind: kindOf(kind, status, message),
    status: status < 400 ? usualStatus : status,
    code: stringAt(details, 'error_code') ?? (type === '' ? 'upstream_error' : type),
    message: message ?? `The provider answered with status ${status} and no explanation.`,
    ...(document !== undefined && isObject(error.details) ? { details: document.textOf(error.details) } : {}),
  }
}

/** Some servers of this format leave out the envelope or put a string in its place. */
function errorOf(body: JsonObject): JsonObject {
  if (isObject(body.error)) return body.error
  return stringAt(body, 'type') === 'error' ? {} : body
}

function messageOf(body: JsonObject, error: JsonObject): string | undefined {
  return stringAt(error, 'message') ?? stringAt(body, 'error') ?? stringAt(body, 'message')
}

function kindOf(kind: ErrorKind, status: number, message: string | undefined): ErrorKind {
  if (kind === 'bad-request' && message !== undefined && isContextLengthMessage(message)) return 'context-length'
  if (kind === 'bad-request' && status === 413) return 'too-large'
  return kind
}
