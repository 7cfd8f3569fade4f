import type { OptionsOf } from '../options.ts'
import type { Checked } from './check-options.ts'
import { checkSection, failed } from './check-section.ts'
import type { FormatEntry, ParserConfig, PipelineConfig } from './config.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Place } from './place.ts'
import type { Problem } from './problems.ts'
import { PARSER_SCHEMA, PIPELINE_LISTS, PIPELINE_SCHEMA } from './schema.ts'
import { entryOf, isTable, splitTable } from './table.ts'

/** A pipeline before its steps are checked. */
export type PipelineHead = Omit<PipelineConfig, 'steps'>

/** Checks one `[pipelines.<name>]` but for its processors. */
export function checkPipeline(
  name: string,
  value: unknown,
  place: Place,
  formats: ReadonlyMap<string, FormatEntry>,
): Checked<PipelineHead> {
  if (!isTable(value)) return failed([place.problem('must be a table')])
  const [lists, own] = splitTable(value, PIPELINE_LISTS)
  const head = checkSection(PIPELINE_SCHEMA, own, place, PIPELINE_LISTS)
  const parsers = checkParsers(entryOf(lists, 'parsers'), place.at('parsers'), formats)
  const problems = [...head.problems, ...parsers.problems]
  if (problems.length > 0 || head.value === undefined || parsers.value === undefined) {
    return failed(problems, head.references)
  }
  const pipeline = pipelineHead(name, head.value, parsers.value, place)
  return { value: Object.freeze(pipeline), problems: [], references: head.references }
}

function pipelineHead(
  name: string,
  table: OptionsOf<typeof PIPELINE_SCHEMA>,
  parsers: readonly ParserConfig[],
  place: Place,
): PipelineHead {
  const { buffer_events, buffer_bytes, heartbeat, stall_timeout } = table.stream
  return {
    name,
    prefix: table.prefix,
    parsers,
    provider: table.provider,
    stream: Object.freeze({
      bufferEvents: buffer_events,
      bufferBytes: buffer_bytes,
      heartbeat,
      stallTimeout: stall_timeout,
    }),
    ...(table.deadline !== undefined && { deadline: table.deadline }),
    place,
  }
}

function checkParsers(
  value: unknown,
  place: Place,
  formats: ReadonlyMap<string, FormatEntry>,
): Checked<readonly ParserConfig[]> {
  if (value === undefined) return failed([place.problem('is missing: a pipeline without a parser has no route')])
  if (!Array.isArray(value)) return failed([place.problem('must be an array, such as ["openai-chat"]')])
  if (value.length === 0) return failed([place.problem('must not be empty: a pipeline without a parser has no route')])
  const checked = value.map((entry, index) => checkParser(entry, place.at(index), formats))
  const parsers = checked.flatMap(entry => entry.value ?? [])
  const problems = checked.flatMap(entry => entry.problems)
  if (parsers.length < checked.length) return failed(problems)
  return { value: Object.freeze(parsers), problems, references: [] }
}

function checkParser(entry: unknown, place: Place, formats: ReadonlyMap<string, FormatEntry>): Checked<ParserConfig> {
  if (typeof entry !== 'string' && !isTable(entry))
    return failed([place.problem('must be a name, or a table with "use"')])
  const { value, problems } = checkSection(PARSER_SCHEMA, typeof entry === 'string' ? { use: entry } : entry, place)
  if (value === undefined) return failed(problems)
  const namePlace = typeof entry === 'string' ? place : place.at('use')
  const faults = formatProblems(value.use, namePlace, formats)
  return faults.length > 0
    ? failed(faults)
    : { value: Object.freeze({ ...value, place }), problems: [], references: [] }
}

function formatProblems(name: string, place: Place, formats: ReadonlyMap<string, FormatEntry>): readonly Problem[] {
  if (formats.has(name) || place.origin?.kind === 'unknown') return []
  const names = [...formats.keys()]
  const hint = place.show(name) === undefined ? '' : didYouMean(name, names)
  return [place.problem(`there is no such format${hint === '' ? `; known: ${names.join(', ')}` : hint}`)]
}
