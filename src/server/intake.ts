/** Request on the socket → exchange: everything that is checked before the first processor runs. */
import type { IncomingMessage } from 'node:http'
import type { Format, Log } from '../contract.ts'
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
import { type BodyLimits, IncomingBody } from './read-body.ts'
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

type BodyCheck = (body: unknown) => void

export class Intake {
  readonly #surroundings: Surroundings
  readonly #limits: BodyLimits
  /** Compiled once for all requests of a gateway: format → operation → check. */
  readonly #checks = new Map<Format, ReadonlyMap<string, BodyCheck>>()

  constructor(surroundings: Surroundings, limits: BodyLimits) {
    this.#surroundings = surroundings
    this.#limits = limits
    for (const [name, { schemas }] of surroundings.formats) {
      const checks = Object.entries(schemas).map(([operation, schema]) => [operation, bodyCheck(schema)] as const)
      this.#checks.set(name, new Map(checks))
    }
  }

  /** Where the body of a request is to be read, and its memory to be given back. */
  body(): IncomingBody {
    return new IncomingBody(this.#limits)
  }

  /**
   * @param bytes the request's body; `undefined` where it has none
   * @throws Refusal
   */
  receive(arrival: Arrival, bytes: Buffer | undefined): Exchange {
    if (bytes === undefined) return this.#exchange(arrival, undefined, undefined)
    const { format, route } = arrival.endpoint
    const body = withModel(parseBody(bytes, arrival.headers), arrival)
    const check = this.#checks.get(format)?.get(route.operation)
    check?.(body.outline)
    return this.#exchange(arrival, body, check)
  }

  #exchange(arrival: Arrival, body: Body | undefined, check: BodyCheck | undefined): Exchange {
    const { id, log, lifetime, timings, headers, endpoint, encodedModel } = arrival
    const query = readQuery(arrival.query)
    const request: RequestParts = {
      route: endpoint.route,
      query,
      headers,
      body: body?.value,
      ...(encodedModel === undefined ? undefined : { pathModel: pathModel(encodedModel) }),
    }
    const head = endpoint.wire.readHead(request)
    const credential = credentialOf(headers, query)
    const address = arrival.request.socket.remoteAddress ?? ''
    return {
      id,
      pipeline: endpoint.pipeline,
      format: endpoint.format,
      head,
      request,
      body,
      checkBody: check,
      client: credential === undefined ? { headers, address } : { headers, address, credential },
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

const NO_QUERY: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

function readQuery(text: string): Readonly<Record<string, string>> {
  if (text === '') return NO_QUERY
  const query: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) query[name] ??= value
  return query
}
