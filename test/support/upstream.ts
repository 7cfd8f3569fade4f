/**
 * A real HTTP server on a port of its own that plays a provider, act by act: the first request gets the first act, and
 * so on. A request that nobody expects is answered 599 and makes the disposal throw.
 */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Act, perform } from './acts.ts'

export type { Act, Ending, Pace } from './acts.ts'

/** An act, or a function that decides on one when the request is there. */
export type Script = Act | ((request: UpstreamRequest) => Act | Promise<Act>)

export interface UpstreamRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** The body as JSON. */
  json(): unknown
  /** Resolves when the connection is closed before the answer was whole. */
  readonly aborted: Promise<void>
  /** Resolves when the exchange is over, in whatever way. */
  readonly closed: Promise<void>
  /** Bytes written to this connection so far. */
  readonly sent: number
}

export interface Upstream extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  /** Those whose body has arrived, in the order of arrival. */
  readonly requests: readonly UpstreamRequest[]
  /** Resolves when that request has arrived. @param index from 0 */
  request(index: number): Promise<UpstreamRequest>
  /** Adds acts for the requests to come. */
  add(...acts: readonly Script[]): void
  /** What to do when no act is left. */
  otherwise(act: Script): void
  openSockets(): number
  /** Resolves when no connection is open. */
  idle(): Promise<void>
}

/**
 * @example
 * await using upstream = await startUpstream({ status: 429, json: {} }, { chunks: ['data: 1\n\n'], ending: 'cut' })
 */
export async function startUpstream(...acts: readonly Script[]): Promise<Upstream> {
  const upstream = new ScriptedUpstream(acts)
  await upstream.listen()
  return upstream
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  await using upstream = await startUpstream()
  return upstream.port
}

class ScriptedUpstream implements Upstream {
  readonly #server = createServer({ keepAliveTimeout: 0 }, (message, response) => void this.#receive(message, response))
  readonly #acts: Script[]
  #default: Script | undefined
  readonly #sockets = new Set<Socket>()
  readonly #failures: string[] = []
  readonly #arrivals: PromiseWithResolvers<UpstreamRequest>[] = []
  readonly requests: UpstreamRequest[] = []

  constructor(acts: readonly Script[]) {
    this.#acts = [...acts]
    this.#server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('clientError', (_, socket) => socket.destroy())
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  request(index: number): Promise<UpstreamRequest> {
    return this.#arrival(index).promise
  }

  add(...acts: readonly Script[]): void {
    this.#acts.push(...acts)
  }

  otherwise(act: Script): void {
    this.#default = act
  }

  openSockets(): number {
    return this.#sockets.size
  }

  async idle(): Promise<void> {
    while (this.#sockets.size > 0) await Promise.all([...this.#sockets].map(socket => once(socket, 'close')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
    if (this.#failures.length > 0) throw new Error(`upstream: ${this.#failures.join('; ')}`)
  }

  async #receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    // Taken when the head arrives, so that the order of the acts is that of the requests.
    const script = this.#acts.shift() ?? this.#default
    response.on('error', () => {})
    const request = await record(message, response)
    this.#arrival(this.requests.push(request) - 1).resolve(request)
    try {
      if (script === undefined) this.#refuseUnexpected(request, response)
      else await perform(typeof script === 'function' ? await script(request) : script, response, message.socket)
    } catch (error) {
      this.#failures.push(`${request.method} ${request.url}: ${error}`)
      response.destroy()
    }
  }

  #refuseUnexpected({ method, url }: UpstreamRequest, response: ServerResponse): void {
    this.#failures.push(`unexpected ${method} ${url}`)
    response.writeHead(599, { 'content-type': 'text/plain' }).end('no act is left for this request')
  }

  #arrival(index: number): PromiseWithResolvers<UpstreamRequest> {
    this.#arrivals[index] ??= Promise.withResolvers()
    return this.#arrivals[index]
  }
}

async function record(message: IncomingMessage, response: ServerResponse): Promise<UpstreamRequest> {
  const { method = '', url = '', headers, rawHeaders, socket } = message
  const closed = new Promise<void>(resolve => response.once('close', resolve))
  const aborted = new Promise<void>(resolve => {
    response.once('close', () => {
      if (!response.writableFinished) resolve()
    })
  })
  const body = await bodyOf(message)
  return {
    method,
    url,
    headers,
    rawHeaders,
    body,
    json: () => JSON.parse(body.toString()),
    aborted,
    closed,
    get sent() {
      return socket.bytesWritten
    },
  }
}

/** What came of the body, also when the client left in the middle. */
async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  message.on('data', (piece: Buffer) => pieces.push(piece))
  const { promise, resolve } = Promise.withResolvers<void>()
  message
    .once('end', resolve)
    .once('close', resolve)
    .on('error', () => {})
  await promise
  return Buffer.concat(pieces)
}
