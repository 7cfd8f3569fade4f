/** The only place that opens connections outwards: one pool of kept-alive connections for each configured provider. */
import type { Readable } from 'node:stream'
import type { Dispatcher, Client as UndiciClient, Pool as UndiciPool } from 'undici'
import { UpstreamError } from '../refusal.ts'
import { atEndOfTurn } from '../stream/end-of-turn.ts'
import type { Abortable } from './abortable.ts'
import { Answer, type AnswerHead } from './answer.ts'
import { connector } from './connector.ts'
import type { Timeouts } from './deadlines.ts'
import { transportError } from './failure.ts'
import { Client, Pool } from './undici.ts'

export interface UpstreamSettings {
  /** The provider's configured name. */
  readonly provider: string
  /** Scheme, host and port. */
  readonly origin: string
  readonly timeouts: Timeouts
  /** Connections at once; more requests wait. Unlimited when absent. */
  readonly maxConnections?: number
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST'
  /** Path and query. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Pieces, which follow each other; none for a request without a body. */
  readonly body: readonly Buffer[]
  /** Whether the answer is to come as a stream; then `first_token` counts. */
  readonly stream: boolean
}

export interface UpstreamResponse extends AnswerHead {
  /** Start it once, or cancel it: an unread body holds its connection. */
  readonly body: Answer
}

// A provider or its load balancer closes idle connections after some time without saying so. Letting go of ours
// earlier makes the race rare (reliability.md, fact 6).
const KEEP_ALIVE_MS = 4_000
const KEEP_ALIVE_MAX_MS = 25_000

export class UpstreamClient {
  readonly #settings: UpstreamSettings
  readonly #options: UndiciClient.Options
  readonly #pool: UndiciPool

  constructor(settings: UpstreamSettings) {
    this.#settings = settings
    this.#options = {
      connect: connector(settings.timeouts.connect),
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      // Our own deadlines watch instead.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 16 * 1024,
    }
    this.#pool = new Pool(settings.origin, { ...this.#options, connections: settings.maxConnections ?? null })
  }

  /**
   * Sends a request and resolves with the head of the answer, whatever its status. A connection that was kept alive
   * and turns out to be closed is replaced once, for free: the provider cannot have acted on what it never read.
   *
   * @throws UpstreamError
   */
  send(request: UpstreamRequest, lifetime: Abortable): Promise<UpstreamResponse> {
    return new Promise((resolve, reject) => {
      this.#dispatch(this.#pool, request, lifetime, resolve, error => {
        if (error.failure !== 'stale' || lifetime.reason) reject(error)
        else this.#sendAfresh(request, lifetime).then(resolve, reject)
      })
    })
  }

  #sendAfresh(request: UpstreamRequest, lifetime: Abortable): Promise<UpstreamResponse> {
    const fresh = new Client(this.#settings.origin, this.#options)
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamResponse>()
    this.#dispatch(fresh, request, lifetime, resolve, reject)
    // Closing waits for the answer under way and then gives the connection up.
    const close = (): unknown => fresh.close().catch(() => fresh.destroy())
    promise.then(close, close)
    return promise
  }

  /** Waits for running answers, then closes. */
  async close(): Promise<void> {
    await this.#pool.close()
  }

  /** Cuts what still runs. */
  async destroy(): Promise<void> {
    await this.#pool.destroy()
  }

  #dispatch(
    dispatcher: Dispatcher,
    request: UpstreamRequest,
    lifetime: Abortable,
    resolve: (response: UpstreamResponse) => void,
    reject: (error: UpstreamError) => void,
  ): void {
    const { provider, timeouts } = this.#settings
    let unlisten: () => void = () => {}
    const body = new Answer({
      provider,
      timeouts,
      stream: request.stream,
      onHead: ({ status, headers }) => resolve({ status, headers, body }),
      onError: reject,
      onEnd: () => unlisten(),
    })
    unlisten = lifetime.onAbort(cause => body.fail(reasonOf(cause, provider)))
    atEndOfTurn(() => {
      if (lifetime.reason) return
      try {
        dispatcher.dispatch(dispatchOptions(request), body)
      } catch (cause) {
        body.fail(transportError('internal', provider, { cause }))
      }
    })
  }
}

/** undici writes pieces as they are, and has to be told their length; a single one is quicker given as it is. */
function dispatchOptions({ method, path, headers, body }: UpstreamRequest): Dispatcher.DispatchOptions {
  const [whole = null] = body
  if (body.length < 2) return { method, path, headers, body: whole, idempotent: false }
  const length = body.reduce((sum, piece) => sum + piece.length, 0)
  const measured = { ...headers, 'content-length': String(length) }
  return { method, path, headers: measured, body: body as unknown as Readable, idempotent: false }
}

/** Whoever gives an attempt up may say what it counts as; else it is no longer needed. */
function reasonOf(cause: Error, provider: string): UpstreamError {
  return cause instanceof UpstreamError ? cause : transportError('canceled', provider, { cause })
}
