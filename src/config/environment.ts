import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Problem } from './problems.ts'

/** Variables by name. A value that is handed on, so that a test or a reload can bring its own. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The variables of this process: the only place that looks at them. */
export function processEnvironment(): Environment {
  return { ...process.env }
}

/** The value of a variable; `undefined` when there is none of that name. */
export function variable(environment: Environment, name: string): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined
}

/**
 * The environment with what the `.env` file of a folder adds to it. A variable that is set already keeps its value.
 * @returns a problem when there is such a file and it cannot be read
 */
export function withDotEnv(
  environment: Environment,
  folder: string,
): { environment: Environment; problems: Problem[] } {
  const file = join(folder, '.env')
  try {
    return { environment: { ...parseEnv(readFileSync(file, 'utf8')), ...environment }, problems: [] }
  } catch (error) {
    if (isMissing(error)) return { environment, problems: [] }
    return { environment, problems: [{ file, key: '', message: `cannot be read: ${reasonOf(error)}` }] }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Why a file could not be read, without its path and without the system's own wording. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? 'reading it failed'
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
}
