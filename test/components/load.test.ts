import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const FIXTURES = fileURLToPath(new URL('../fixtures/processors', import.meta.url))
const SCRIPT = fileURLToPath(new URL('./load-in-node.ts', import.meta.url))

interface Loads {
  readonly outcomes: Readonly<Record<string, unknown>>
  readonly notices: readonly string[]
}

/** The folder of a configuration, far from this package and from any `node_modules`. */
let folder: string
let loads: Loads

async function load(configFolder: string, uses: readonly string[]): Promise<Loads> {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, configFolder, ...uses])
  return JSON.parse(stdout) as Loads
}

const USES = [
  'plain-object',
  'typed',
  './processors/typed.ts',
  './acme/mask-names.ts',
  '../escape',
  './nowhere.ts',
  './notes.md',
  './processors',
  'Rate_Limit',
  'rate-limt',
  'auth',
  'retry',
  'twice',
  'linked-inside',
  'linked-outside',
  'a-folder',
  'throws-on-import',
  'throws-undefined-on-import',
  'waits-on-import',
  'no-default-export',
  'no-object',
  'syntax-error',
  'missing-package',
  'nothing-declared',
  'bad-schema',
] as const

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-'))
  const processors = join(folder, 'processors')
  await cp(FIXTURES, processors, { recursive: true })
  await mkdir(join(folder, 'acme'))
  await cp(join(FIXTURES, 'typed.ts'), join(folder, 'acme', 'mask-names.ts'))
  await cp(join(FIXTURES, 'plain-object.js'), join(processors, 'auth.js'))
  await writeFile(join(folder, 'notes.md'), '# Notes\n')
  await writeFile(join(processors, 'twice.ts'), 'export default {}\n')
  await writeFile(join(processors, 'twice.js'), 'export default {}\n')
  await mkdir(join(processors, 'a-folder.ts'))
  await symlink(join(folder, 'acme', 'mask-names.ts'), join(processors, 'linked-inside.ts'))
  await symlink(join(FIXTURES, 'typed.ts'), join(processors, 'linked-outside.ts'))
  loads = await load(folder, USES)
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

function outcome(use: (typeof USES)[number]): unknown {
  return loads.outcomes[use]
}

describe('a good file', () => {
  test('may be a plain object in JavaScript that imports nothing', () => {
    expect(outcome('plain-object')).toEqual({ source: 'dropped-in', summary: 'Answers every call with a word.' })
  })

  test('may be TypeScript that imports "sluice", in a folder without node_modules', () => {
    expect(outcome('typed')).toEqual({ source: 'dropped-in', summary: 'Refuses every call.' })
  })

  test('may be named by its path', () => {
    expect(outcome('./processors/typed.ts')).toMatchObject({ source: 'path' })
    expect(outcome('./acme/mask-names.ts')).toMatchObject({ source: 'path' })
  })

  test('may be built in', () => {
    expect(outcome('retry')).toMatchObject({ source: 'built-in' })
  })

  test('may stand before a built-in one of its name, and the log says so', () => {
    expect(outcome('auth')).toMatchObject({ source: 'dropped-in', summary: 'Answers every call with a word.' })
    expect(loads.notices).toEqual(['a dropped-in processor stands before the built-in one of its name'])
  })

  test('may be a link to another file of the folder', () => {
    expect(outcome('linked-inside')).toMatchObject({ source: 'dropped-in' })
  })
})

