import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { configJsonSchema } from '../../src/config/document-schema.ts'
import { PROCESSORS, PROVIDER_KINDS } from './definitions.ts'

const schema = configJsonSchema(PROCESSORS, PROVIDER_KINDS)

/** The compiler at hand knows later drafts, in which `exclusiveMinimum` is a number: that keyword is left out. */
function compile() {
  const { $schema: _draft, ...rest } = JSON.parse(
    JSON.stringify(schema, (key, value) => (key === 'exclusiveMinimum' ? undefined : value)),
  )
  return new Ajv({ strict: false, allErrors: true }).compile(rest)
}

const folder = join(import.meta.dirname, 'accepted')
// Its port is a string, which only the variable over it makes right.
const files = readdirSync(folder).filter(name => name.endsWith('.toml') && name !== 'overrides.toml')

describe('the schema for editors', () => {
  const validate = compile()

  test.each(files)('accepts %s', name => {
    validate(parse(readFileSync(join(folder, name), 'utf8')))
    expect(validate.errors ?? []).toEqual([])
  })

  const provider = { client: 'openai-chat', base_url: 'https://llm.example' }
  const pipeline = { parsers: ['openai-chat'], provider: 'main' }
  test.each<[string, object]>([
    ['an unknown section', { colour: {} }],
    ['an unknown key', { server: { prot: 1 } }],
    ['a duration without a unit', { server: { keep_alive: '15' } }],
    ['an unknown kind of client', { providers: { main: { client: 'smoke' } } }],
    ['an option of another kind', { providers: { main: { client: 'anthropic-messages', stream_usage: 'ask' } } }],
    ['a missing address', { providers: { main: { client: 'openai-chat' } } }],
    ['an address of an embedded kind', { providers: { main: { client: 'echo', base_url: 'https://llm.example' } } }],
    ['no parsers', { pipelines: { main: { provider: 'main' } } }],
    ['a bad option', { pipelines: { main: { ...pipeline, processors: [{ use: 'convert', on_loss: 'shrug' }] } } }],
    ['an unknown option', { pipelines: { main: { ...pipeline, processors: [{ use: 'convert', onloss: 'warn' }] } } }],
    [
      'a missing option',
      { pipelines: { main: { ...pipeline, processors: [{ use: 'auth', keys: [{ name: 'a' }] }] } } },
    ],
  ])('rejects %s', (_name, change) => {
    expect(validate({ providers: { main: provider }, pipelines: { main: pipeline } })).toBe(true)
    expect(validate({ providers: { main: provider }, pipelines: { main: pipeline }, ...change })).toBe(false)
  })

  test('keeps to draft 4, and to words that editors know', () => {
    const text = JSON.stringify(schema)
    expect(text).not.toMatch(/"(const|if|then|refersTo|secret|examples)":/)
    expect(text).toContain('"exclusiveMinimum":true')
    expect(text).not.toMatch(/"required":\[\]/)
    expect(text).not.toMatch(/"format":"/)
  })
})
