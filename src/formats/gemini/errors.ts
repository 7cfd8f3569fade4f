import type { JsonDocument } from '../../json/document.ts'
import { parseDocument } from '../../json/document.ts'
import { type Writable, writeJson } from '../../json/raw.ts'
import { kindOfStatus } from '../../refusal.ts'
import type { ErrorKind, ErrorView } from '../error-view.ts'
import type { EncodedError } from '../wire-format.ts'
import { isRecord, type Json, listOf } from './fields.ts'

/** google.rpc.Code → HTTP status and meaning (google.golang.org/genproto, "google.rpc.Code"). */
const CODES: Readonly<Record<string, readonly [status: number, kind: ErrorKind]>> = {
  INVALID_ARGUMENT: [400, 'bad-request'],
  FAILED_PRECONDITION: [400, 'bad-request'],
  OUT_OF_RANGE: [400, 'bad-request'],
  UNAUTHENTICATED: [401, 'authentication'],
  PERMISSION_DENIED: [403, 'permission'],
  NOT_FOUND: [404, 'not-found'],
  ABORTED: [409, 'conflict'],
  ALREADY_EXISTS: [409, 'conflict'],
  RESOURCE_EXHAUSTED: [429, 'rate-limit'],
  CANCELLED: [499, 'canceled'],
  INTERNAL: [500, 'server'],
  UNKNOWN: [500, 'server'],
  DATA_LOSS: [500, 'server'],
  UNIMPLEMENTED: [501, 'server'],
  UNAVAILABLE: [503, 'overloaded'],
  DEADLINE_EXCEEDED: [504, 'timeout'],
}

/** Meaning → google.rpc.Code (conversion.md C.8). */
const WORDS: Readonly<Record<ErrorKind, string>> = {
  'bad-request': 'INVALID_ARGUMENT',
  'context-length': 'INVALID_ARGUMENT',
  authentication: 'UNAUTHENTICATED',
  billing: 'RESOURCE_EXHAUSTED',
  permission: 'PERMISSION_DENIED',
  'not-found': 'NOT_FOUND',
  'method-not-allowed': 'UNIMPLEMENTED',
  conflict: 'ABORTED',
  'too-large': 'INVALID_ARGUMENT',
  'unsupported-media': 'INVALID_ARGUMENT',
  'rate-limit': 'RESOURCE_EXHAUSTED',
  quota: 'RESOURCE_EXHAUSTED',
  'content-policy': 'INVALID_ARGUMENT',
  overloaded: 'UNAVAILABLE',
  timeout: 'DEADLINE_EXCEEDED',
  canceled: 'CANCELLED',
  upstream: 'UNAVAILABLE',
  server: 'INTERNAL',
}

/** The `error` object of a body or a chunk; stream endpoints wrap it in an array. */
export function errorObject(value: unknown): Json | undefined {
  const body = Array.isArray(value) ? value[0] : value
  return isRecord(body) && isRecord(body.error) ? body.error : undefined
}

/** @param status HTTP status of the answer; 200 inside a stream */
export function decodeError(status: number, document: JsonDocument | undefined): ErrorView {
  const error = errorObject(document?.value)
  if (error) return viewOf(error, status)
  const kind = status < 400 ? 'upstream' : kindOfStatus(status)
  const message = stringError(document?.value) ?? `The provider answered with status ${status} and no explanation.`
  return { kind, status: status < 400 ? 502 : status, code: `http_${status}`, message }
}

function stringError(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined
  const text = value.error ?? value.message
  return typeof text === 'string' && text !== '' ? text : undefined
}

/** An `error` object → view. The status name counts most, then the number in the body, then the HTTP status. */
export function viewOf(error: Json, httpStatus: number): ErrorView {
  const word = typeof error.status === 'string' ? error.status : ''
  const [wordStatus, wordKind] = (Object.hasOwn(CODES, word) ? CODES[word] : undefined) ?? []
  const status = [httpStatus, error.code, wordStatus].find(isErrorStatus) ?? 502
  const message = messageOf(error)
  const details = listOf(error.details).filter(isRecord)
  const reason = details.map(detail => detail.reason).find(each => typeof each === 'string')
  const refined = refinedKind(message, reason, details)
  const retryAfterMs = retryDelayOf(details)
  return {
    kind: refined ?? wordKind ?? kindOfStatus(status),
    status: refined === 'authentication' ? 401 : status,
    code: (reason ?? (word === '' ? `http_${status}` : word)).toLowerCase(),
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

function isErrorStatus(status: unknown): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599
}

/** Proxies and SDKs put a whole error body into the message; the innermost one is what happened (E258). */
function messageOf(error: Json): string {
  let message = typeof error.message === 'string' ? error.message : ''
  for (let level = 0; level < 3 && message.startsWith('{'); level++) {
    const inner = errorObject(parsed(message))
    if (typeof inner?.message !== 'string') break
    message = inner.message
  }
  return message === '' ? 'The provider gave no explanation.' : message
}

function parsed(text: string): unknown {
  try {
    return parseDocument(text).value
  } catch {
    return undefined
  }
}

function refinedKind(message: string, reason: string | undefined, details: readonly Json[]): ErrorKind | undefined {
  if (reason === 'API_KEY_INVALID' || reason === 'ACCESS_TOKEN_EXPIRED') return 'authentication'
  if (/token count.{0,40}exceeds the maximum|exceeds the maximum number of tokens/i.test(message))
    return 'context-length'
  // What is used up for the day does not come back by waiting a little.
  const quota = details.flatMap(detail => listOf(detail.violations)).filter(isRecord)
  return quota.some(({ quotaId }) => typeof quotaId === 'string' && quotaId.includes('PerDay')) ? 'quota' : undefined
}

/** google.rpc.RetryInfo: `"retryDelay": "21.5s"`. */
function retryDelayOf(details: readonly Json[]): number | undefined {
  const delay = details.map(detail => detail.retryDelay).find(each => typeof each === 'string')
  const seconds = delay?.endsWith('s') ? Number(delay.slice(0, -1)) : Number.NaN
  return Number.isFinite(seconds) && seconds >= 0 ? Math.round(seconds * 1000) : undefined
}

export function encodeError(error: ErrorView, requestId: string): EncodedError {
  return { status: error.status, body: errorBody(error, requestId) }
}

/** `{"error": …}`, as a body of its own or as the last chunk of a stream. */
export function errorBody(error: ErrorView, requestId: string): string {
  return writeJson({
    error: {
      // The SDK takes an error for one only when its number is in this range.
      code: isErrorStatus(error.status) ? error.status : 500,
      message: error.message,
      status: WORDS[error.kind],
      details: errorDetails(error, requestId),
    },
  })
}

const TYPE = 'type.googleapis.com/google.rpc.'

function errorDetails({ code, param, retryAfterMs }: ErrorView, requestId: string): readonly Writable[] {
  return [
    { '@type': `${TYPE}ErrorInfo`, reason: code.toUpperCase(), domain: 'sluice' },
    ...(param === undefined ? [] : [{ '@type': `${TYPE}BadRequest`, fieldViolations: [{ field: param }] }]),
    ...(retryAfterMs === undefined ? [] : [{ '@type': `${TYPE}RetryInfo`, retryDelay: `${retryAfterMs / 1000}s` }]),
    ...(requestId === '' ? [] : [{ '@type': `${TYPE}RequestInfo`, requestId }]),
  ]
}
