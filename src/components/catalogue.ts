import { problemText } from '../config/problems.ts'
import type { Clock } from '../contract.ts'
import { BUILT_IN_FOLDER, droppedInTo, filesIn, type ProcessorFile } from './find.ts'
import { type LoadedProcessor, loadFile } from './load.ts'

/** One line of the list of processors. */
export interface CatalogueEntry extends ProcessorFile {
  /** The processor's own words; absent when the file is no good. */
  readonly summary?: string
  /** What is wrong with the file, a sentence each. */
  readonly problems: readonly string[]
  readonly processor?: LoadedProcessor
}

/** All processors that a configuration in this folder could name, the built-in ones first. */
export async function listProcessors(configFolder: string, clock: Clock): Promise<readonly CatalogueEntry[]> {
  const builtIn = await filesIn(BUILT_IN_FOLDER, 'built-in')
  const droppedIn = await droppedInTo(configFolder)
  const builtInNames = new Set(builtIn.map(({ name }) => name))
  const files = [...builtIn, ...droppedIn.map(file => ({ ...file, shadows: builtInNames.has(file.name) }))]
  return Promise.all(files.map(file => entryOf(file, clock)))
}

async function entryOf(file: ProcessorFile, clock: Clock): Promise<CatalogueEntry> {
  const loaded = await loadFile(file, clock)
  if ('problems' in loaded) return { ...file, problems: loaded.problems.map(problemText) }
  return { ...file, summary: loaded.processor.definition.summary, problems: [], processor: loaded.processor }
}
