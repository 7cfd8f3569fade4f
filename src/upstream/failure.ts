/** What can go wrong on the way to a provider and back, as a closed list of classes with words for the client. */
import { ERRORS, type ErrorCode } from '../errors.ts'
import { type FailureClass, UpstreamError, type UpstreamErrorMore } from '../refusal.ts'

type TransportFailure = Exclude<FailureClass, `status_${string}` | 'error_in_200'>

const WORDS: Readonly<Record<TransportFailure, readonly [code: ErrorCode, words: string]>> = {
  connect: ['upstream_unreachable', 'could not be reached'],
  dns: ['upstream_unreachable', 'could not be found'],
  tls: ['upstream_unreachable', 'has no valid TLS certificate, or no TLS'],
  stale: ['upstream_failed', 'closed the connection before it answered'],
  reset: ['upstream_failed', 'broke the connection'],
  first_token_timeout: ['upstream_timeout', 'did not begin to answer in time'],
  idle_timeout: ['upstream_timeout', 'stopped answering'],
  total_timeout: ['upstream_timeout', 'took longer than it may in all'],
  truncated: ['upstream_failed', 'ended the answer before its end'],
  protocol: ['upstream_failed', 'did not answer in proper HTTP'],
  parse: ['upstream_failed', 'sent an answer that cannot be read'],
  oversize: ['upstream_failed', 'sent more than may be held'],
  canceled: ['client_gone', 'is no longer needed'],
  shutdown: ['stopping', 'was cut off because the gateway is stopping'],
  internal: ['internal_error', 'could not be asked'],
}

/** A failure of the transport. The message names the provider and no address, status or inner error. */
export function transportError(
  failure: TransportFailure,
  provider: string,
  more: Partial<UpstreamErrorMore> & { readonly detail?: string } = {},
): UpstreamError {
  const [code, words] = WORDS[failure]
  const { status, kind } = ERRORS[code]
  const message = `The provider "${provider}" ${words}${more.detail ? ` (${more.detail})` : ''}.`
  const unsent = failure === 'connect' || failure === 'dns' || failure === 'tls'
  return new UpstreamError({ status, kind, code, message }, { unsent, ...more, failure, provider })
}

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'])
const CONNECT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])
const TLS = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH)/
const PROTOCOL = /^(HPE_|UND_ERR_RES_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RESPONSE)/

/** Which class an error of undici or of the operating system is. */
export function classify(error: Error & { readonly code?: unknown }): TransportFailure {
  const code = typeof error.code === 'string' ? error.code : ''
  // Several addresses were tried: Node collects what each of them failed with.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return classify(error.errors[0])
  if (DNS.has(code)) return 'dns'
  if (CONNECT.has(code)) return 'connect'
  if (TLS.test(code)) return 'tls'
  // So undici calls an answer that was cut, where the provider had announced to close the connection after it.
  if (error.name === 'HTTPParserError' && error.message.includes('Invalid EOF state')) return 'reset'
  // Not all of undici's parser errors have a code.
  if (error.name === 'HTTPParserError' || PROTOCOL.test(code)) return 'protocol'
  if (/^bad (response|upgrade)/.test(error.message)) return 'protocol'
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return 'internal'
  return 'reset'
}

/** Which class a status of a provider is. */
export function classOfStatus(status: number): FailureClass {
  if (status === 401 || status === 402 || status === 403) return 'status_401'
  if (status === 408 || status === 409 || status === 425) return 'status_408'
  if (status === 429) return 'status_429'
  if (status === 503 || status === 529) return 'status_529'
  return status >= 500 ? 'status_500' : 'status_400'
}
