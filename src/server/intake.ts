/** Request on the socket → exchange: everything that is checked before the first processor runs. */
import type { IncomingMessage } from 'node:http'
import type { Format, Log, Operation } from '../contract.ts'
import { bodyCheck } from '../formats/validate.ts'
import type { RequestParts } from '../formats/wire-format.ts'
import type { Body } from '../pipeline/body.ts'
import type { Exchange, Surroundings } from '../pipeline/exchange.ts'
import type { Lifetime } from '../pipeline/lifetime.ts'
import type { Timings } from '../pipeline/timings.ts'
import { Trail } from '../pipeline/trail.ts'
import { credentialOf } from './credential.ts'
import { parseBody } from './parse-body.ts'
import { pathModel } from './path-model.ts'
import { type BodyLimits, readBody } from './read-body.ts'
import type { Endpoint } from './routes.ts'

export interface Arrival {
  readonly id: string
  readonly request: IncomingMessage
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly endpoint: Endpoint
  readonly encodedModel: string | undefined
  /** Raw query, without `?`. */
  readonly query: string
  readonly log: Log
  readonly lifetime: Lifetime
  readonly timings: Timings
}

/** Compiled once for all requests of a gateway: format and operation → check. */
export class Intake {
  readonly #surroundings: Surroundings
  readonly #limits: BodyLimits
  readonly #checks = new Map<string, (body: unknown) => void>()

  constructor(surroundings: Surroundings, limits: BodyLimits) {
    this.#surroundings = surroundings
    this.#limits = limits
    for (const [name, { schemas }] of surroundings.formats) {
      for (const [operation, schema] of Object.entries(schemas)) {
        this.#checks.set(key(name, operation as Operation), bodyCheck(schema))
      }
    }
  }

  /**
   * @returns the exchange, and a function that gives the memory of its body back
   * @throws Refusal
   */
  async receive(arrival: Arrival): Promise<{ readonly exchange: Exchange; release(): void }> {
    const { endpoint } = arrival
    if (endpoint.route.method === 'GET') return { exchange: this.#exchange(arrival, undefined), release: () => {} }
    const { bytes, release } = await readBody(arrival.request, this.#limits)
    try {
      const body = withModel(parseBody(bytes, arrival.headers), arrival)
      this.#checkOf(endpoint)?.(body.outline)
      return { exchange: this.#exchange(arrival, body), release }
    } catch (error) {
      release()
      throw error
    }
  }

  #checkOf({ format, route }: Endpoint): ((body: unknown) => void) | undefined {
    return this.#checks.get(key(format, route.operation))
  }

  #exchange({ endpoint, encodedModel, ...arrival }: Arrival, body: Body | undefined): Exchange {
    const { id, log, lifetime, timings, headers } = arrival
    const query = readQuery(arrival.query)
    const request: RequestParts = {
      route: endpoint.route,
      query,
      headers,
      body: body?.value,
      ...(encodedModel === undefined ? {} : { pathModel: pathModel(encodedModel) }),
    }
    const head = endpoint.wire.readHead(request)
    const credential = credentialOf(headers, query)
    const check = this.#checkOf(endpoint)
    return {
      id,
      pipeline: endpoint.pipeline,
      format: endpoint.format,
      head,
      request,
      ...(body ? { body } : {}),
      ...(check ? { checkBody: check } : {}),
      client: {
        headers,
        address: arrival.request.socket.remoteAddress ?? '',
        ...(credential === undefined ? {} : { credential }),
      },
      log,
      lifetime,
      timings,
      trail: new Trail(),
      created: Math.floor(Date.now() / 1000),
      surroundings: this.#surroundings,
    }
  }
}

/** Azure's clients may name the model in the path alone; where the format has it in the body, it is put there. */
function withModel(body: Body, { endpoint, encodedModel }: Arrival): Body {
  if (encodedModel === undefined || endpoint.wire.modelIn !== 'body') return body
  const { model } = Object(body.value)
  return model === undefined ? body.with('model', JSON.stringify(pathModel(encodedModel))) : body
}

function key(format: Format, operation: Operation): string {
  return `${format} ${operation}`
}

const NO_QUERY: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

function readQuery(text: string): Readonly<Record<string, string>> {
  if (text === '') return NO_QUERY
  const query: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) query[name] ??= value
  return query
}
