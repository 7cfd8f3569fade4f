import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'
import { ConfigProblems, problemText } from '../../src/config/problems.ts'
import { sourceOf } from './definitions.ts'

/**
 * Each file is a configuration; comments `#! NAME=value` set variables. In `rejected/`, the comments below
 * `# ----------` are the problems, word for word. In `accepted/`, each is `path = JSON` of the checked configuration.
 */
const BORDER = /^# ----------\n/m

describe('rejected', () => {
  test.each(filesIn('rejected'))('%s', async name => {
    const { path, environment, expected } = readCase('rejected', name)
    expect(await problemsOf(path, environment)).toEqual(expected)
  })

  test('there are enough of them', () => {
    expect(filesIn('rejected').length).toBeGreaterThanOrEqual(40)
  })
})

describe('accepted', () => {
  test.each(filesIn('accepted'))('%s', async name => {
    const { path, environment, expected } = readCase('accepted', name)
    const config: unknown = await loadConfig(sourceOf(path, environment))
    for (const line of expected) {
      const [where = '', value = ''] = line.split(' = ', 2)
      expect(String(JSON.stringify(valueAt(config, where.split('.')))), where).toBe(value)
    }
    expect(expected.length).toBeGreaterThan(0)
  })

  test('there are enough of them', () => {
    expect(filesIn('accepted').length).toBeGreaterThanOrEqual(10)
  })
})

function filesIn(folder: string): string[] {
  return readdirSync(join(import.meta.dirname, folder)).filter(name => name.endsWith('.toml'))
}

function readCase(folder: string, name: string) {
  const path = join(import.meta.dirname, folder, name)
  const text = readFileSync(path, 'utf8')
  const [above = '', below = ''] = text.split(BORDER)
  const variables = above.match(/(?<=^#! ).*$/gm) ?? []
  const expected = below
    .split('\n')
    .filter(line => line.startsWith('# '))
    .map(line => line.slice(2))
  return { path, environment: parseEnv(variables.join('\n')), expected }
}

async function problemsOf(path: string, environment: NodeJS.Dict<string>): Promise<string[]> {
  try {
    await loadConfig(sourceOf(path, environment))
    return []
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error
    return error.problems.map(problem => problemText({ ...problem, file: basename(problem.file) }))
  }
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  const [key, ...rest] = keys
  if (key === undefined) return value
  if (value instanceof Map) return valueAt(value.get(key), rest)
  return valueAt((value as Record<string, unknown>)[key], rest)
}
