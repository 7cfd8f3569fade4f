import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Member, scanTopLevel, TopLevelError } from '../../src/json/top-level.ts'
import { damagedText, objectText } from './json-text.ts'

const scan = (text: string) => scanTopLevel(Buffer.from(text))

describe('scanTopLevel', () => {
  it('finds values that parse to what JSON.parse finds, in any object', () => {
    fc.assert(
      fc.property(objectText, text => {
        const bytes = Buffer.from(text)
        const top = scanTopLevel(bytes)
        const found = Object.fromEntries([...top.byKey].map(([key, member]) => [key, parse(bytes, member)]))
        const expected: Record<string, unknown> = JSON.parse(bytes.toString())
        expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort())
        for (const key of Object.keys(expected)) expect(found[key]).toEqual(expected[key])
        expect(bytes[top.close]).toBe('}'.charCodeAt(0))
        expect(bytes.toString('utf8', top.close + 1).trim()).toBe('')
      }),
    )
  })

  it('gives spans that start at the key, end with the value and follow each other', () => {
    fc.assert(
      fc.property(objectText, text => {
        const bytes = Buffer.from(text)
        let from = bytes.indexOf('{') + 1
        for (const member of scanTopLevel(bytes).members) {
          const whole: object = JSON.parse(`{${bytes.toString('utf8', member.start, member.end)}}`)
          expect(Object.keys(whole)).toEqual([member.key])
          expect(member.start).toBeGreaterThanOrEqual(from)
          from = member.end
        }
      }),
    )
  })

  it('agrees with JSON.parse on what is an object, whatever the bytes', () => {
    const bits = '{}[]:,"\\\\ 019-+.eEtrufalsn\n\t\u0001/bé😀'
    const text = fc.oneof(
      { weight: 3, arbitrary: damagedText },
      { weight: 1, arbitrary: fc.string() },
      { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...bits), maxLength: 12 }) },
      { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom(...bits) }).map(inside => `"${inside}"`) },
    )
    fc.assert(
      fc.property(text, fc.boolean(), fc.nat({ max: 7 }), (text, inObject, shift) => {
        const source = Buffer.from(inObject ? `{"a":${text}}` : text)
        // At any place of a word.
        const bytes = Buffer.concat([Buffer.alloc(shift), source]).subarray(shift)
        expect(isScanned(bytes)).toBe(isObject(source.toString()))
      }),
      { numRuns: 5000 },
    )
  })

  it('decodes keys that are written with escapes', () => {
    const top = scan('{"mod\\u0065l":"a","\\ud83d\\ude00":1,"q\\"\\\\":2}')
    expect([...top.byKey.keys()]).toEqual(['model', '😀', 'q"\\'])
  })

  it('lists duplicates once, also when they are written differently, and believes the last', () => {
    const bytes = Buffer.from('{"model":1,"a":0,"mod\\u0065l":2,"model":3}')
    const top = scanTopLevel(bytes)
    expect(top.duplicates).toEqual(['model'])
    expect(top.members).toHaveLength(4)
    expect(parse(bytes, top.byKey.get('model'))).toBe(3)
  })

  it('is not misled by braces, brackets and escaped quotes in strings', () => {
    const bytes = Buffer.from('{ "a" : "}{][\\"\\\\" , "b":[{"c":"]}\\\\\\""}], "d":{} }')
    const top = scanTopLevel(bytes)
    expect(parse(bytes, top.byKey.get('a'))).toBe('}{]["\\')
    expect(parse(bytes, top.byKey.get('b'))).toEqual([{ c: ']}\\"' }])
    expect(parse(bytes, top.byKey.get('d'))).toEqual({})
  })

  it('counts bytes, not characters', () => {
    const bytes = Buffer.from('{"日本":"é😀","model":"m"}')
    const model = scanTopLevel(bytes).byKey.get('model')
    expect(bytes.toString('utf8', model?.valueStart, model?.end)).toBe('"m"')
  })

  it.each([
    ['{"a":"\\n","b":["\\u0041"]}', false],
    ['{"a\\n":1}', true],
    ['{"a":[{"b":{"\\u0041" : 1}}]}', true],
    ['{"a":[{"a key that is long enough for the search by the engine \\n":1}]}', true],
    ['{"a":{"b":"a value \\n that is long enough for the search by the engine","c":1}}', false],
  ])('tells whether keys are escaped in %s', (text, expected) => {
    expect(scan(text).hasEscapedKeys).toBe(expected)
  })

  it('finds an escaped key wherever JSON.parse of a text finds one', () => {
    fc.assert(
      fc.property(objectText, text => {
        const source = Buffer.from(text).toString()
        const keys = keysOf(JSON.parse(source))
        // Keys that cannot be written without an escape; others may have been written with one as well.
        if (keys.some(each => JSON.stringify(each).includes('\\'))) expect(scan(text).hasEscapedKeys).toBe(true)
      }),
    )
  })

  it('treats __proto__ as a key like any other', () => {
    expect([...scan('{"__proto__":{"a":1}}').byKey.keys()]).toEqual(['__proto__'])
  })

  it.each([
    ['{}', 1],
    ['{"a":"[[["}', 1],
    ['{"a":[]}', 2],
    ['{"a":[{"b":[]}],"c":{}}', 4],
  ])('measures the depth of %s', (text, depth) => {
    expect(scan(text).depth).toBe(depth)
  })

  it('accepts 200 levels and refuses 201', () => {
    expect(scan(nested(200)).depth).toBe(200)
    expect(() => scan(nested(201))).toThrow('nested deeper than 200 levels')
    expect(() => scan(nested(1_000_000))).toThrow(TopLevelError)
  })

  it.each([
    ['', 'expected an object at byte 0'],
    ['[]', 'expected an object at byte 0'],
    ['{"a"', 'expected a colon at byte 4'],
    ['{"a":', 'unexpected end at byte 5'],
    ['{"a":}', 'expected a value at byte 5'],
    ['{"a":01}', 'expected a comma or a closing brace at byte 6'],
    ['{"a":1.}', 'expected a value at byte 5'],
    ['{"a":[1}', 'expected a comma or a closing bracket at byte 7'],
    ['{} {}', 'unexpected text after the object at byte 3'],
    ['{"a":1,}', 'expected a key in quotes at byte 7'],
    ['{"a":"\\"', 'unterminated string at byte 5'],
    ['{"a":[1', 'expected a comma or a closing bracket at byte 7'],
  ])('says where %s is not an object', (text, message) => {
    expect(() => scan(text)).toThrow(message)
  })
})

function parse(bytes: Buffer, member: Member | undefined): unknown {
  expect(member).toBeDefined()
  return JSON.parse(bytes.toString('utf8', member?.valueStart, member?.end))
}

function isScanned(bytes: Buffer): boolean {
  try {
    const { members, close } = scanTopLevel(bytes)
    for (const { start, valueStart, end } of members) expect(start < valueStart && valueStart < end).toBe(true)
    expect(members.every(({ end }) => end <= close) && close < bytes.length).toBe(true)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(TopLevelError)
    return false
  }
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : Object.keys(value)
  return [...own, ...Object.values(value).flatMap(keysOf)]
}

function nested(depth: number): string {
  return `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
}
