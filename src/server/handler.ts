/** One request from its first byte to its last: intake → pipeline → respond, or a failure in the client's format. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Log, Next, PreflightRequest } from '../contract.ts'
import { refusal } from '../errors.ts'
import { EngineCall } from '../pipeline/call.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { Lifetime } from '../pipeline/lifetime.ts'
import type { EngineReply } from '../pipeline/reply.ts'
import { Timings } from '../pipeline/timings.ts'
import type { Refusal } from '../refusal.ts'
import type { ActiveCalls } from './active-calls.ts'
import type { CallObserver } from './call-record.ts'
import { asRefusal, failureResponse } from './failure.ts'
import type { Intake } from './intake.ts'
import { respond, type StreamSettings, sendBytes } from './respond.ts'
import type { Endpoint, RouteTable } from './routes.ts'

/** A pipeline as the server sees it. */
export interface Pipeline {
  readonly name: string
  /** The provider that calls go to unless a processor says otherwise. */
  readonly provider: string
  readonly stream: StreamSettings
  /** Longest time in ms that a call may take. */
  readonly deadline: number | undefined
  readonly run: Next
  /** Headers of the answer to a browser's preflight; `undefined`: not allowed. */
  preflight(request: PreflightRequest): Readonly<Record<string, string>> | undefined
}

export interface HandlerParts {
  readonly routes: RouteTable
  readonly intake: Intake
  readonly pipelines: ReadonlyMap<string, Pipeline>
  readonly active: ActiveCalls
  readonly log: Log & { child(fields: { id: string }): Log }
  readonly observe: CallObserver
}

export class Handler {
  readonly #parts: HandlerParts

  constructor(parts: HandlerParts) {
    this.#parts = parts
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const timings = new Timings()
    const id = requestId(request)
    const log = this.#parts.log.child({ id })
    const [path = '', query = ''] = splitOnce(request.url ?? '', '?')
    const headers = request.headers as Readonly<Record<string, string | undefined>>
    const found = this.#parts.routes.find(methodOf(request), path, headers)
    if ('endpoint' in found && request.method === 'OPTIONS') {
      await this.#preflight(found.endpoint, headers, response, id)
    } else if ('endpoint' in found) {
      const { endpoint, pathModel } = found
      const arrival = { id, request, headers, endpoint, encodedModel: pathModel, query, log, timings }
      await new Visit(this.#parts, { ...arrival, lifetime: new Lifetime() }, response).run()
    } else {
      await refuseRoute(found, request, response, id)
    }
  }

  async #preflight(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string | undefined>>,
    response: ServerResponse,
    id: string,
  ): Promise<void> {
    const allowed = this.#parts.pipelines.get(endpoint.pipeline)?.preflight({
      origin: headers.origin,
      method: headers['access-control-request-method'],
      headers: headers['access-control-request-headers'],
    })
    await sendBytes(response, allowed ? 204 : 403, { ...ids(id), ...allowed }, Buffer.alloc(0))
  }
}

type Arriving = Parameters<Intake['receive']>[0]

/** One call on its way through the server. */
class Visit {
  readonly #parts: HandlerParts
  readonly #arrival: Arriving
  readonly #response: ServerResponse
  #exchange: Exchange | undefined
  #reply: EngineReply | undefined
  #error: Refusal | undefined

  constructor(parts: HandlerParts, arrival: Arriving, response: ServerResponse) {
    this.#parts = parts
    this.#arrival = arrival
    this.#response = response
  }

