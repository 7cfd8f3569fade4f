import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generatedDocs } from '../src/components/generated-docs.ts'
import { startTestGateway } from './support/gateway.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => statSync(join(root, path)).isFile())
}

describe('generated pages', async () => {
  const pages = await generatedDocs()

  test.each([...pages])('%s is what the definitions say (npm run docs)', (path, text) => {
    expect(read(path)).toBe(text)
  })

  test('there is no page left over from something that is gone', () => {
    expect(filesBelow('docs/reference').filter(path => !pages.has(path))).toEqual([])
  })
})

describe('README', () => {
  const readme = read('README.md')

  test('begins with the two commands', () => {
    const block = readme.slice(readme.indexOf('```'))
    expect(block).toMatch(/^```\nnpm ci && npm start .*\nnpm ci && npm test /)
  })

  test('its configuration runs', async () => {
    const [, toml = ''] = /```toml\n([\s\S]*?)```/.exec(readme) ?? []
    const environment = { OPENAI_API_KEY: 'sk-test-1', ALICE_KEY: 'alice-key', CI_KEY: 'ci-key' }
    await using gateway = await startTestGateway(toml, { environment })
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  })

  test('its processor works', async () => {
    const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)]
    const [, code = ''] = blocks.at(-1) ?? []
    await using gateway = await startTestGateway(ECHO, { files: { 'processors/no-secrets.ts': code } })
    const say = (content: string) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }),
      })
    expect((await say('hello')).status).toBe(200)
    const refused = await say('all about X-47')
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ error: { code: 'secret_word' } })
  })
})

const ECHO = `
[providers.echo]
client = "echo"
[pipelines.main]
parsers = ["openai-chat"]
provider = "echo"
[[pipelines.main.processors]]
use = "no-secrets"
`

test('links between the pages lead somewhere', () => {
  const pages = ['README.md', ...filesBelow('docs')].filter(path => path.endsWith('.md'))
  const dead = pages.flatMap(page =>
    [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, link = '']) => join(dirname(page), link))
      .filter(target => !exists(target))
      .map(target => `${page} → ${relative('.', target)}`),
  )
  expect(dead).toEqual([])
})

function exists(path: string): boolean {
  try {
    return statSync(join(root, path)) !== undefined
  } catch {
    return false
  }
}
