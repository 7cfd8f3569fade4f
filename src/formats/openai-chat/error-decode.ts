/** Error bodies of Chat Completions servers, official and compatible, → canonical (conversion.md A.2.4, E258). */
import type { JsonDocument } from '../../json/document.ts'
import { kindOfStatus } from '../../refusal.ts'
import type { ErrorKind, ErrorView } from '../error-view.ts'
import { arrayOf, compact, type Fields, objectOf, wordOf } from './fields.ts'

/** @param document the body, `undefined` when it was no JSON */
export function decodeError(status: number, document: JsonDocument | undefined): ErrorView {
  return errorView(status, findError(document?.value) ?? {})
}

/**
 * Finds the error object in whatever a server sends: `{ error: {…} }`, `{ error: "…" }`, an array around it (Gemini's
 * compatible endpoint), `{ detail: … }` (FastAPI), `{ object: "error", message }` (older vLLM), `{ base_resp: … }` (MiniMax).
 *
 * @returns `undefined` when the value is no error
 */
export function findError(value: unknown): Fields | undefined {
  const body = objectOf(arrayOf(value)?.[0]) ?? objectOf(value)
  if (body === undefined) return undefined
  const error = body.error
  if (typeof error === 'string' && error !== '') return { message: error }
  if (objectOf(error)) return objectOf(error)
  if (objectOf(body.x_groq)?.error) return { message: String(objectOf(body.x_groq)?.error) }
  const refused = baseError(body)
  if (refused) return refused
  if (Array.isArray(body.choices)) return undefined
  if (wordOf(body.message)) return body
  const detail = body.detail
  if (typeof detail === 'string') return { message: detail }
  return detail === undefined ? undefined : { message: wordOf(objectOf(arrayOf(detail)?.[0])?.msg) ?? '' }
}

/** MiniMax tells of its errors with status 200, beside an answer of nothing (`base_resp`, MiniMax API, "Error codes"). */
function baseError({ base_resp: base, choices }: Fields): Fields | undefined {
  const { status_code: code, status_msg: message } = objectOf(base) ?? {}
  if (typeof code !== 'number' || code === 0 || (arrayOf(choices)?.length ?? 0) > 0) return undefined
  return { message, status_code: STATUS_OF_BASE[code] ?? 502 }
}

const STATUS_OF_BASE: Readonly<Record<number, number>> = {
  1002: 429,
  1004: 401,
  1008: 402,
  1026: 400,
  1027: 400,
  1039: 429,
  2013: 400,
}

/** An error inside of a 200 has no status of its own unless it says one. */
export function inlineError(error: Fields): ErrorView {
  const said = statusOf(error.status_code) ?? statusOf(error.code) ?? statusOf(error.status)
  return errorView(said ?? STATUS_OF_TYPE[String(error.type)] ?? 502, error)
}

const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  overloaded_error: 503,
}

function statusOf(value: unknown): number | undefined {
  const status = Number(value)
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined
}

function errorView(status: number, error: Fields): ErrorView {
  const message = innerMessage(error, 3) ?? `The provider answered with status ${status}.`
  const code = wordOf(error.code) ?? wordOf(error.type)
  const kind = kindOf(status, code, message)
  return compact({
    kind,
    status,
    code: code !== undefined && /^[a-zA-Z_][\w.-]*$/.test(code) ? code : kind.replaceAll('-', '_'),
    message,
    param: wordOf(error.param),
    retryAfterMs: retryAfter(error, message),
  })
}

const CODES: Readonly<Record<string, ErrorKind>> = {
  context_length_exceeded: 'context-length',
  too_many_prompt_tokens: 'context-length',
  exceed_context_size_error: 'context-length',
  insufficient_quota: 'quota',
  content_filter: 'content-policy',
  content_policy_violation: 'content-policy',
  model_not_found: 'not-found',
  invalid_api_key: 'authentication',
  rate_limit_exceeded: 'rate-limit',
  RateLimitReached: 'rate-limit',
  overloaded: 'overloaded',
}

const OVERFLOW =
  /maximum context length|context (?:length|window|size)|prompt is too long|too many (?:prompt |input )?tokens/i

function kindOf(status: number, code: string | undefined, message: string): ErrorKind {
  const known = code !== undefined && Object.hasOwn(CODES, code) ? CODES[code] : undefined
  if (known) return known
  if ((status === 400 || status === 413) && OVERFLOW.test(message)) return 'context-length'
  return kindOfStatus(status)
}

/** Unwraps JSON inside of a message (OpenRouter puts the provider's own error in `metadata.raw`). */
function innerMessage(error: Fields, levels: number): string | undefined {
  const raw = wordOf(objectOf(error.metadata)?.raw)
  const message = wordOf(error.message)
  const wrapped = raw ?? (message?.trimStart().startsWith('{') ? message : undefined)
  const inner = wrapped === undefined || levels === 0 ? undefined : findError(parsed(wrapped))
  return (inner && innerMessage(inner, levels - 1)) ?? message
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Google's `RetryInfo`, or a sentence such as "Please try again in 1.2s". */
function retryAfter(error: Fields, message: string): number | undefined {
  const delays = (arrayOf(error.details) ?? []).map(detail => wordOf(objectOf(detail)?.retryDelay))
  const said = delays.find(delay => delay !== undefined) ?? /try again in (\d+(?:\.\d+)?m?s)\b/i.exec(message)?.[1]
  const amount = said === undefined ? Number.NaN : Number.parseFloat(said)
  if (!Number.isFinite(amount) || said === undefined) return undefined
  return Math.ceil(said.endsWith('ms') ? amount : amount * 1000)
}