  async run(): Promise<void> {
    const { lifetime } = this.#arrival
    const leave = this.#parts.active.add(lifetime)
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) lifetime.abort(refusal('client_gone', 'The client left.'))
    })
    let release = (): void => {}
    let timer: NodeJS.Timeout | undefined
    try {
      if (this.#parts.active.stopping) throw refusal('stopping', 'The gateway is shutting down.', { retryAfterMs: 1000 })
      const received = await this.#parts.intake.receive(this.#arrival)
      release = received.release
      this.#exchange = received.exchange
      const pipeline = this.#pipeline()
      if (pipeline.deadline !== undefined) {
        timer = setTimeout(() => lifetime.abort(refusal('call_timeout', 'The call took longer than it may.')), pipeline.deadline)
      }
      this.#arrival.timings.add('intake', this.#arrival.timings.elapsedMs)
      this.#reply = (await pipeline.run(EngineCall.of(received.exchange, pipeline.provider))) as EngineReply
      await this.#respond(this.#reply, pipeline)
    } catch (error) {
      await this.#fail(error)
    } finally {
      clearTimeout(timer)
      lifetime.end()
      release()
      leave()
      this.#record()
    }
  }

  #pipeline(): Pipeline {
    const pipeline = this.#parts.pipelines.get(this.#arrival.endpoint.pipeline)
    if (!pipeline) throw new Error(`there is no pipeline "${this.#arrival.endpoint.pipeline}"`)
    return pipeline
  }

  async #respond(reply: EngineReply, pipeline: Pipeline): Promise<void> {
    const { endpoint } = this.#arrival
    if (reply.format !== endpoint.format) {
      reply.cancel()
      throw new Error(`the reply is in ${reply.format} and the client speaks ${endpoint.format}`)
    }
    await respond(reply, this.#response, this.#headers(), pipeline.stream)
  }

  async #fail(thrown: unknown): Promise<void> {
    const { lifetime, id, log, endpoint } = this.#arrival
    this.#reply?.cancel()
    this.#error = asRefusal(lifetime.reason ?? thrown, id, log)
    if (this.#response.headersSent || this.#response.destroyed) {
      // Too late for an answer: a broken connection at least cannot be taken for a whole one.
      this.#response.destroy()
      return
    }
    const { status, headers, body } = failureResponse(this.#error, { name: endpoint.format, wire: endpoint.wire }, id)
    // What was not read of the request would be taken for the next one.
    const close = this.#arrival.request.complete ? {} : { connection: 'close' }
    await sendBytes(this.#response, status, { ...this.#headers(), ...close, ...headers }, body)
  }

  #headers(): Record<string, string> {
    const { id, timings } = this.#arrival
    const close = this.#parts.active.stopping ? { connection: 'close' } : {}
    return { ...ids(id), 'server-timing': timings.header(), ...close }
  }

  #record(): void {
    const exchange = this.#exchange
    if (!exchange) return
    const end = this.#reply?.end
    const error = this.#error ?? end?.error
    this.#parts.observe({
      exchange,
      status: this.#response.headersSent ? this.#response.statusCode : 499,
      outcome: end?.outcome ?? (this.#error ? 'failed' : 'abandoned'),
      error: error?.code,
      usage: end?.knownUsage,
      responseModel: end?.model,
      finish: end?.finish,
      streamed: this.#reply?.stream ?? false,
    })
  }
}

async function refuseRoute(
  { allow, nearest }: { readonly allow: readonly string[]; readonly nearest: Endpoint | undefined },
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<void> {
  const error =
    allow.length > 0
      ? refusal('method_not_allowed', `This path takes ${allow.join(' or ')}, not ${request.method}.`, {
          headers: { allow: allow.join(', ') },
        })
      : refusal('route_not_found', 'Nothing is served here. The gateway prints its routes when it starts.')
  const format = nearest && { name: nearest.format, wire: nearest.wire }
  const { status, headers, body } = failureResponse(error, format, id)
  await sendBytes(response, status, { ...ids(id), ...headers, ...(request.complete ? {} : { connection: 'close' }) }, body)
}

/** `request-id` is where Anthropic's SDK looks, `x-request-id` everybody else. */
function ids(id: string): Record<string, string> {
  return { 'x-request-id': id, 'request-id': id }
}

/** A client may bring its own id, if it can stand in a header and in a log. */
function requestId(request: IncomingMessage): string {
  const theirs = request.headers['x-request-id']
  return typeof theirs === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(theirs) ? theirs : `req_${randomUUID().replaceAll('-', '')}`
}

/** A preflight asks about the method that is to follow. */
function methodOf(request: IncomingMessage): string {
  if (request.method !== 'OPTIONS') return request.method ?? 'GET'
  const asked = request.headers['access-control-request-method']
  return typeof asked === 'string' ? asked : 'OPTIONS'
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
