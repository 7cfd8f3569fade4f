import type { ErrorKind, ErrorView } from './formats/error-view.ts'

/** An error meant for the client. Anything else that is thrown becomes a 500 that says nothing of the inside. */
export class Refusal extends Error implements ErrorView {
  override readonly name: string = 'Refusal'
  readonly status: number
  readonly code: string
  readonly kind: ErrorKind
  readonly param?: string
  readonly retryAfterMs?: number
  readonly details?: string
  /** Further response headers, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>

  /**
   * @param status HTTP status, 400 to 599
   * @param code stable word for programs, `snake_case`
   * @param message shown to the client: what is wrong and what to do about it; no secrets, no internals
   */
  constructor(status: number, code: string, message: string, more: RefusalMore = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.status = status
    this.code = code
    this.kind = more.kind ?? kindOfStatus(status)
    if (more.param !== undefined) this.param = more.param
    if (more.retryAfterMs !== undefined) this.retryAfterMs = more.retryAfterMs
    if (more.details !== undefined) this.details = more.details
    if (more.headers !== undefined) this.headers = more.headers
  }

  /** The same refusal with further response headers. */
  withHeaders(headers: Readonly<Record<string, string>>): Refusal {
    return new Refusal(this.status, this.code, this.message, {
      ...this,
      cause: this.cause,
      headers: { ...this.headers, ...headers },
    })
  }
}

export interface RefusalMore {
  readonly kind?: ErrorKind
  readonly param?: string
  readonly retryAfterMs?: number
  readonly details?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** How an attempt at a provider failed: a closed list, used as a metric's label (reliability.md 3.0). */
export type FailureClass =
  | 'connect' // refused, unreachable or too slow to accept
  | 'dns'
  | 'tls'
  | 'stale' // a kept-alive connection turned out to be closed
  | 'reset' // closed before or in the middle of the answer
  | 'first_token_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  | 'truncated' // ended cleanly, but without the format's terminal event
  | 'protocol' // not HTTP, or HTTP that must not be followed
  | 'parse' // not what the format says
  | 'oversize'
  | 'error_in_200'
  | 'status_400' // the request's own fault: 4xx other than the following
  | 'status_401' // our credential: 401, 402, 403
  | 'status_408' // try again: 408, 409, 425
  | 'status_429'
  | 'status_500' // 5xx other than the following
  | 'status_529' // overloaded: 503, 529
  | 'canceled' // the client left
  | 'shutdown'
  | 'internal'

const MAYBE_PROCESSED: ReadonlySet<FailureClass> = new Set([
  'stale',
  'reset',
  'first_token_timeout',
  'idle_timeout',
  'total_timeout',
  'truncated',
  'protocol',
  'parse',
  'oversize',
])

/** A provider's failure, thrown by `next` before the first byte went out, so that `retry` and `fallback` can act. */
export class UpstreamError extends Refusal {
  override readonly name = 'UpstreamError'
  readonly failure: FailureClass
  /** The configured provider's name. */
  readonly provider: string
  /** True when the provider has certainly not acted on the call. */
  readonly unsent: boolean
  /** The provider's own answer, for a client of the same format. */
  readonly answer?: UpstreamAnswer

  constructor(view: ErrorView, more: UpstreamErrorMore) {
    super(view.status, view.code, view.message, { ...view, ...more })
    this.failure = more.failure
    this.provider = more.provider
    this.unsent = more.unsent ?? false
    if (more.answer !== undefined) this.answer = more.answer
  }

  /** Whether the provider may have acted on the call although it did not answer it (reliability.md 3.0, class B). */
  get maybeProcessed(): boolean {
    return !this.unsent && MAYBE_PROCESSED.has(this.failure)
  }

  override withHeaders(headers: Readonly<Record<string, string>>): UpstreamError {
    const { failure, provider, unsent, cause, answer } = this
    return new UpstreamError(this, {
      failure,
      provider,
      unsent,
      cause,
      headers: { ...this.headers, ...headers },
      ...(answer === undefined ? {} : { answer }),
    })
  }
}

/**
 * The refusal of a model that does not exist or that the caller may not use: the same words for both, so that nobody
 * can find out which models there are.
 */
export function modelNotFound(model: string): Refusal {
  const name = model.length > 128 ? `${model.slice(0, 128)}…` : model
  return new Refusal(404, 'model_not_found', `The model "${name}" does not exist or you do not have access to it.`, {
    param: 'model',
  })
}

export interface UpstreamAnswer {
  readonly status: number
  readonly format: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}
export interface UpstreamErrorMore {
  readonly failure: FailureClass
  readonly provider: string
  readonly unsent?: boolean
  readonly answer?: UpstreamAnswer
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: 'bad-request',
  401: 'authentication',
  402: 'billing',
  403: 'permission',
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'timeout',
  409: 'conflict',
  413: 'too-large',
  415: 'unsupported-media',
  429: 'rate-limit',
  499: 'canceled',
  502: 'upstream',
  503: 'overloaded',
  504: 'timeout',
  529: 'overloaded',
}

/** The usual meaning of an HTTP status. */
export function kindOfStatus(status: number): ErrorKind {
  return KIND_OF_STATUS[status] ?? (status < 500 ? 'bad-request' : 'server')
}
