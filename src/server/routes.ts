/**
 * Which parser of which pipeline serves a path. Several formats may share the routes of their model lists; then the
 * headers that only one format's clients send decide.
 */
import type { Format } from '../contract.ts'
import type { Route, WireFormat } from '../formats/wire-format.ts'

/** One route of one parser of one pipeline. */
export interface Endpoint {
  readonly pipeline: string
  readonly format: Format
  readonly wire: WireFormat
  readonly route: Route
  /** The whole path with its prefixes; `{model}` stands for one or more segments. */
  readonly path: string
}

export type RouteMatch =
  | { readonly endpoint: Endpoint; readonly pathModel?: string }
  /** Nobody serves this; `endpoint` is the nearest, whose format the refusal is to have. */
  | { readonly allow: readonly string[]; readonly nearest: Endpoint | undefined }

type Headers = Readonly<Record<string, string | undefined>>

export class RouteTable {
  readonly #endpoints: readonly Endpoint[]
  readonly #byPath = new Map<string, Endpoint[]>()
  readonly #withModel: Endpoint[] = []

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints
    for (const endpoint of endpoints) {
      if (endpoint.path.includes('{model}')) this.#withModel.push(endpoint)
      else this.#byPath.set(endpoint.path, [...(this.#byPath.get(endpoint.path) ?? []), endpoint])
    }
    // `…/{model}:generateContent` before `…/{model}`, which would take the action for a part of the name.
    this.#withModel.sort((a, b) => suffix(b).length - suffix(a).length)
  }

  /** @param sent the path as it was sent, still percent-encoded; a slash at its end means nothing */
  find(method: string, sent: string, headers: Headers): RouteMatch {
    const path = sent.length > 1 && sent.endsWith('/') ? sent.slice(0, -1) : sent
    const exact = this.#byPath.get(path)
    if (exact) return choose(exact, method, headers)
    const candidates = this.#withModel
      .map(endpoint => ({ endpoint, pathModel: modelIn(path, endpoint.path) }))
      .filter((each): each is { endpoint: Endpoint; pathModel: string } => each.pathModel !== undefined)
    const longest = candidates[0] && suffix(candidates[0].endpoint)
    const fitting = candidates.filter(({ endpoint }) => suffix(endpoint) === longest)
    if (fitting.length === 0) return { allow: [], nearest: this.#nearest(path, headers) }
    const found = choose(
      fitting.map(({ endpoint }) => endpoint),
      method,
      headers,
    )
    const model = fitting.find(({ endpoint }) => 'endpoint' in found && endpoint === found.endpoint)
    return model && 'endpoint' in found ? { endpoint: found.endpoint, pathModel: model.pathModel } : found
  }

  /** Whose words a refusal is to use: the format whose headers are there, else the one with the most alike path. */
  #nearest(path: string, headers: Headers): Endpoint | undefined {
    const told = this.#endpoints.find(({ wire }) => isClientOf(wire, headers))
    if (told) return told
    // Of equals, one whose clients cannot be told by a header: of the others it is known that they are not theirs.
    const [nearest] = this.#endpoints.toSorted(
      (a, b) => alike(path, b.path) - alike(path, a.path) || Number(hasClientHeaders(a)) - Number(hasClientHeaders(b)),
    )
    return nearest
  }
}

function choose(endpoints: readonly Endpoint[], method: string, headers: Headers): RouteMatch {
  const [only] = endpoints
  if (endpoints.length === 1 && only?.route.method === method) return { endpoint: only }
  const fitting = endpoints.filter(({ route }) => route.method === method)
  const [first] = fitting
  if (!first) return { allow: [...new Set(endpoints.map(({ route }) => route.method))], nearest: endpoints[0] }
  const told = fitting.find(({ wire }) => isClientOf(wire, headers))
  return { endpoint: told ?? fitting.find(({ wire }) => !wire.clientHeaders) ?? first }
}

function isClientOf(wire: WireFormat, headers: Headers): boolean {
  return wire.clientHeaders?.some(name => headers[name] !== undefined) ?? false
}

function hasClientHeaders({ wire }: Endpoint): boolean {
  return wire.clientHeaders !== undefined
}

function suffix({ path }: Endpoint): string {
  return path.slice(path.indexOf('{model}') + '{model}'.length)
}

/** The model's segments in `path`, still encoded; `undefined` when it does not fit the pattern. */
function modelIn(path: string, pattern: string): string | undefined {
  const [before = '', after = ''] = pattern.split('{model}')
  const fits = path.startsWith(before) && path.endsWith(after) && path.length > before.length + after.length
  return fits ? path.slice(before.length, path.length - after.length) : undefined
}

/** How many leading segments two paths share. */
function alike(a: string, b: string): number {
  const [these, those] = [a.split('/'), b.split('/')]
  const differs = these.findIndex((segment, index) => segment !== those[index])
  return differs < 0 ? these.length : differs
}

/** Two endpoints that a request could not tell apart, in the words of the configuration. */
export function clashes(endpoints: readonly Endpoint[]): { readonly first: Endpoint; readonly second: Endpoint }[] {
  return endpoints.flatMap((second, index) => {
    const first = endpoints
      .slice(0, index)
      .find(
        other => other.path === second.path && other.route.method === second.route.method && !mayShare(other, second),
      )
    return first ? [{ first, second }] : []
  })
}

/** Parsers of one pipeline may share a route when their clients can be told apart by headers. */
function mayShare(a: Endpoint, b: Endpoint): boolean {
  return (
    a.pipeline === b.pipeline && a.format !== b.format && (a.wire.clientHeaders ?? b.wire.clientHeaders) !== undefined
  )
}
