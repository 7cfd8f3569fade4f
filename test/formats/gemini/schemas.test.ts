/** JSON Schemas on their way to Gemini and from it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonSchemaOfText } from '../../../src/formats/gemini/openapi-schema.ts'
import { fitSchema } from '../../../src/formats/gemini/schema-subset.ts'

function fitted(schema: unknown): unknown {
  return JSON.parse(fitSchema(JSON.stringify(schema)).text)
}

describe('what fits Gemini', () => {
  test('a schema that fits goes as it was written, to the byte', () => {
    const text = '{ "type":"object", "properties":{"2":{"type":"number","minimum":1.0},"1":{}},\n"required":["2"] }'
    expect(fitSchema(text)).toEqual({ text, altered: [] })
  })

  test('a property is not a keyword, whatever it is called (E150)', () => {
    const names = ['const', '$ref', 'additionalProperties', 'format', 'pattern', 'allOf', '__proto__', 'not']
    const text = `{"type":"object","properties":{${names.map(name => `"${name}":{"type":"string"}`).join(',')}},"pattern":"x"}`
    const result = fitSchema(text)
    expect(Object.keys((JSON.parse(result.text) as { properties: object }).properties)).toEqual(names)
    expect(result.altered).toEqual(['pattern'])
  })

  test.each<[string, unknown, unknown]>([
    ['const becomes a choice of one', { const: 'a' }, { enum: ['a'] }],
    ['numbers may be chosen from', { enum: [1, 'a'] }, { enum: [1, 'a'] }],
    ['null and objects may not (E152)', { enum: ['a', null, {}] }, { enum: ['a'] }],
    [
      'what cannot be said is told in words',
      { type: 'string', description: 'A name.', pattern: '^a$', minLength: 2 },
      { type: 'string', description: 'A name. (pattern: "^a$"; minLength: 2)' },
    ],
    [
      'limits that leave out their end are told in words (E149)',
      { type: 'number', exclusiveMinimum: 0 },
      { type: 'number', description: '(exclusiveMinimum: 0)' },
    ],
    [
      'allOf is merged',
      { allOf: [{ properties: { a: {} }, required: ['a'] }, { properties: { b: {} } }], type: 'object' },
      { properties: { a: {}, b: {} }, required: ['a'], type: 'object' },
    ],
    [
      'definitions are $defs',
      { definitions: { a: { type: 'string' } }, properties: { x: { $ref: '#/definitions/a' } } },
      { $defs: { a: { type: 'string' } }, properties: { x: { $ref: '#/$defs/a' } } },
    ],
    ['nothing stands beside $ref', { $ref: '#/$defs/a', description: 'x' }, { $ref: '#/$defs/a' }],
    [
      'what is required must be there (E153)',
      { type: 'object', properties: { a: {} }, required: ['a', 'b'] },
      { type: 'object', properties: { a: {} }, required: ['a'] },
    ],
    ['a list of item schemas is a tuple', { items: [{ const: 1 }] }, { prefixItems: [{ enum: [1] }] }],
    [
      'keywords are found at every depth',
      { properties: { a: { items: { anyOf: [{ uniqueItems: true }] } } } },
      { properties: { a: { items: { anyOf: [{ description: '(uniqueItems: true)' }] } } } },
    ],
    ['nullable is a type', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
  ])('%s', (_, schema, expected) => {
    expect(fitted(schema)).toEqual(expected)
  })

  test('the same schema always becomes the same bytes, and fits from then on (E160)', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), value => {
        const text = JSON.stringify({ type: 'object', pattern: 'x', properties: { a: value } })
        const { text: once } = fitSchema(text)
        expect(fitSchema(text).text).toBe(once)
        expect(() => JSON.parse(once)).not.toThrow()
      }),
    )
  })

  test('a schema that is no JSON becomes one that takes anything', () => {
    expect(fitSchema('{').text).toBe('{"type":"object"}')
  })
})

describe('what Gemini’s own schemas mean to others', () => {
  test.each<[string, string, string]>([
    [
      'JSON Schema stays as it is, to the byte',
      '{ "type": "object", "properties": {"A": {"type":"string"}} }',
      '{ "type": "object", "properties": {"A": {"type":"string"}} }',
    ],
    ['types in capitals', '{"type":"ARRAY","items":{"type":"INTEGER"}}', '{"type":"array","items":{"type":"integer"}}'],
    [
      'types as numbers',
      '{"type":6,"properties":{"a":{"type":1}}}',
      '{"type":"object","properties":{"a":{"type":"string"}}}',
    ],
    [
      'counts in quotes',
      '{"type":"ARRAY","minItems":"1","maxItems":"5"}',
      '{"type":"array","minItems":1,"maxItems":5}',
    ],
    [
      'nullable (E151)',
      '{"type":"STRING","nullable":true,"enum":["a"]}',
      '{"type":["string","null"],"enum":["a",null]}',
    ],
    [
      'nullable alternatives',
      '{"anyOf":[{"type":"STRING"}],"nullable":true}',
      '{"anyOf":[{"type":"string"},{"type":"null"}]}',
    ],
    [
      'snake_case keywords, and names left alone',
      '{"any_of":[{"type":"STRING"}],"properties":{"min_items":{"type":"STRING"}}}',
      '{"anyOf":[{"type":"string"}],"properties":{"min_items":{"type":"string"}}}',
    ],
    [
      'a property called type',
      '{"properties":{"type":{"type":"STRING"}}}',
      '{"properties":{"type":{"type":"string"}}}',
    ],
  ])('%s', (_, text, expected) => {
    expect(jsonSchemaOfText(text)).toBe(expected)
  })
})
