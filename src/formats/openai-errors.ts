/** Errors in the words that all of OpenAI's formats share: `{ message, type, param, code }` (conversion.md A.2.4, C.8). */
import { writeJson } from '../json/raw.ts'
import type { ErrorKind, ErrorView } from './error-view.ts'
import type { EncodedError } from './wire-format.ts'

interface Words {
  readonly type: string
  /** A word that programs look for; it stands instead of our own for the same thing. */
  readonly code?: string
}

/** As OpenAI answers them: a wrong key and an unknown model, too, are of the type `invalid_request_error`. */
const WORDS: Readonly<Record<ErrorKind, Words>> = {
  'bad-request': { type: 'invalid_request_error' },
  'context-length': { type: 'invalid_request_error', code: 'context_length_exceeded' },
  authentication: { type: 'invalid_request_error', code: 'invalid_api_key' },
  billing: { type: 'insufficient_quota', code: 'insufficient_quota' },
  permission: { type: 'invalid_request_error' },
  'not-found': { type: 'invalid_request_error' },
  'method-not-allowed': { type: 'invalid_request_error' },
  conflict: { type: 'invalid_request_error' },
  'too-large': { type: 'invalid_request_error' },
  'unsupported-media': { type: 'invalid_request_error' },
  'rate-limit': { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  quota: { type: 'insufficient_quota', code: 'insufficient_quota' },
  'content-policy': { type: 'invalid_request_error' },
  overloaded: { type: 'server_error' },
  timeout: { type: 'server_error' },
  canceled: { type: 'server_error' },
  upstream: { type: 'server_error' },
  server: { type: 'server_error' },
}

/** The object that SDKs read. */
export interface OpenaiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string
}

export function openaiError(error: ErrorView): OpenaiError {
  const { message, kind, param = null } = error
  return { message, type: WORDS[kind].type, param, code: openaiCode(error) }
}

export function openaiCode({ kind, code }: ErrorView): string {
  return WORDS[kind].code ?? code
}

/** JSON text of an error body, or of the frame that ends a Chat stream. */
export function openaiErrorBody(error: ErrorView): string {
  return writeJson({ error: { ...openaiError(error) } })
}

/** Anthropic's 529 is unknown to OpenAI's clients. */
export function encodeOpenaiError(error: ErrorView): EncodedError {
  return { status: error.status === 529 ? 503 : error.status, body: openaiErrorBody(error) }
}
