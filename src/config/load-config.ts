import { checkModels } from './check-models.ts'
import type { Checked } from './check-options.ts'
import { checkPipeline, type PipelineHead } from './check-pipeline.ts'
import { checkProvider } from './check-provider.ts'
import { failed } from './check-section.ts'
import { checkStep, type LoadProcessor, labelProblems, labelSteps } from './check-step.ts'
import type { Config, FormatEntry, PipelineConfig, ProviderKindEntry } from './config.ts'
import {
  clientsNameProviders,
  deadReferences,
  exposureProblems,
  leftOpenProblems,
  nameProblems,
  unusedProviders,
} from './cross-checks.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Environment } from './environment.ts'
import type { Place } from './place.ts'
import { ConfigProblems, type Problem } from './problems.ts'
import { type RawConfig, readConfig } from './read-config.ts'
import { checkSettings } from './settings.ts'
import { entryOf, isTable, type Table } from './table.ts'

/** Where a configuration comes from, and what its names may refer to. */
export interface ConfigSource {
  readonly path: string
  readonly environment: Environment
  readonly providerKinds: ReadonlyMap<string, ProviderKindEntry>
  readonly formats: ReadonlyMap<string, FormatEntry>
  readonly loadProcessor: LoadProcessor
}

/**
 * Reads and checks a configuration with everything that it names.
 * @throws ConfigProblems with every problem of the file at once
 */
export async function loadConfig(source: ConfigSource): Promise<Config> {
  const raw = await readConfig(source.path, source.environment, source.providerKinds)
  if ('message' in raw) throw new ConfigProblems([raw])
  const settings = checkSettings(raw.value, raw.place)
  const models = checkModels(entryOf(raw.value, 'model_capabilities'), raw.place.at('model_capabilities'))
  const providers = checkEach(raw, 'providers', (name, value, place) =>
    checkProvider(name, value, place, source.providerKinds),
  )
  const pipelines = await checkPipelines(raw, source)
  const problems = [
    ...raw.problems,
    ...unknownSections(raw),
    ...settings.problems,
    ...models.problems,
    ...deadReferences(models.references, Object.keys(tableAt(raw, 'providers'))),
    ...providers.problems,
    ...pipelines.problems,
    ...wholeProblems(raw, source, [providers, pipelines]),
  ]
  if (problems.length > 0 || !settings.value || !models.value || !providers.value || !pipelines.value)
    throw new ConfigProblems(problems)
  return Object.freeze({
    file: raw.file,
    ...settings.value,
    modelCapabilities: models.value,
    providers: providers.value,
    pipelines: pipelines.value,
  })
}

/** The tables at the top of the file. */
const SECTIONS: readonly string[] = [
  'server',
  'metrics',
  'log',
  'store',
  'prices',
  'model_capabilities',
  'providers',
  'pipelines',
]

function unknownSections({ value, place }: RawConfig): readonly Problem[] {
  return Object.keys(value)
    .filter(key => !SECTIONS.includes(key))
    .map(key => place.at(key).problem(`unknown key${didYouMean(key, SECTIONS)}`, 'key'))
}

/** Checks every table of a section under its name. */
function checkEach<Value>(
  raw: RawConfig,
  section: 'providers' | 'pipelines',
  check: (name: string, value: unknown, place: Place) => Checked<Value>,
): Checked<ReadonlyMap<string, Value>> {
  const tables = entryOf(raw.value, section)
  const place = raw.place.at(section)
  if (tables === undefined || (isTable(tables) && Object.keys(tables).length === 0)) {
    return failed([place.problem(`there is none; add [${section}.main]`)])
  }
  if (!isTable(tables)) return failed([place.problem('must be a table of tables')])
  const checked = Object.entries(tables).map(([name, value]) => ({ name, ...check(name, value, place.at(name)) }))
  const value = new Map<string, Value>()
  for (const entry of checked) if (entry.value !== undefined) value.set(entry.name, entry.value)
  return {
    ...(value.size === checked.length && { value }),
    problems: [...nameProblems(tables, place), ...checked.flatMap(entry => entry.problems)],
    references: checked.flatMap(entry => entry.references),
  }
}

async function checkPipelines(
  raw: RawConfig,
  source: ConfigSource,
): Promise<Checked<ReadonlyMap<string, PipelineConfig>>> {
  const heads = checkEach(raw, 'pipelines', (name, value, place) => checkPipeline(name, value, place, source.formats))
  const chains: Chain[] = []
  for (const [name, table] of Object.entries(tableAt(raw, 'pipelines'))) {
    chains.push(await checkChain(name, table, raw.place.at('pipelines', name, 'processors'), source.loadProcessor))
  }
  const problems = [...heads.problems, ...chains.flatMap(chain => chain.problems)]
  const references = [...heads.references, ...chains.flatMap(chain => chain.references)]
  const whole = heads.value !== undefined && chains.every(chain => chain.value !== undefined)
  if (!whole) return { problems, references }
  return { value: joinPipelines(heads.value, chains), problems, references }
}

type Chain = Checked<PipelineConfig['steps']> & { readonly name: string }

/** The processors of one pipeline, checked in their order: an import may have effects. */
async function checkChain(name: string, pipeline: unknown, place: Place, load: LoadProcessor): Promise<Chain> {
  const tables = (isTable(pipeline) ? entryOf(pipeline, 'processors') : undefined) ?? []
  if (!Array.isArray(tables)) return { name, ...failed([place.problem('must be an array of tables')]) }
  const checked = []
  for (const [index, table] of tables.entries()) checked.push(await checkStep(table, place.at(index), load))
  const steps = checked.flatMap(step => step.value ?? [])
  return {
    name,
    ...(steps.length === checked.length && { value: labelSteps(steps) }),
    problems: [...checked.flatMap(step => step.problems), ...labelProblems(tables, place)],
    references: checked.flatMap(step => step.references),
  }
}

function joinPipelines(
  heads: ReadonlyMap<string, PipelineHead>,
  chains: readonly Chain[],
): Map<string, PipelineConfig> {
  return new Map(
    chains.flatMap(({ name, value: steps }) => {
      const head = heads.get(name)
      return head === undefined || steps === undefined ? [] : [[name, Object.freeze({ ...head, steps })] as const]
    }),
  )
}

/** The checks across tables. Who uses a provider can only be told when every reference is known and alive. */
function wholeProblems(raw: RawConfig, source: ConfigSource, parts: readonly Checked<unknown>[]): readonly Problem[] {
  const providers = tableAt(raw, 'providers')
  const pipelines = tableAt(raw, 'pipelines')
  const references = parts.flatMap(part => part.references)
  const dead = deadReferences(references, Object.keys(providers))
  const knowable = dead.length === 0 && parts.every(part => part.value !== undefined)
  const countUse = knowable && !clientsNameProviders(pipelines, source.formats)
  return [
    ...dead,
    ...(countUse ? unusedProviders(references, providers, raw.place.at('providers')) : []),
    ...leftOpenProblems(pipelines, raw.place.at('pipelines')),
    ...exposureProblems(tableAt(raw, 'server'), pipelines, raw.place.at('server')),
  ]
}

function tableAt(raw: RawConfig, section: string): Table {
  const value = entryOf(raw.value, section)
  return isTable(value) ? value : {}
}
