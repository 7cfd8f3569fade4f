import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Clock } from '../contract.ts'
import { DeadlinePassed, within } from './deadline.ts'
import { resolveOwnName } from './own-name.ts'
import { thrownText } from './thrown.ts'

/** How long a module may take to load, for example with a top-level `await`. */
export const IMPORT_DEADLINE_MS = 5000

export type Imported =
  | { readonly exports: Readonly<Record<string, unknown>> }
  | { readonly fault: string; readonly line?: number }

/** Imports a file. Never rejects: what its author did wrong becomes a `fault` in words. */
export async function importFile(file: string, clock: Clock): Promise<Imported> {
  resolveOwnName()
  const { href } = pathToFileURL(file)
  try {
    return { exports: await within(clock, IMPORT_DEADLINE_MS, () => import(href)) }
  } catch (thrown) {
    return importFault(thrown, file)
  }
}

async function importFault(thrown: unknown, file: string): Promise<Imported> {
  if (thrown instanceof DeadlinePassed) {
    return {
      fault: `did not finish loading: ${thrown.message}; does it wait at top level for something that never comes?`,
    }
  }
  const isSyntax = thrown instanceof SyntaxError
  const line = lineIn(thrown, file) ?? (isSyntax ? await lineOfSyntaxError(file) : undefined)
  const fault = `${isSyntax ? 'has a syntax error' : 'failed while loading'}: ${thrownText(thrown)}`
  return { fault, ...(line === undefined ? {} : { line }) }
}

/** The first line of the file that the stack names. */
function lineIn(thrown: unknown, file: string): number | undefined {
  const stack = thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : ''
  return lineAfter(stack, file) ?? lineAfter(stack, pathToFileURL(file).href)
}

/** Node tells an importer what is wrong in a JavaScript file, but only its own check says in which line. */
async function lineOfSyntaxError(file: string): Promise<number | undefined> {
  try {
    await promisify(execFile)(process.execPath, ['--check', file], { timeout: 2000 })
    return undefined
  } catch (failed) {
    const output = failed instanceof Error && 'stderr' in failed ? String(failed.stderr) : ''
    return lineAfter(output, file) ?? lineAfter(output, pathToFileURL(file).href)
  }
}

function lineAfter(text: string, name: string): number | undefined {
  const at = text.indexOf(`${name}:`)
  const line = at < 0 ? Number.NaN : Number.parseInt(text.slice(at + name.length + 1), 10)
  return Number.isInteger(line) && line > 0 ? line : undefined
}
