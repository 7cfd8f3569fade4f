import { relative } from 'node:path'
import { hide } from '../config/hide.ts'
import type { Place } from '../config/place.ts'
import type { Problem } from '../config/problems.ts'
import type { Clock, Log, ProcessorDefinition } from '../contract.ts'
import { readDefinition } from './definition.ts'
import { findProcessor, type ProcessorFile } from './find.ts'
import { importFile } from './import.ts'
import { untrusted, warnOfOthers } from './trust.ts'

/** A processor whose file was found, imported and checked. */
export interface LoadedProcessor extends ProcessorFile {
  /** The file as it is shown to people. */
  readonly shown: string
  readonly definition: ProcessorDefinition
}

export type Loaded = { readonly processor: LoadedProcessor } | { readonly problems: readonly Problem[] }

/**
 * `use` → file → module → checked definition.
 *
 * @param place of `use` in the configuration: there a name that means nothing is reported
 * @param configFolder the folder of the configuration file
 */
export async function loadProcessor(
  use: string,
  place: Place,
  configFolder: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Loaded> {
  const found = await findProcessor(use, configFolder)
  if ('fault' in found) return { problems: [place.problem(withoutOverride(found.fault, use, place))] }
  if (found.shadows) log.info('a dropped-in processor stands before the built-in one of its name', { file: found.file })
  if (found.source !== 'built-in') await warnOfOthers(found.file, log)
  return loadFile(found, clock)
}

/** File → module → checked definition. */
export async function loadFile(found: ProcessorFile, clock: Clock): Promise<Loaded> {
  const shown = shownPath(found.file)
  const distrust = found.source === 'built-in' ? undefined : await untrusted(found.file, found.source === 'dropped-in')
  if (distrust !== undefined) return { problems: [{ file: shown, key: '', message: distrust }] }
  const imported = await importFile(found.file, clock)
  if ('fault' in imported) {
    const { fault, line } = imported
    return { problems: [{ file: shown, ...(line === undefined ? {} : { line }), key: '', message: fault }] }
  }
  const defined = readDefinition(imported.exports, shown)
  return 'problems' in defined ? defined : { processor: { ...found, shown, definition: defined.definition } }
}

/** A place hides what was put into the file's words, but not what took their place altogether. */
function withoutOverride(fault: string, use: string, { origin }: Place): string {
  return origin?.kind === 'override' ? hide(fault, [{ name: origin.variable, text: use }]) : fault
}

/** Relative to where the gateway was started, unless that leads upwards. */
function shownPath(file: string): string {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}
