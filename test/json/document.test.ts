import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonSyntaxError, MAX_DEPTH, parseDocument } from '../../src/json/document.ts'
import { damagedText, holdsNoBackslash, jsonText } from './json-text.ts'

describe('parseDocument', () => {
  it('gives the values of JSON.parse', () => {
    fc.assert(
      fc.property(jsonText, text => {
        expect(shape(parseDocument(text).value)).toEqual(shape(JSON.parse(text)))
        expect(shape(parseDocument(text, true).value)).toEqual(shape(JSON.parse(text)))
      }),
      { numRuns: 500 },
    )
  })

  it('accepts and refuses what JSON.parse accepts and refuses', () => {
    fc.assert(
      fc.property(fc.oneof(damagedText.filter(holdsNoBackslash), fc.string()), text => {
        const expected = attempt(() => shape(JSON.parse(text)))
        const found = attempt(() => shape(parseDocument(text).value))
        expect(found.value).toEqual(expected.value)
        expect(found.error === undefined).toBe(expected.error === undefined)
        if (found.error !== undefined) expect(found.error).toBeInstanceOf(JsonSyntaxError)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    '',
    ' ',
    '"',
    '"\\',
    '"\\u12"',
    '"\\x"',
    '"\t"',
    '-',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    'nul',
    'nulll',
    'True',
    '[',
    ']',
    '[1',
    '[,]',
    '[1,]',
    '[1 2]',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '{"a" 1}',
    '1 2',
    '\ufeff1',
    '\u00a01',
    'NaN',
    'Infinity',
    'undefined',
    '//',
    '1//',
    '\v1',
  ])('refuses %j as JSON.parse does', text => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
    expect(() => parseDocument(text)).toThrow(JsonSyntaxError)
  })

  it('says what is wrong and where', () => {
    expect(() => parseDocument('{"a" 1}')).toThrow('expected a colon at offset 5')
    expect(() => parseDocument('[1,')).toThrow('unexpected end at offset 3')
    expect(() => parseDocument('[1 2]')).toThrow('expected a comma or a closing bracket at offset 3')
  })

  it('never points outside of the text', () => {
    fc.assert(
      fc.property(damagedText, text => {
        const { error } = attempt(() => parseDocument(text).value)
        if (!(error instanceof JsonSyntaxError)) return
        expect(error.offset).toBeGreaterThanOrEqual(0)
        expect(error.offset).toBeLessThanOrEqual(text.length)
      }),
    )
  })

  it('remembers the source text of every object and array', () => {
    fc.assert(
      fc.property(jsonText, text => {
        const document = parseDocument(text)
        for (const node of nodes(document.value)) {
          const source = document.textOf(node)
          expect(text).toContain(source)
          expect(JSON.stringify(JSON.parse(source))).toBe(JSON.stringify(node))
        }
      }),
    )
  })

  it('remembers them in a document of many, too', () => {
    const document = parseDocument(`[${Array.from({ length: 1000 }, (_, index) => `[ ${index}.0]`).join(',')}]`)
    const texts = (document.value as unknown[]).map(node => document.textOf(node))
    expect(texts).toEqual(Array.from({ length: 1000 }, (_, index) => `[ ${index}.0]`))
    expect(document.textOf([1])).toBe('[1]')
  })

  it('reads thousands of keys that it has never seen, and then again', () => {
    const keys = Array.from({ length: 5000 }, (_, index) => `${'k'.repeat(index % 40)}${(index * 7919).toString(36)}`)
    const expected = Object.fromEntries(keys.map((key, index) => [key, index]))
    const text = JSON.stringify(expected)
    for (const _ of [1, 2]) expect(parseDocument(text).value).toEqual(expected)
  })

  it('hands on what JSON.parse and JSON.stringify would change', () => {
    const source = '{"b": 1.0, "2": 12345678901234567890, "1": [1e2, "\\u0041"], "b": {} }'
    const document = parseDocument(`{"input":${source}}`)
    const input = (document.value as { input: unknown }).input
    expect(document.textOf(input)).toBe(source)
    expect(JSON.stringify(input)).not.toBe(source)
  })

  it('writes values anew that are no nodes of the document', () => {
    const document = parseDocument('{"a":[1 ]}')
    expect(document.textOf('x')).toBe('"x"')
    expect(document.textOf(null)).toBe('null')
    expect(document.textOf([1])).toBe('[1]')
  })

  it('reads escaped keys right after keys with a backslash, which JSON.parse of Node 24 and 26 does not', () => {
    const poison = '{"a":1,"\\\\":2}'
    const text = '{"a":1,"\\"":2}'
    expect(Object.keys(parseDocument(poison).value as object)).toEqual(['a', '\\'])
    expect(Object.keys(parseDocument(text).value as object)).toEqual(['a', '"'])
    expect(Object.keys(parseDocument('{"a":1,"\\u0041":2}').value as object)).toEqual(['a', 'A'])
  })

  it('keeps __proto__ as a key of its own', () => {
    const value = parseDocument('{"__proto__":{"admin":true}}').value as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(value.admin).toBeUndefined()
  })

  it(`accepts ${MAX_DEPTH} levels and refuses one more, without touching the stack`, () => {
    expect(parseDocument('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)).value).toBeDefined()
    const tooDeep = '[{"a":'.repeat(500_000)
    expect(() => parseDocument(tooDeep)).toThrow(`nested deeper than ${MAX_DEPTH} levels`)
  })
})

/** Tells `-0` from `0` and keeps the order of keys, which `toEqual` alone does not. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape)
  if (typeof value === 'object' && value !== null) return Object.entries(value).map(([key, item]) => [key, shape(item)])
  return Object.is(value, -0) ? '-0' : value
}

function nodes(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(nodes)]
}

function attempt(action: () => unknown): { value?: unknown; error?: unknown } {
  try {
    return { value: action() }
  } catch (error) {
    return { error }
  }
}
