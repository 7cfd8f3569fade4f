/** A plain client over node:http: no SDK, no pool, no retries, nothing hidden. */
import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type SseFrame, SseParser } from '../../src/stream/sse.ts'

export interface ClientReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** What has arrived so far. */
  readonly received: string
  /** Resolves with the time (`performance.now`) of the first byte of the body; never when there is none. */
  readonly firstByte: Promise<number>
  /** Whether the body came to its proper end. Never rejects. */
  readonly ended: Promise<'whole' | 'broken'>
  /** The whole body. @throws Error when the connection broke before its end */
  text(): Promise<string>
  json(): Promise<unknown>
  /** The frames of an event stream as they come. @throws Error when the connection breaks */
  frames(): AsyncGenerator<SseFrame>
  /** Resolves when the body contains this text. @throws Error when it ended without it */
  until(text: string): Promise<void>
  /** Leaves, as a client does that loses interest. */
  abort(): void
  /** Stops and resumes reading from the socket. */
  pause(): void
  resume(): void
}

type Body = string | Buffer | object

/**
 * Sends a POST; a body that is neither text nor bytes is sent as JSON.
 *
 * @returns when the head of the answer is there
 * @throws Error when the connection breaks before that
 */
export function post(url: string, body: Body, headers: Readonly<Record<string, string>> = {}): Promise<ClientReply> {
  return send('POST', url, headers, body)
}

export function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<ClientReply> {
  return send('GET', url, headers)
}

/** A POST that can be given up before there is an answer. */
export function startPost(url: string, body: Body, signal: AbortSignal): Promise<ClientReply> {
  return send('POST', url, {}, body, signal)
}

async function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: Body,
  signal?: AbortSignal,
): Promise<ClientReply> {
  const outgoing = request(url, {
    method,
    agent: false,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(signal ? { signal } : {}),
  })
  outgoing.end(body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  const [message] = (await once(outgoing, 'response')) as [IncomingMessage]
  outgoing.on('error', () => {})
  return new HttpReply(message)
}

class HttpReply implements ClientReply {
  readonly #message: IncomingMessage
  readonly #pieces: Buffer[] = []
  readonly #firstByte = Promise.withResolvers<number>()
  readonly firstByte = this.#firstByte.promise
  readonly ended: Promise<'whole' | 'broken'>
  #over = false
  /** Resolves when there is more to look at; renewed each time. */
  #news = Promise.withResolvers<void>()

  constructor(message: IncomingMessage) {
    this.#message = message
    const { promise, resolve } = Promise.withResolvers<'whole' | 'broken'>()
    this.ended = promise
    message.on('error', () => {})
    message.on('data', (piece: Buffer) => {
      this.#firstByte.resolve(performance.now())
      this.#pieces.push(piece)
      this.#tell()
    })
    message.once('close', () => {
      this.#over = true
      resolve(message.complete ? 'whole' : 'broken')
      this.#tell()
    })
  }

  get status(): number {
    return this.#message.statusCode ?? 0
  }

  get headers(): IncomingHttpHeaders {
    return this.#message.headers
  }

  get received(): string {
    return Buffer.concat(this.#pieces).toString()
  }

  async text(): Promise<string> {
    if ((await this.ended) === 'broken') throw new Error(`the connection broke after ${JSON.stringify(this.received)}`)
    return this.received
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async *frames(): AsyncGenerator<SseFrame> {
    const parser = new SseParser()
    for (let next = 0; ; ) {
      const over = this.#over
      for (; next < this.#pieces.length; next++) yield* parser.push(this.#pieces[next] as Buffer)
      if (over) break
      await this.#news.promise
    }
    await this.text()
  }

  async until(text: string): Promise<void> {
    while (!this.received.includes(text)) {
      if (this.#over) throw new Error(`ended without ${JSON.stringify(text)}: ${JSON.stringify(this.received)}`)
      await this.#news.promise
    }
  }

  abort(): void {
    this.#message.destroy()
  }

  pause(): void {
    this.#message.pause()
  }

  resume(): void {
    this.#message.resume()
  }

  #tell(): void {
    this.#news.resolve()
    this.#news = Promise.withResolvers()
  }
}

/** Sends these very bytes and collects whatever comes until the other side closes. */
export async function exchangeRaw(url: string, bytes: string | Buffer): Promise<string> {
  await using connection = await openRaw(url)
  connection.send(bytes)
  await connection.closed
  return connection.received
}

/** A bare connection, for requests that no HTTP client would send. */
export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return new RawConnection(socket)
}

export class RawConnection implements AsyncDisposable {
  readonly socket: Socket
  /** Resolves when the connection is closed, in whatever way. */
  readonly closed: Promise<void>
  #received = ''

  constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise(resolve => socket.once('close', () => resolve()))
    socket.setEncoding('utf8').on('error', () => {})
    socket.on('data', (text: string) => {
      this.#received += text
    })
  }

  get received(): string {
    return this.#received
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** Resolves when the answer contains this text. @throws Error when the connection closed without it */
  async until(text: string): Promise<void> {
    while (!this.#received.includes(text)) {
      if (this.socket.closed)
        throw new Error(`closed without ${JSON.stringify(text)}: ${JSON.stringify(this.#received)}`)
      await Promise.race([once(this.socket, 'data'), this.closed])
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.closed
  }
}