describe('a name that means nothing', () => {
  test('is answered with the nearest one', () => {
    expect(outcome('rate-limt')).toEqual([
      'config.toml: use: there is no processor "rate-limt", neither built in nor as processors/rate-limt.ts; did you mean "rate-limit"?',
    ])
  })

  test('is told how names and paths look', () => {
    expect(outcome('Rate_Limit')).toEqual([
      'config.toml: use: "Rate_Limit" is neither a name (like "rate-limit") nor a path (like "./acme/mask.ts")',
    ])
  })

  test('may be a path to no file, to a folder, or to a file of another kind', () => {
    expect(outcome('./nowhere.ts')).toEqual([expect.stringContaining('there is no file "./nowhere.ts"')])
    expect(outcome('./notes.md')).toEqual(['config.toml: use: "./notes.md" must end in .ts or .js'])
    expect(outcome('./processors')).toEqual(['config.toml: use: "./processors" must end in .ts or .js'])
    expect(outcome('../escape')).toEqual(['config.toml: use: "../escape" must end in .ts or .js'])
    expect(outcome('a-folder')).toEqual(['config.toml: use: processors/a-folder.ts is not a file'])
  })

  test('may mean two files', () => {
    expect(outcome('twice')).toEqual([
      'config.toml: use: there are both processors/twice.js and processors/twice.ts; remove one',
    ])
  })

  test('may be a link that leads out of the folder', () => {
    expect(outcome('linked-outside')).toEqual([
      expect.stringMatching(/processors\/linked-outside\.ts is a link to .*outside of the configuration's folder/),
    ])
  })
})

describe('a broken file', () => {
  /** What is said of it, without the folder. */
  function said(use: (typeof USES)[number]): readonly string[] {
    const problems = outcome(use)
    if (!Array.isArray(problems)) throw new Error(`${use} was loaded`)
    return problems.map(problem => String(problem).replace(`${folder}/processors/`, ''))
  }

  test('throws while it is imported', () => {
    expect(said('throws-on-import')).toEqual(['throws-on-import.js:1:1: failed while loading: no database at home'])
    expect(said('throws-undefined-on-import')).toEqual([
      'throws-undefined-on-import.js: failed while loading: undefined was thrown instead of an Error',
    ])
  })

  test('waits for ever while it is imported', () => {
    expect(said('waits-on-import')).toEqual([
      'waits-on-import.js: did not finish loading: not done within 5 s; does it wait at top level for something that never comes?',
    ])
  })

  test('is not JavaScript', () => {
    expect(said('syntax-error')).toEqual(["syntax-error.js:2:1: has a syntax error: Unexpected token ','"])
  })

  test('imports what is not there', () => {
    expect(said('missing-package')).toEqual([
      expect.stringContaining("failed while loading: Cannot find package 'a-package-that-nobody-has-installed'"),
    ])
  })

  test('exports nothing, or not what it should', () => {
    expect(said('no-default-export')).toEqual([
      'no-default-export.js: has no default export; write: export default defineProcessor({ … })',
    ])
    expect(said('no-object')).toEqual([
      'no-object.js: its default export is a function; it must be an object with summary, options, examples and setup',
    ])
  })

  test('leaves out what every definition has, and hears of all of it at once', () => {
    expect(said('nothing-declared').map(problem => problem.split(';')[0])).toEqual([
      'nothing-declared.js: summary: is missing',
      'nothing-declared.js: options: is missing',
      'nothing-declared.js: examples: is missing',
      'nothing-declared.js: refusals.busy: must be { status (400 to 599), kind, when }',
      'nothing-declared.js: setup: is missing',
    ])
  })

  test('has options that cannot be checked', () => {
    expect(said('bad-schema')).toEqual([
      'bad-schema.js: options: must have "additionalProperties: false"',
      'bad-schema.js: options.silent: has no description',
      'bad-schema.js: options.use: is a key that the host reads itself; rename it',
    ])
  })
})

test('a configuration without a folder of its own processors has the built-in ones', async () => {
  const bare = await mkdtemp(join(tmpdir(), 'bare-'))
  const { outcomes } = await load(bare, ['retry', 'typed'])
  expect(outcomes.retry).toMatchObject({ source: 'built-in' })
  expect(outcomes.typed).toEqual([expect.stringContaining('there is no processor "typed"')])
  await rm(bare, { recursive: true, force: true })
})
