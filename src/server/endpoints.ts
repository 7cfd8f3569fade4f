import type { Format } from '../contract.ts'
import type { Route, WireFormat } from '../formats/wire-format.ts'
import type { Endpoint } from './routes.ts'

export interface ParserSettings {
  /** Name of a format. */
  readonly use: string
  /** Stands between the pipeline's prefix and the format's own path. */
  readonly prefix?: string
  /** Replaces the path of the format's main route. */
  readonly path?: string
}

/** All routes of one pipeline's parsers, with their prefixes. */
export function endpointsOf(
  pipeline: { readonly name: string; readonly prefix: string; readonly parsers: readonly ParserSettings[] },
  formats: ReadonlyMap<Format, WireFormat>,
): readonly Endpoint[] {
  return pipeline.parsers.flatMap(parser => {
    const wire = formats.get(parser.use)
    if (!wire) return []
    return wire.routes.map((route, index) => ({
      pipeline: pipeline.name,
      format: parser.use,
      wire,
      route,
      path: `${pipeline.prefix}${parser.prefix ?? ''}${pathOf(route, index, parser.path)}`,
    }))
  })
}

/** The first route of a format is its main one: that is what `path` moves. */
function pathOf(route: Route, index: number, path: string | undefined): string {
  return index === 0 && path !== undefined ? path : route.path
}
