/** What a provider says went wrong: bodies of 4xx and 5xx, and errors inside a reply (OpenAI API, errors; conversion.md C.8). */
import type { JsonDocument } from '../../json/document.ts'
import { kindOfStatus } from '../../refusal.ts'
import type { ErrorKind, ErrorView } from '../error-view.ts'
import { type Fields, isFields, stringOf } from './fields.ts'

/** Of a whole body: any JSON, or none. */
export function decodeError(status: number, document: JsonDocument | undefined): ErrorView {
  return errorView(innermost(document?.value), status)
}

/** Of an error inside a reply: `response.error`, an `error` event nested or flat. */
export function decodeInnerError(error: unknown): ErrorView {
  return errorView(innermost(error), undefined)
}

/** Bodies wrap the error itself in an array, in `error`, or in `detail`, sometimes in several. */
function innermost(value: unknown): unknown {
  let inner = value
  for (let depth = 0; depth < 4; depth++) {
    if (Array.isArray(inner)) inner = inner[0]
    else if (isFields(inner) && inner.error !== undefined && inner.error !== null) inner = inner.error
    else if (isFields(inner) && inner.message === undefined && inner.detail !== undefined) inner = inner.detail
    else return inner
  }
  return inner
}

function errorView(node: unknown, status: number | undefined): ErrorView {
  const fields: Fields = isFields(node) ? node : {}
  const code = stringOf(fields.code) ?? (typeof fields.code === 'number' ? String(fields.code) : undefined)
  const type = stringOf(fields.type)
  const message = stringOf(node) ?? stringOf(fields.message)
  const kind = kindOf(code, type, message) ?? (status === undefined ? 'server' : kindOfStatus(status))
  const param = stringOf(fields.param)
  const retryAfterMs = retryAfterOf(kind, message)
  return {
    kind,
    status: status ?? STATUS_OF_KIND[kind] ?? 500,
    code: code ?? (type === undefined || type === 'error' ? `upstream_${kind.replaceAll('-', '_')}` : type),
    message: message ?? (status === undefined ? 'The provider reported an error.' : `The provider answered ${status}.`),
    ...(param === undefined ? {} : { param }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

const KIND_OF_WORD: Readonly<Record<string, ErrorKind>> = {
  insufficient_quota: 'quota',
  billing_hard_limit_reached: 'quota',
  billing_not_active: 'billing',
  rate_limit_exceeded: 'rate-limit',
  rate_limit_error: 'rate-limit',
  context_length_exceeded: 'context-length',
  invalid_api_key: 'authentication',
  authentication_error: 'authentication',
  model_not_found: 'not-found',
  content_filter: 'content-policy',
  content_policy_violation: 'content-policy',
  invalid_prompt: 'content-policy',
  bio_policy: 'content-policy',
  misalignment_policy_violation: 'content-policy',
  image_content_policy_violation: 'content-policy',
  server_is_overloaded: 'overloaded',
  slow_down: 'overloaded',
  overloaded: 'overloaded',
  overloaded_error: 'overloaded',
  service_unavailable_error: 'overloaded',
  server_error: 'server',
  internal_server_error: 'server',
  invalid_request_error: 'bad-request',
}

/** The more telling words first: a code, then the message's, then a type. */
function kindOf(
  code: string | undefined,
  type: string | undefined,
  message: string | undefined,
): ErrorKind | undefined {
  const ofCode = code !== undefined && Object.hasOwn(KIND_OF_WORD, code) ? KIND_OF_WORD[code] : undefined
  if (ofCode !== undefined) return ofCode
  if (message !== undefined && /maximum context length|exceeds the context window/i.test(message))
    return 'context-length'
  // This type stands on errors of many statuses, which then tell more.
  if (type === undefined || type === 'invalid_request_error') return undefined
  return Object.hasOwn(KIND_OF_WORD, type) ? KIND_OF_WORD[type] : undefined
}

const STATUS_OF_KIND: Readonly<Partial<Record<ErrorKind, number>>> = {
  'bad-request': 400,
  'context-length': 400,
  'content-policy': 400,
  authentication: 401,
  billing: 402,
  permission: 403,
  'not-found': 404,
  'rate-limit': 429,
  quota: 429,
  overloaded: 503,
  timeout: 504,
  upstream: 502,
}

/** "Please try again in 1.2s" and "in 340ms" (OpenAI API, rate limit errors). */
function retryAfterOf(kind: ErrorKind, message: string | undefined): number | undefined {
  if (kind !== 'rate-limit' || message === undefined) return undefined
  const match = /try again in (\d+(?:\.\d+)?)(ms|s)\b/.exec(message)
  if (match === null) return undefined
  return Math.ceil(Number(match[1]) * (match[2] === 's' ? 1000 : 1))
}
