import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Environment, reasonOf, variable } from './environment.ts'
import type { Filling } from './hide.ts'
import { pathId } from './key-path.ts'
import type { Origin, Place } from './place.ts'
import type { Problem } from './problems.ts'
import { isTable, mapTable, type Table } from './table.ts'

/** What `${…}` may draw on. */
export interface Sources {
  readonly environment: Environment
  /** The folder that relative paths of `${file:…}` start from. */
  readonly folder: string
}

export interface Interpolated {
  readonly value: Table
  /** The strings that had a `${…}`, by `pathId`: their values must never be printed. */
  readonly origins: ReadonlyMap<string, Origin>
  readonly problems: readonly Problem[]
}

/**
 * Replaces `${NAME}`, `${NAME:-default}` (also where NAME is empty) and `${file:path}` in every string of a table.
 * `$${` stands for the characters `${`. Values that an override brought are left as they are.
 */
export function interpolate(table: Table, place: Place, sources: Sources): Interpolated {
  const origins = new Map<string, Origin>()
  const problems: Problem[] = []
  const visit = (value: unknown, at: Place): unknown => {
    if (Array.isArray(value)) return value.map((entry, index) => visit(entry, at.at(index)))
    if (isTable(value)) return mapTable(value, (entry, key) => visit(entry, at.at(key)))
    if (typeof value !== 'string' || !value.includes('${') || at.origin?.kind === 'override') return value
    const { text, fillings, faults } = fill(value, sources)
    for (const fault of new Set(faults)) problems.push(at.problem(fault))
    if (faults.length > 0) origins.set(pathId(at.path), { kind: 'unknown' })
    else if (fillings.length > 0) origins.set(pathId(at.path), { kind: 'interpolated', fillings })
    return text
  }
  const value = mapTable(table, (entry, key) => visit(entry, place.at(key)))
  return { value, origins, problems }
}

interface Filled {
  readonly text: string
  readonly fillings: readonly Filling[]
  readonly faults: readonly string[]
}

/** One string with all its `${…}` replaced. Faults name variables and files, never values or defaults. */
export function fill(template: string, sources: Sources): Filled {
  const fillings: Filling[] = []
  const faults: string[] = []
  const text = template.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (whole, inside: string | undefined, closing: string) => {
    if (inside === undefined) return '${'
    const part = closing === '' ? { fault: UNCLOSED } : partOf(inside, sources)
    if ('fault' in part) {
      faults.push(part.fault)
      return whole
    }
    fillings.push(part)
    return part.text
  })
  return { text, fillings, faults }
}

type Part = Filling | { readonly fault: string }

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: the syntax that is spoken of */
const UNCLOSED = 'has "${" without "}"; write "$${" for the characters themselves'
const NESTED = 'has a "${…}" inside another one, which is not possible'
const MALFORMED =
  'has a malformed "${…}"; the forms are ${NAME}, ${NAME:-default} and ${file:path}, and "$${" for the characters themselves'
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above */

function partOf(inside: string, sources: Sources): Part {
  if (inside.includes('${')) return { fault: NESTED }
  if (inside.startsWith('file:')) return filePart(inside.slice('file:'.length), sources.folder)
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside)
  if (match === null) return { fault: MALFORMED }
  const [, name = '', fallback] = match
  const value = variable(sources.environment, name)
  if (fallback !== undefined) return { text: value === undefined || value === '' ? fallback : value, name }
  if (value !== undefined) return { text: value, name }
  return { fault: `the environment variable ${name} is not set; set it, or write \${${name}:-} to go without` }
}

/** Secrets are short. The limit keeps a path such as /dev/zero from filling the memory. */
const MAX_FILE_BYTES = 64 * 1024

function filePart(path: string, folder: string): Part {
  if (!/^[ -~]{1,1000}$/.test(path)) return { fault: MALFORMED }
  const refuse = (reason: string): Part => ({ fault: `cannot read the file ${path}: ${reason}` })
  try {
    const resolved = resolve(folder, path)
    const stat = statSync(resolved)
    if (!stat.isFile()) return refuse('it is not a regular file')
    if (stat.size > MAX_FILE_BYTES) return refuse('it is larger than 64KiB')
    return { text: readFileSync(resolved, 'utf8').replace(/\r?\n$/, ''), name: `file ${path}` }
  } catch (error) {
    return refuse(reasonOf(error))
  }
}
