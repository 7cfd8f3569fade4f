import type { Secret } from './options.ts'

/** A service that the configuration names, checked. */
export interface OutsideService {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
}

/**
 * @param address an option of the format `url`
 * @throws Error that tells nothing of what is in the headers
 */
export function outsideService(address: string, secrets: Readonly<Record<string, Secret>> = {}): OutsideService {
  const headers = Object.entries(secrets).map(([name, secret]) => [name, secret.reveal()] as const)
  for (const [name, value] of headers) {
    try {
      new Headers([[name, value]])
    } catch {
      throw new Error(`the header "${name}" cannot be sent: its name or a character of its value is not allowed`)
    }
  }
  return { url: new URL(address), headers: Object.fromEntries(headers) }
}

export interface BoundedRequest {
  /** JSON text to POST; absent: GET. */
  readonly json?: string
  /** For everything, from the connection to the last byte. */
  readonly timeoutMs: number
  /** Of the answer. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/**
 * Asks a service that the configuration names, for processors that need one: a judge, a set of keys. Never follows a
 * redirect, and never waits or reads without end.
 * @returns the text of the answer, which was 200
 * @throws Error saying what went wrong, in words that may be logged; the signal's reason when it aborts
 */
export async function fetchBounded({ url, headers }: OutsideService, request: BoundedRequest): Promise<string> {
  const { json, timeoutMs, maxBytes, signal } = request
  const limit = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.any([signal, limit]),
      headers: { accept: 'application/json', ...(json !== undefined && JSON_BODY), ...headers },
      ...(json !== undefined && { method: 'POST', body: json }),
    })
    if (response.status === 200) return await textOf(response, maxBytes)
    await response.body?.cancel()
    throw new Error(`the answer was ${response.status}`)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (limit.aborted) throw new Error(`there was no answer within ${timeoutMs} ms`)
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error
  }
}

const JSON_BODY = { 'content-type': 'application/json' } as const

/** @throws Error when it is too long; leaving the loop ends the connection */
async function textOf({ body }: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`the answer is over ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
