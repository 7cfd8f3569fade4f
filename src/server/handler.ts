/** Which parser serves a request; what nobody serves is refused here. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { refusal } from '../errors.ts'
import { Lifetime } from '../pipeline/lifetime.ts'
import { Timings } from '../pipeline/timings.ts'
import type { Refusal } from '../refusal.ts'
import { asRefusal, failureResponse } from './failure.ts'
import { headProblem } from './request-head.ts'
import { requestId, requestIds } from './request-ids.ts'
import { sendBytes } from './respond.ts'
import type { Endpoint, RouteTable } from './routes.ts'
import { hasUnreadBody } from './unread-body.ts'
import { Visit, type VisitParts } from './visit.ts'

export interface HandlerParts extends VisitParts {
  readonly routes: RouteTable
}

export class Handler {
  readonly #parts: HandlerParts

  constructor(parts: HandlerParts) {
    this.#parts = parts
  }

  handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const timings = new Timings()
    const id = requestId(request)
    const log = this.#parts.log.child({ id })
    const [path = '', query = ''] = splitOnce(request.url ?? '', '?')
    const headers = request.headers as Readonly<Record<string, string | undefined>>
    const found = this.#parts.routes.find(methodOf(request), path, headers)
    const visitor = { request, response, id }
    const problem = headProblem(request)
    if (problem) return refuse(problem, 'endpoint' in found ? found.endpoint : found.nearest, visitor, true)
    if (!('endpoint' in found)) return refuse(routeProblem(request, found.allow), found.nearest, visitor)
    if (request.method === 'OPTIONS') return this.#preflight(found.endpoint, headers, visitor)
    const { endpoint, pathModel: encodedModel } = found
    const lifetime = new Lifetime()
    const arrival = { id, request, headers, endpoint, encodedModel, query, log, timings, lifetime }
    return new Visit(this.#parts, arrival, response).run()
  }

  async #preflight(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string | undefined>>,
    visitor: Visitor,
  ): Promise<void> {
    const { response, id } = visitor
    try {
      const allowed = this.#parts.pipelines.get(endpoint.pipeline)?.preflight({
        origin: headers.origin,
        method: headers['access-control-request-method'],
        headers: headers['access-control-request-headers'],
      })
      await sendBytes(response, allowed ? 204 : 403, { ...requestIds(id), ...allowed }, Buffer.alloc(0))
    } catch (error) {
      await refuse(asRefusal(error, id, this.#parts.log.child({ id })), endpoint, visitor)
    }
  }
}

interface Visitor {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly id: string
}

/** @param nearest whose words to use. @param close whether the connection can carry no further request */
async function refuse(
  error: Refusal,
  nearest: Endpoint | undefined,
  { request, response, id }: Visitor,
  close = hasUnreadBody(request),
): Promise<void> {
  const format = nearest && { name: nearest.format, wire: nearest.wire }
  const { status, headers, body } = failureResponse(error, format, id)
  await sendBytes(response, status, { ...requestIds(id), ...headers, ...(close ? { connection: 'close' } : {}) }, body)
}

function routeProblem({ method }: IncomingMessage, allow: readonly string[]): Refusal {
  if (allow.length === 0) {
    return refusal('route_not_found', 'Nothing is served here. The gateway prints its routes when it starts.')
  }
  const headers = { allow: allow.join(', ') }
  return refusal('method_not_allowed', `This path takes ${allow.join(' or ')}, not ${method}.`, { headers })
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
