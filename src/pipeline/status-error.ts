import type { ErrorView } from '../formats/error-view.ts'
import type { WireFormat } from '../formats/wire-format.ts'
import { plainDocument } from '../json/document.ts'
import { UpstreamError } from '../refusal.ts'
import { SseParser } from '../stream/sse.ts'
import type { UpstreamResponse } from '../upstream/client.ts'
import { classOfStatus } from '../upstream/failure.ts'
import { retryAfterMs } from '../upstream/retry-after.ts'

interface Refused {
  readonly provider: string
  readonly formatName: string
  readonly format: WireFormat
  readonly response: UpstreamResponse
  /** The body, scrubbed of secrets. */
  readonly text: string
  /** The key is the gateway's, not the client's: then the client is not to blame for it. */
  readonly ownKey: boolean
}

/** A provider's answer of 400 and above → an error that keeps its meaning, and its bytes for a client of its format. */
export function statusError({ provider, formatName, format, response, text, ownKey }: Refused): UpstreamError {
  const { status, headers } = response
  const failure = classOfStatus(status)
  const document = documentOf(text)
  const theirs = format.decodeError(status, document ?? documentOf(firstData(text)))
  if (failure === 'status_401' && ownKey && status !== 402) return rejectedKey(provider, status)
  const retryAfter = theirs.retryAfterMs ?? retryAfterMs(headers, Date.now())
  const view: ErrorView = { ...theirs, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }) }
  const answer = {
    status,
    format: formatName,
    headers: { 'content-type': String(headers['content-type'] ?? 'application/json') },
    body: Buffer.from(text),
  }
  return new UpstreamError(view, {
    failure,
    provider,
    headers: wishOf(headers, view.kind),
    ...(document === undefined ? {} : { answer }),
  })
}

/** A 401 would make a client sign in again, although it is the gateway's key that is wrong (conversion.md, E254). */
function rejectedKey(provider: string, status: number): UpstreamError {
  return new UpstreamError(
    {
      status: 502,
      kind: 'upstream',
      code: 'upstream_rejected_key',
      message: `The provider "${provider}" did not accept the gateway's key (it answered ${status}).`,
    },
    { failure: 'status_401', provider },
  )
}

/**
 * What SDKs act on besides the status. How long to wait is told in our own words, and only if it can be understood. A
 * quota that is used up does not come back by asking again, although its 429 looks like it (conversion.md E257).
 */
function wishOf(headers: UpstreamResponse['headers'], kind: ErrorView['kind']): Record<string, string> {
  const wish = headers['x-should-retry']
  if (wish === 'true' || wish === 'false') return { 'x-should-retry': wish }
  return kind === 'quota' || kind === 'billing' ? { 'x-should-retry': 'false' } : {}
}

function documentOf(text: string): ReturnType<typeof plainDocument> | undefined {
  try {
    return plainDocument(text)
  } catch {
    return undefined
  }
}

/** Some servers frame even the body of an error as an event when a stream was asked for. */
function firstData(text: string): string {
  return new SseParser().push(Buffer.from(text))[0]?.data ?? ''
}
