/** Which parser serves a request; what nobody serves is refused here. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { refusal } from '../errors.ts'
import { Lifetime } from '../pipeline/lifetime.ts'
import { Timings } from '../pipeline/timings.ts'
import { asRefusal, failureResponse } from './failure.ts'
import { requestIds } from './request-ids.ts'
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
    try {
      const allowed = this.#parts.pipelines.get(endpoint.pipeline)?.preflight({
        origin: headers.origin,
        method: headers['access-control-request-method'],
        headers: headers['access-control-request-headers'],
      })
      await sendBytes(response, allowed ? 204 : 403, { ...requestIds(id), ...allowed }, Buffer.alloc(0))
    } catch (error) {
      const told = asRefusal(error, id, this.#parts.log.child({ id }))
      const failure = failureResponse(told, { name: endpoint.format, wire: endpoint.wire }, id)
      await sendBytes(response, failure.status, { ...requestIds(id), ...failure.headers }, failure.body)
    }
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
  await sendBytes(
    response,
    status,
    { ...requestIds(id), ...headers, ...(hasUnreadBody(request) ? { connection: 'close' } : {}) },
    body,
  )
}

/** Ids are unique, not secret: random for the process, counted within it. */
const PROCESS = randomBytes(8).toString('hex')
let count = 0

/** A client may bring its own id, if it can stand in a header and in a log. */
function requestId(request: IncomingMessage): string {
  const theirs = request.headers['x-request-id']
  return typeof theirs === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(theirs)
    ? theirs
    : `req_${PROCESS}${(++count).toString(36).padStart(8, '0')}`
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
