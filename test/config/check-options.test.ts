import { describe, expect, test } from 'vitest'
import { checkOptions } from '../../src/config/check-options.ts'
import { schemaProblems } from '../../src/config/option-schema.ts'
import { Place } from '../../src/config/place.ts'
import { Positions } from '../../src/config/positions.ts'
import { SecretString } from '../../src/config/secret.ts'
import { parseToml } from '../../src/config/toml.ts'
import type { ObjectSchema } from '../../src/options.ts'
import { PROCESSORS } from './definitions.ts'

function check(schema: ObjectSchema, text: string) {
  const toml = parseToml(text, 'config.toml')
  if ('message' in toml) throw new Error(toml.message)
  const place = new Place({ file: 'config.toml', positions: toml.positions, origins: new Map() })
  return checkOptions(schema, toml.value, place, ['use', 'label'])
}

function optionsOf(name: string): ObjectSchema {
  const definition = PROCESSORS.get(name)
  if (definition === undefined) throw new Error(`no ${name}`)
  return definition.options
}

describe('options that pass', () => {
  test('have defaults, milliseconds and bytes', () => {
    expect(check(optionsOf('rate-limit'), 'largest = "2KiB"').value).toEqual({
      largest: 2048,
      strict: false,
      window: 60_000,
    })
  })

  test('have secrets wrapped, and are frozen to the bottom', () => {
    const { value } = check(optionsOf('auth'), 'keys = [{ name = "a", key = "canary-0123" }]')
    const options = value as { keys: { name: string; key: SecretString }[] }
    expect(options.keys[0]?.key).toBeInstanceOf(SecretString)
    expect(options.keys[0]?.key.reveal()).toBe('canary-0123')
    expect(JSON.stringify(options)).not.toContain('canary')
    for (const part of [options, options.keys, options.keys[0], options.keys[0]?.key]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  test('tell what they refer to, and where', () => {
    const { references } = check(optionsOf('models'), 'rules = [\n  { match = "*", provider = "p", model = "m" },\n]')
    expect(references.map(({ kind, value, place }) => [kind, value, place.problem('').key])).toEqual([
      ['provider', 'p', 'rules[0].provider'],
      ['model', 'm', 'rules[0].model'],
    ])
    expect(references[0]?.place.problem('x')).toMatchObject({ line: 2, column: 29 })
  })

  test('leave the table as it was', () => {
    const table = Object.freeze({ largest: '1KiB' })
    const place = new Place({ file: 'config.toml', positions: new Positions(''), origins: new Map() })
    expect(checkOptions(optionsOf('rate-limit'), table, place).value).toMatchObject({ largest: 1024, strict: false })
    expect(table).toEqual({ largest: '1KiB' })
  })

  test('leave the schema of the author as it was', () => {
    const schema = optionsOf('models')
    const before = structuredClone(schema)
    const first = check(schema, '').value as { rules: unknown[] }
    const second = check(schema, '').value as { rules: unknown[] }
    expect(first.rules).toEqual([])
    expect(first.rules).not.toBe(second.rules)
    expect(schema).toEqual(before)
    expect(Object.isFrozen(schema.properties)).toBe(false)
  })
})

describe('keys that are numbers', () => {
  const schema: ObjectSchema = {
    type: 'object',
    properties: {
      items: {
        type: 'object',
        description: 'By number.',
        additionalProperties: {
          type: 'array',
          description: 'Numbers.',
          items: { type: 'integer', description: 'Number.' },
        },
      },
    },
    additionalProperties: false,
  }

  test('are not mistaken for the index of an array', () => {
    expect(check(schema, 'items = { 0 = [1, "x"], "a/b~c" = 7 }').problems).toMatchObject([
      { key: 'items.0[1]', column: 19 },
      { key: 'items."a/b~c"', column: 35 },
    ])
  })
})

describe('schemas with a fault of their own', () => {
  const good = { type: 'integer', description: 'Good.' }

  test.each<[string, unknown, string, string]>([
    ['nothing', undefined, 'options', 'must be a JSON Schema of type "object" with "properties"'],
    ['an array', { type: 'array' }, 'options', 'must be a JSON Schema of type "object" with "properties"'],
    ['an open table', { type: 'object', properties: {} }, 'options', 'must have "additionalProperties: false"'],
    ['no description', table({ a: { type: 'integer' } }), 'options.a', 'has no description'],
    ['no type', table({ a: { description: 'A.' } }), 'options.a', 'has no type'],
    ['no schema', table({ a: 'integer' }), 'options.a', 'must be a JSON Schema'],
    ['a reserved key', table({ use: good }), 'options.use', 'is a key that the host reads itself; rename it'],
    [
      'an open table inside',
      table({ a: { type: 'array', description: 'A.', items: { type: 'object', properties: {} } } }),
      'options.a[]',
      'must have "additionalProperties: false"',
    ],
    [
      'no description inside',
      table({ a: { type: 'array', description: 'A.', items: table({ b: { type: 'integer' } }) } }),
      'options.a[].b',
      'has no description',
    ],
    [
      'a free table',
      table({ a: { type: 'object', description: 'A.' } }),
      'options.a',
      'must have "properties", or a schema as its "additionalProperties"',
    ],
    ['a bad default', table({ a: { ...good, default: 'x' } }), 'options.a', 'has a default that its schema refuses'],
    [
      'a bad duration',
      table({ a: { type: 'string', format: 'duration', default: '60', description: 'A.' } }),
      'options.a',
      'has a default that its schema refuses',
    ],
  ])('%s', (_name, schema, key, message) => {
    expect(schemaProblems(schema, 'processors/x.ts', ['use'])).toEqual([{ file: 'processors/x.ts', key, message }])
  })

  test.each([
    ['an unknown keyword', table({ a: { ...good, minimun: 1 } })],
    ['an unknown format', table({ a: { type: 'string', format: 'colour', description: 'A.' } })],
    ['a required key that is not there', { ...table({ a: good }), required: ['b'] }],
    ['a reference of an unknown kind', table({ a: { type: 'string', refersTo: 'planet', description: 'A.' } })],
  ])('%s', (_name, schema) => {
    expect(schemaProblems(schema, 'processors/x.ts')).toEqual([
      { file: 'processors/x.ts', key: 'options', message: expect.stringMatching(/^is not a strict JSON Schema: /) },
    ])
  })

  test('none where there is none', () => {
    expect(schemaProblems(optionsOf('models'), 'processors/models.ts', ['use', 'label'])).toEqual([])
  })

  function table(properties: Record<string, unknown>) {
    return { type: 'object', properties, additionalProperties: false }
  }
})
