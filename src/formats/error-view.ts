/** What an error means, whoever raised it. Each format renders it in its own words (conversion.md C.8). */
export type ErrorKind =
  | 'bad-request'
  | 'context-length'
  | 'authentication'
  | 'billing'
  | 'permission'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'too-large'
  | 'unsupported-media'
  | 'rate-limit'
  | 'quota'
  | 'content-policy'
  | 'overloaded'
  | 'timeout'
  | 'canceled'
  | 'upstream'
  | 'server'

/** An error as a client is to see it, in no format yet. */
export interface ErrorView {
  readonly kind: ErrorKind
  /** HTTP status; a format may send another of the same meaning (Anthropic says 529 where others say 503). */
  readonly status: number
  /** A stable word for programs: `rate_limited`, `model_not_found`. */
  readonly code: string
  readonly message: string
  /** The field at fault, as a path in the client's own request. */
  readonly param?: string
  readonly retryAfterMs?: number
  /** JSON text of further details that the client's SDK reads (Anthropic's `error.details`). */
  readonly details?: string
}
