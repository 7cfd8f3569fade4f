/** One call on its way through the server: intake → pipeline → respond, or a failure in the client's format. */
import type { ServerResponse } from 'node:http'
import type { Log, Next, Outcome, PreflightRequest, RequestHeaders } from '../contract.ts'
import { refusal } from '../errors.ts'
import { EngineCall } from '../pipeline/call.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { EngineReply } from '../pipeline/reply.ts'
import type { Refusal } from '../refusal.ts'
import type { ActiveCalls } from './active-calls.ts'
import type { CallObserver, RefusalObserver } from './call-record.ts'
import { asRefusal, failureResponse } from './failure.ts'
import type { Arrival, Intake } from './intake.ts'
import { requestIds } from './request-ids.ts'
import { respond, type StreamObserver, type StreamSettings, sendBytes } from './respond.ts'
import { hasUnreadBody } from './unread-body.ts'

/** A pipeline as the server sees it. */
export interface Pipeline {
  readonly name: string
  /** The provider that calls go to unless a processor says otherwise. */
  readonly provider: string
  readonly stream: StreamSettings
  /** Longest time in ms that a call may take. */
  readonly deadline: number | undefined
  readonly run: Next
  /** Headers of every response, whatever becomes of the call. */
  responseHeaders(request: RequestHeaders): Readonly<Record<string, string>>
  /** Headers of the answer to a browser's preflight; `undefined`: not allowed. */
  preflight(request: PreflightRequest): Readonly<Record<string, string>> | undefined
}

export interface VisitParts {
  readonly intake: Intake
  readonly pipelines: ReadonlyMap<string, Pipeline>
  readonly active: ActiveCalls
  readonly log: Log & { child(fields: { id: string }): Log }
  readonly observe: CallObserver
  /** Told of requests that never became a call. */
  readonly refused: RefusalObserver
  readonly streams: StreamObserver
}

export class Visit {
  readonly #parts: VisitParts
  readonly #arrival: Arrival
  readonly #response: ServerResponse
  #exchange: Exchange | undefined
  #reply: EngineReply | undefined
  #error: Refusal | undefined

  constructor(parts: VisitParts, arrival: Arrival, response: ServerResponse) {
    this.#parts = parts
    this.#arrival = arrival
    this.#response = response
  }

  async run(): Promise<void> {
    const { lifetime } = this.#arrival
    const leave = this.#parts.active.add(lifetime)
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) lifetime.abort(refusal('client_gone', 'The client left.'))
    })
    const body = this.#parts.intake.body()
    let timer: NodeJS.Timeout | undefined
    try {
      if (this.#parts.active.stopping)
        throw refusal('stopping', 'The gateway is shutting down.', { retryAfterMs: 1000 })
      const { request, endpoint } = this.#arrival
      const bytes = endpoint.route.method === 'GET' ? undefined : await body.read(request)
      this.#exchange = this.#parts.intake.receive(this.#arrival, bytes)
      const pipeline = this.#pipeline()
      if (pipeline.deadline !== undefined) {
        lifetime.limitTo(performance.now() + pipeline.deadline)
        timer = setTimeout(
          () => lifetime.abort(refusal('call_timeout', 'The call took longer than it may.')),
          pipeline.deadline,
        )
      }
      this.#arrival.timings.add('intake', this.#arrival.timings.elapsedMs)
      this.#reply = (await pipeline.run(EngineCall.of(this.#exchange, pipeline.provider))) as EngineReply
      await this.#respond(this.#reply, pipeline)
    } catch (error) {
      await this.#fail(error)
    } finally {
      clearTimeout(timer)
      lifetime.end()
      body.release()
      leave()
      this.#record()
    }
  }

  #pipeline(): Pipeline {
    const pipeline = this.#parts.pipelines.get(this.#arrival.endpoint.pipeline)
    if (!pipeline) throw new Error(`there is no pipeline "${this.#arrival.endpoint.pipeline}"`)
    return pipeline
  }

  #respond(reply: EngineReply, pipeline: Pipeline): Promise<Outcome> {
    const { endpoint } = this.#arrival
    if (reply.format !== endpoint.format) {
      reply.cancel()
      throw new Error(`the reply is in ${reply.format} and the client speaks ${endpoint.format}`)
    }
    return respond(reply, this.#response, this.#headers(), pipeline.stream, this.#parts.streams)
  }

  async #fail(thrown: unknown): Promise<void> {
    const { lifetime, id, log } = this.#arrival
    this.#error = asRefusal(lifetime.reason ?? thrown, id, log)
    this.#reply?.origin.cancel()
    this.#reply?.end.settle(this.#unanswered())
    try {
      await this.#tell(this.#error, this.#headers())
    } catch (error) {
      // The headers that processors ask for may be no headers.
      this.#error = asRefusal(error, id, log)
      await this.#tell(this.#error, requestIds(id))
    }
  }

  async #tell(error: Refusal, own: Readonly<Record<string, string>>): Promise<void> {
    const { id, endpoint, request } = this.#arrival
    if (this.#response.headersSent || this.#response.destroyed) {
      // Too late for an answer: a broken connection at least cannot be taken for a whole one.
      this.#response.destroy()
      return
    }
    const { status, headers, body } = failureResponse(error, { name: endpoint.format, wire: endpoint.wire }, id)
    // What was not read of the request would be taken for the next one.
    const close = hasUnreadBody(request) ? { connection: 'close' } : {}
    await sendBytes(this.#response, status, { ...own, ...close, ...headers }, body)
  }

  /** How a call ended that got no answer. */
  #unanswered(): Outcome {
    return this.#error === undefined || this.#error.code === 'client_gone' ? 'abandoned' : 'failed'
  }

  #headers(): Record<string, string> {
    const { id, timings, endpoint, headers } = this.#arrival
    const own = this.#parts.pipelines.get(endpoint.pipeline)?.responseHeaders(headers)
    const all: Record<string, string> = { ...requestIds(id), 'server-timing': timings.header(), ...own }
    return this.#parts.active.stopping ? { connection: 'close', ...all } : all
  }

  #record(): void {
    const exchange = this.#exchange
    if (!exchange) {
      this.#recordRefusal()
      return
    }
    const end = this.#reply?.end
    const outcome = end?.outcome ?? this.#unanswered()
    const error = this.#error ?? end?.error
    this.#parts.observe({
      exchange,
      status: this.#response.headersSent ? this.#response.statusCode : 499,
      outcome,
      error: error?.code ?? (outcome === 'abandoned' ? 'client_gone' : undefined),
      usage: end?.knownUsage,
      cost: this.#reply?.knownCost,
      responseModel: end?.model,
      finish: end?.finish,
      streamed: this.#reply?.stream ?? false,
    })
  }

  /** A request that never became a call: nothing is known of it but where it came in and why it was refused. */
  #recordRefusal(): void {
    const { endpoint, log } = this.#arrival
    const status = this.#response.headersSent ? this.#response.statusCode : 499
    const code = this.#error?.code ?? 'client_gone'
    this.#parts.refused({ pipeline: endpoint.pipeline, format: endpoint.format, status, code })
    log.info('refused', { pipeline: endpoint.pipeline, format: endpoint.format, status, error: code })
  }
}
