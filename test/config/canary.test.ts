/** What came from a variable or a file is in no problem of a configuration, wherever it was put. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadAll } from '../../src/components/load-all.ts'
import type { Environment } from '../../src/config/environment.ts'
import { ConfigProblems } from '../../src/config/problems.ts'
import { setUpGateway } from '../../src/gateway.ts'
import { startServices } from '../../src/services/services.ts'

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: the syntax that is spoken of */

const folder = mkdtempSync(join(tmpdir(), 'sluice-hidden-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'hidden.txt'), 'canary-of-the-file\n')

/** Every problem, in words. */
async function problemsOf(steps: string, environment: Environment = {}): Promise<string> {
  const file = join(folder, 'config.toml')
  const head = '[providers.main]\nclient = "echo"\n[pipelines.main]\nparsers = ["openai-chat"]\nprovider = "main"\n'
  writeFileSync(file, `${head}${steps}`)
  const services = startServices({ level: 'silent', format: 'json' })
  try {
    const gateway = await setUpGateway(await loadAll(file, environment, services), services)
    await gateway.close()
    throw new Error('it was loaded')
  } catch (error) {
    if (error instanceof ConfigProblems) return error.message
    throw error
  } finally {
    await services.close()
  }
}

const step = (use: string, more = ''): string => `[[pipelines.main.processors]]\nuse = "${use}"\n${more}\n`

describe('a "use" out of a variable is not told', () => {
  test.each([
    'canary-secret',
    'canary secret with spaces',
    './canary/secret.ts',
    '../canary/./secret.ts',
    '/canary/secret.ts',
    './canary-secret',
    '/canary//secret=',
    'sk-canary-0123456789abcdef',
    'Canary_Secret',
    'canary\nthe-second-line',
    `./${'canary-long-'.repeat(40)}.ts`,
  ])('%j', async value => {
    const told = await problemsOf(step('${MY_SECRET}'), { MY_SECRET: value })
    expect(told).toContain('processors[0].use: ')
    expect(told).not.toMatch(/canary|second/i)
  })

  test('nor one with something around it, nor one out of a file', async () => {
    expect(await problemsOf(step('./${MY_SECRET}/x.ts'), { MY_SECRET: 'canary-0123' })).not.toContain('canary')
    expect(await problemsOf(step('${file:hidden.txt}'))).not.toContain('canary')
  })

  test('nor one of a variable that came over it', async () => {
    const steps = 'processors = []\n'
    const environment = { SLUICE__PIPELINES__MAIN__PROCESSORS: '[{ use = "canary-0123" }]' }
    const told = await problemsOf(steps, environment)
    expect(told).toContain('SLUICE__PIPELINES__MAIN__PROCESSORS')
    expect(told).not.toContain('canary')
  })

  test('the variable is', async () => {
    expect(await problemsOf(step('${MY_SECRET}'), { MY_SECRET: 'canary-0123' })).toContain(
      'there is no processor "${MY_SECRET}", neither built in nor as processors/${MY_SECRET}.ts',
    )
  })
})

test('what a processor says in its setup does not tell of its options', async () => {
  const jwt = 'issuer = "i"\naudience = "a"\njwks_file = "${MY_SECRET}"'
  const told = await problemsOf(step('auth-jwt', jwt), { MY_SECRET: 'canary-0123' })
  expect(told).toContain('could not be set up')
  expect(told).not.toContain('canary')
})

/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above */
