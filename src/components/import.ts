import { pathToFileURL } from 'node:url'
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
    return importFault(thrown, href)
  }
}

function importFault(thrown: unknown, href: string): Imported {
  if (thrown instanceof DeadlinePassed) {
    return {
      fault: `did not finish loading: ${thrown.message}; does it wait at top level for something that never comes?`,
    }
  }
  const line = lineIn(thrown, href)
  const text = thrownText(thrown)
  const what = isSyntaxFault(thrown) ? `has a syntax error: ${text}` : `failed while loading: ${text}`
  return { fault: what, ...(line === undefined ? {} : { line }) }
}

function isSyntaxFault(thrown: unknown): boolean {
  return (
    thrown instanceof Error && (thrown.name === 'SyntaxError' || codeOf(thrown) === 'ERR_INVALID_TYPESCRIPT_SYNTAX')
  )
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined
}

/** The first line of the file that the stack names. */
function lineIn(thrown: unknown, href: string): number | undefined {
  const stack = thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : ''
  const at = stack.indexOf(`${href}:`)
  const line = at < 0 ? Number.NaN : Number.parseInt(stack.slice(at + href.length + 1), 10)
  return Number.isInteger(line) && line > 0 ? line : undefined
}
