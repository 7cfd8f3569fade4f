import { parse, TomlDate, TomlError } from 'smol-toml'
import type { KeyPath } from './key-path.ts'
import { Positions } from './positions.ts'
import type { Problem } from './problems.ts'
import { mapTable, type Table } from './table.ts'

/** What a TOML text says: its values, and where they stand. */
export interface TomlText {
  readonly value: Table
  readonly positions: Positions
  /** Values that TOML knows and a configuration has no use for: dates, and nesting without end. */
  readonly misfits: readonly Misfit[]
}

export interface Misfit {
  readonly path: KeyPath
  readonly message: string
}

/** More than any sensible file nests; every recursion behind this parser relies on it. */
const MAX_DEPTH = 64

/**
 * Reads TOML. Two parsers share the work: smol-toml knows what the values are, toml-eslint-parser where they stand.
 * @returns a `Problem` for a syntax error: its place and a fixed reason, never text of the file, which may hold a secret
 */
export function parseToml(source: string, file: string): TomlText | Problem {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source
  try {
    const parsed = parse(text, { maxDepth: MAX_DEPTH })
    const misfits: Misfit[] = []
    const value = mapTable(parsed, (entry, key) => plainValue(entry, [key], misfit => misfits.push(misfit)))
    return { value, positions: new Positions(text), misfits }
  } catch (error) {
    if (error instanceof TomlError) return syntaxProblem(error, file)
    throw error
  }
}

/** One value as TOML writes it after `=`, from outside a file; `undefined` when it is none. */
export function parseTomlValue(text: string): unknown {
  try {
    const parsed = parse(`value = ${text.replaceAll(/[\r\n]+/g, ' ')}`, { maxDepth: MAX_DEPTH })
    return plainValue(parsed.value, [], () => {})
  } catch {
    return undefined
  }
}

type Complain = (misfit: Misfit) => void

/** Plain tables, arrays, strings, numbers and booleans. What is none of these is complained of, and becomes a string. */
function plainValue(value: unknown, path: KeyPath, complain: Complain): unknown {
  if (value instanceof TomlDate) {
    complain({
      path,
      message: 'is a date, which no key of the configuration takes; put it in quotes if it is meant as text',
    })
    return value.toISOString()
  }
  if (typeof value !== 'object' || value === null) return value
  if (path.length >= MAX_DEPTH) {
    complain({ path: path.slice(0, 2), message: `nests deeper than ${MAX_DEPTH} levels` })
    return ''
  }
  if (Array.isArray(value)) return value.map((entry, index) => plainValue(entry, [...path, index], complain))
  return mapTable(value as Table, (entry, key) => plainValue(entry, [...path, key], complain))
}

/** smol-toml's message quotes the line that is at fault: only its first line is looked at, and only to choose ours. */
function syntaxProblem(error: TomlError, file: string): Problem {
  const [headline = ''] = error.message.split('\n')
  const reason = REASONS.find(([pattern]) => pattern.test(headline))?.[1] ?? 'this is not TOML'
  return { file, line: error.line, column: error.column, key: '', message: `syntax error: ${reason}` }
}

const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/redefine/, 'this key or table is already there'],
  [/followed by an end-of-line/, 'something follows the value; each key stands on a line of its own'],
  [/unfinished string/, 'the string has no closing quote'],
  [/unfinished array|unfinished table|end of structure/, 'a comma or a closing bracket is missing'],
  [/cannot find end of key|unexpected end of key/, 'a key and "=" are expected here'],
  [/empty bare key/, 'a key is missing'],
  [/end of table array/, 'the header lacks its second "]"'],
  [/key/, 'the key holds a character that needs quotes'],
  [/escape/, 'the string holds a bad escape; write a backslash as "\\\\", or use single quotes'],
  [/control characters/, 'a control character, such as the end of a line, stands where none may be'],
  [/losslessly/, 'the number is too large'],
  [/date/, 'the date is malformed'],
  [/numeric|leading zero|underscore/, 'the number is malformed; text needs quotes'],
  [/nested/, `values nest deeper than ${MAX_DEPTH} levels`],
  [/invalid value/, 'a value is expected here; text needs quotes'],
]
