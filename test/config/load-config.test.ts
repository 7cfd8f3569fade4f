import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { ConfigProblems } from '../../src/config/problems.ts'
import { sourceOf } from './definitions.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'config.toml')

const SMALL = `
[providers.main]
client = "openai-chat"
base_url = "https://llm.example/v1"
api_key = "\${MAIN_KEY}"

[pipelines.main]
parsers = ["openai-chat"]
provider = "main"
`

function load(text: string | Buffer, environment: Record<string, string> = {}): Promise<Config> {
  writeFileSync(path, text)
  return loadConfig(sourceOf(path, environment))
}

async function problemsOf(loading: Promise<Config>): Promise<ConfigProblems | undefined> {
  try {
    await loading
    return undefined
  } catch (error) {
    if (error instanceof ConfigProblems) return error
    throw error
  }
}

describe('the file', () => {
  test.each([
    ['is missing', join(folder, 'none.toml'), 'cannot be read: there is no such file'],
    ['is a folder', folder, 'cannot be read: it is a folder'],
  ])('%s', async (_name, file, message) => {
    const problems = await problemsOf(loadConfig(sourceOf(file)))
    expect(problems?.problems).toEqual([{ file, key: '', message }])
  })

  test.each([
    ['is too large', `# ${'x'.repeat(1024 * 1024)}`, 'is larger than 1MiB'],
    ['is no text', Buffer.from([0x61, 0x20, 0xff]), 'is not UTF-8'],
  ])('%s', async (_name, text, message) => {
    expect((await problemsOf(load(text)))?.message).toBe(`${path}: ${message}`)
  })
})

describe('the environment', () => {
  test('a .env beside the file adds variables, and changes none', async () => {
    const dotEnv = join(folder, '.env')
    writeFileSync(dotEnv, 'MAIN_KEY="from-dot-env"\nSLUICE__SERVER__PORT=1234\n')
    try {
      const added = await load(SMALL)
      const kept = await load(SMALL, { MAIN_KEY: 'from-outside', SLUICE__SERVER__PORT: '4321' })
      expect([keyOf(added), added.server.port]).toEqual(['from-dot-env', 1234])
      expect([keyOf(kept), kept.server.port]).toEqual(['from-outside', 4321])
    } finally {
      rmSync(dotEnv)
    }
  })

  test('a .env that cannot be read is a problem', async () => {
    const other = mkdtempSync(join(folder, 'other-'))
    writeFileSync(join(other, 'config.toml'), SMALL)
    mkdirSync(join(other, '.env'))
    const problems = await problemsOf(loadConfig(sourceOf(join(other, 'config.toml'), { MAIN_KEY: 'k' })))
    expect(problems?.message).toBe(`${join(other, '.env')}: cannot be read: it is a folder`)
  })

  function keyOf(config: Config): unknown {
    const key = config.providers.get('main')?.apiKey
    return typeof key === 'object' ? key.reveal() : key
  }
})

describe('what is loaded', () => {
  test('cannot be changed', async () => {
    const config = await load(SMALL, { MAIN_KEY: 'k' })
    const pipeline = config.pipelines.get('main')
    const parts = [config, config.server, config.log, config.providers.get('main')?.timeouts, pipeline, pipeline?.steps]
    expect(parts.map(part => Object.isFrozen(part))).toEqual(parts.map(() => true))
  })

  test('prints without its secrets', async () => {
    const config = await load(SMALL, { MAIN_KEY: 'canary-0123456789' })
    const printed = inspect(config, { depth: 20, showHidden: true }) + JSON.stringify([...config.providers])
    expect(printed).not.toContain('canary')
    expect(printed).toContain('[secret]')
  })
})

test('a broken step does not make its provider look unused', async () => {
  const text = `${SMALL}
[providers.spare]
client = "echo"

[[pipelines.main.processors]]
use = "models"
rules = [{ match = "*", provider = "spare", modle = "x" }]
`
  const problems = await problemsOf(load(text, { MAIN_KEY: 'k' }))
  expect(problems?.problems.map(problem => problem.message)).toEqual(['unknown key; did you mean "model"?'])
})

describe('mutated files', () => {
  const sources = readdirSync(join(import.meta.dirname, 'accepted'))
    .filter(name => name.endsWith('.toml'))
    .map(name => readFileSync(join(import.meta.dirname, 'accepted', name), 'utf8'))
  const secretive = `${SMALL}
headers = { x-team = "canary-header-01" }

[[pipelines.main.processors]]
use = "auth"
keys = [{ name = "alice", key = "canary-key-0123456789" }, { name = "bob", key = "\${BOB:-canary-default}" }]

[[pipelines.main.processors]]
use = "notify"
url = "https://user:canary@hooks"
`
  const token = fc.constantFrom(
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    '=',
    '\n',
    '.',
    ',',
    '#',
    '${',
    '}',
    '__proto__',
    '1',
    'x',
    '-',
    '\\',
    '"""',
    'true',
    '',
    '1979-05-27',
    '\0',
  )
  const edits = fc.array(fc.record({ at: fc.nat(), remove: fc.nat({ max: 12 }), insert: token }), {
    minLength: 1,
    maxLength: 4,
  })

  test('never crash the loader', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...sources, secretive), edits, async (source, changes) => {
        const problems = await problemsOf(load(mutate(source, changes), { KEY: 'k', MAIN_KEY: 'k' }))
        if (problems) expect(problems.message).not.toBe('')
      }),
      { numRuns: 500 },
    )
  })

  test('never make a problem tell a secret', async () => {
    const environment = { MAIN_KEY: 'canary-main-key', SLUICE__SERVER__PORT: 'canary', SLUICE__STORE__URL: 'canary' }
    await fc.assert(
      fc.asyncProperty(edits, async changes => {
        const text = mutate(secretive, changes)
        const problems = await problemsOf(load(text, environment))
        // A mutation may turn the secret into a key; keys are told, and are no secrets.
        if (problems && !/canary[^"'\n]*["']?\s*[=.\]]/.test(text)) expect(problems.message).not.toContain('canary')
      }),
      { numRuns: 500 },
    )
  })

  function mutate(text: string, changes: readonly { at: number; remove: number; insert: string }[]): string {
    return changes.reduce((changed, { at, remove, insert }) => {
      const start = at % (changed.length + 1)
      return changed.slice(0, start) + insert + changed.slice(start + remove)
    }, text)
  }
})
