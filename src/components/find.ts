import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, extname, isAbsolute, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { didYouMean } from '../config/did-you-mean.ts'

/** Where a processor's file comes from. `path`: the configuration names the file itself. */
export type Source = 'built-in' | 'dropped-in' | 'path'

export interface ProcessorFile {
  /** The name of the file without its ending. */
  readonly name: string
  /** Absolute. */
  readonly file: string
  readonly source: Source
  /** It stands before a built-in processor of the same name. */
  readonly shadows: boolean
}

/** No such file, or one that must not be taken; `fault` says why and what to do. */
export type Found = ProcessorFile | { readonly fault: string }

/** The processors that come with this package. */
export const BUILT_IN_FOLDER = fileURLToPath(new URL('../../processors', import.meta.url))

const FOLDER = 'processors'
const ENDINGS = ['.ts', '.js'] as const
const NAME = /^[a-z][a-z0-9-]*$/

/**
 * Finds the file that `use` means.
 * @param configFolder the folder of the configuration file: paths are relative to it, and its `processors/` comes first
 */
export async function findProcessor(use: string, configFolder: string): Promise<Found> {
  if (/^\.{0,2}\//.test(use)) return fileAt(use, configFolder)
  if (NAME.test(use)) {
    return fileNamed(use, configFolder).catch(error => ({
      fault: `the folder ${FOLDER}/ beside the configuration cannot be read: ${codeOf(error) ?? 'unknown fault'}`,
    }))
  }
  return { fault: `"${use}" is neither a name (like "rate-limit") nor a path (like "./acme/mask.ts")` }
}

async function fileNamed(name: string, configFolder: string): Promise<Found> {
  const builtIns = await filesIn(BUILT_IN_FOLDER, 'built-in')
  const droppedIns = await droppedInTo(configFolder)
  const builtIn = builtIns.find(file => file.name === name)
  const [droppedIn, another] = droppedIns.filter(file => file.name === name)
  if (droppedIn && another) return { fault: `there are both ${shown(droppedIn)} and ${shown(another)}; remove one` }
  if (droppedIn) return insideOf(configFolder, { ...droppedIn, shadows: builtIn !== undefined })
  if (builtIn) return builtIn
  const hint = didYouMean(
    name,
    [...builtIns, ...droppedIns].map(file => file.name),
  )
  return { fault: `there is no processor "${name}", neither built in nor as ${FOLDER}/${name}.ts${hint}` }
}

/** The processors beside a configuration file; none where that folder is this package's own. */
export async function droppedInTo(configFolder: string): Promise<readonly ProcessorFile[]> {
  const folder = resolve(configFolder, FOLDER)
  return folder === BUILT_IN_FOLDER ? [] : filesIn(folder, 'dropped-in')
}

function shown({ file }: ProcessorFile): string {
  return `${FOLDER}/${basename(file)}`
}

/**
 * The processors of a folder by name, in the order of the alphabet; none where there is no such folder.
 * @throws Error when the folder is there and cannot be read
 */
export async function filesIn(folder: string, source: Source): Promise<readonly ProcessorFile[]> {
  const entries = await entriesOf(folder)
  return entries.sort().flatMap(entry => {
    const name = nameOf(entry)
    return name === undefined ? [] : [{ name, file: join(folder, entry), source, shadows: false }]
  })
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** @returns `undefined` for what is no processor by its name: notes, tests, type declarations, hidden files */
function nameOf(entry: string): string | undefined {
  const ending = ENDINGS.find(candidate => entry.endsWith(candidate))
  const name = ending && entry.slice(0, -ending.length)
  return name !== undefined && NAME.test(name) ? name : undefined
}

async function fileAt(use: string, configFolder: string): Promise<Found> {
  const file = isAbsolute(use) ? use : resolve(configFolder, use)
  if (!ENDINGS.some(ending => extname(file) === ending)) return { fault: `"${use}" must end in .ts or .js` }
  const fault = await fileFault(file, `"${use}"`)
  return fault ? { fault } : { name: basename(file, extname(file)), file, source: 'path', shadows: false }
}

/** A bare name means a file of this folder tree: a symbolic link must not lead somewhere else. */
async function insideOf(configFolder: string, found: ProcessorFile): Promise<Found> {
  const fault = await fileFault(found.file, shown(found))
  if (fault) return { fault }
  const [root, file] = await Promise.all([realpath(configFolder), realpath(found.file)])
  if (file.startsWith(root.endsWith(sep) ? root : root + sep)) return found
  return {
    fault: `${shown(found)} is a link to ${file}, outside of the configuration's folder; to use that file, write its path: use = "${file}"`,
  }
}

async function fileFault(file: string, name: string): Promise<string | undefined> {
  try {
    return (await stat(file)).isFile() ? undefined : `${name} is not a file`
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT'
      ? `there is no file ${name} (${file})`
      : `${name} cannot be read: ${code ?? 'unknown fault'}`
  }
}
