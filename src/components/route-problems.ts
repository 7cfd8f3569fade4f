import type { Config, PipelineConfig } from '../config/config.ts'
import type { Problem } from '../config/problems.ts'
import type { WireFormat } from '../formats/wire-format.ts'
import { clashes, type Endpoint } from '../server/routes.ts'
import type { Blueprint } from './load-all.ts'

/** What is wrong with a configuration that only its formats can tell: routes that clash, conversions that are missing. */
export function routeProblems(blueprint: Blueprint, endpoints: readonly Endpoint[]): readonly Problem[] {
  const { config } = blueprint
  return [
    ...clashProblems(config, endpoints),
    ...[...config.pipelines.values()].flatMap(each => conversionProblems(blueprint, each)),
  ]
}

function clashProblems({ pipelines }: Config, endpoints: readonly Endpoint[]): readonly Problem[] {
  const told = new Set<string>()
  return clashes(endpoints).flatMap(({ first, second }) => {
    const pair = `${first.pipeline} ${first.format} ${second.pipeline} ${second.format}`
    const place = pipelines.get(second.pipeline)?.place.at('parsers')
    if (told.has(pair) || !place) return []
    told.add(pair)
    const other = first.pipeline === second.pipeline ? first.format : `${first.format} of pipeline "${first.pipeline}"`
    return [
      place.problem(
        `${second.format} and ${other} both serve ${second.route.method} ${second.path}; give one of them a prefix`,
      ),
    ]
  })
}

/** Calls in a format that the provider does not speak need a `convert`, and that shows before the first call. */
function conversionProblems({ config, kinds, formats }: Blueprint, pipeline: PipelineConfig): readonly Problem[] {
  if (pipeline.steps.some(({ use }) => use === 'convert')) return []
  return reachable(pipeline).flatMap(name => {
    const kind = kinds.get(config.providers.get(name)?.client ?? '')
    if (!kind || kind.embedded) return []
    const foreign = pipeline.parsers
      .map(({ use }) => use)
      .filter(use => use !== kind.format && sharesOperations(formats.get(use), formats.get(kind.format)))
    if (foreign.length === 0) return []
    return [
      pipeline.place
        .at('processors')
        .problem(
          `${foreign.join(', ')} calls can reach the provider "${name}", which speaks ${kind.format}; add a processor with use = "convert"`,
        ),
    ]
  })
}

function reachable(pipeline: PipelineConfig): readonly string[] {
  const referred = pipeline.steps.flatMap(({ references }) =>
    references.filter(({ kind }) => kind === 'provider').map(({ value }) => value),
  )
  return [...new Set([pipeline.provider, ...referred])]
}

/** Formats with nothing in common (chat and embeddings) cannot be converted, and need no `convert`. */
function sharesOperations(a: WireFormat | undefined, b: WireFormat | undefined): boolean {
  const operations = new Set(b?.routes.map(({ operation }) => operation))
  return a?.routes.some(({ operation }) => operation !== 'list-models' && operations.has(operation)) ?? false
}
