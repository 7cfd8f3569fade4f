import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { setTopLevel, setTopLevelAll, splice, splicedPieces } from '../../src/json/splice.ts'
import { scanTopLevel } from '../../src/json/top-level.ts'
import { jsonText, objectText } from './json-text.ts'

// Without backslashes, for the reason that json-text.ts tells.
const key = fc.oneof(
  fc.constantFrom('model', 'stream', '__proto__', '', '1'),
  fc.string().filter(text => !text.includes('\\')),
)

describe('splicedPieces', () => {
  it('copies nothing large, and gives small neighbours as one', () => {
    const bytes = Buffer.from(`ab${'x'.repeat(10_000)}cd`)
    const pieces = splicedPieces(bytes, [
      { start: 1, end: 2, text: 'B' },
      { start: 10_003, end: 10_003, text: '!' },
    ])
    expect(pieces.map(piece => piece.length)).toEqual([2, 10_001, 2])
    expect(Buffer.concat(pieces).toString()).toBe(`aB${'x'.repeat(10_000)}c!d`)
    expect(pieces[1]?.buffer).toBe(bytes.buffer)
  })
})

describe('splice', () => {
  it('does what cutting and joining strings does, with edits in any order', () => {
    const edits = fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.string({ unit: 'grapheme' })), { maxLength: 5 })
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), edits, fc.boolean(), (text, steps, reversed) => {
        const bytes = Buffer.from(text)
        const list = []
        const expected: Buffer[] = []
        let at = 0
        for (const [gap, length, by] of steps) {
          const start = Math.min(at + gap + 1, bytes.length)
          const end = Math.min(start + length, bytes.length)
          // Insertions at one place keep the order in which they are given: reversing would change the meaning.
          if (start === at) break
          list.push({ start, end, text: by })
          expected.push(bytes.subarray(at, start), Buffer.from(by))
          at = end
        }
        expected.push(bytes.subarray(at))
        const result = splice(bytes, reversed ? list.toReversed() : list)
        expect(Buffer.concat(splicedPieces(bytes, list))).toEqual(result)
        expect(result.equals(Buffer.concat(expected))).toBe(true)
      }),
    )
  })

  it('keeps the order of insertions at one place', () => {
    const edits = ['a', 'b', 'c'].map(text => ({ start: 1, end: 1, text }))
    expect(splice(Buffer.from('()'), edits).toString()).toBe('(abc)')
  })

  it('gives the very bytes back when there is nothing to do', () => {
    const bytes = Buffer.from('{}')
    expect(splice(bytes, [])).toBe(bytes)
  })

  it.each([
    [
      { start: 0, end: 2, text: '' },
      { start: 1, end: 3, text: '' },
    ],
    [{ start: 2, end: 1, text: '' }],
    [{ start: 3, end: 5, text: '' }],
    [{ start: Number.NaN, end: 1, text: '' }],
    [{ start: -1, end: 1, text: '' }],
  ])('refuses edits that overlap or lie outside', (...edits) => {
    expect(() => splice(Buffer.from('1234'), edits)).toThrow(RangeError)
  })
})

describe('setTopLevel', () => {
  it('gives the value that was set, and every other value as it was', () => {
    fc.assert(
      fc.property(objectText, key, jsonText, (text, name, value) => {
        const before: Record<string, unknown> = JSON.parse(Buffer.from(text).toString())
        const after: Record<string, unknown> = JSON.parse(set(text, name, value))
        const expected = Object.entries(before).filter(([other]) => other !== name)
        expect(after[name]).toEqual(JSON.parse(Buffer.from(value).toString()))
        expect(Object.entries(after).filter(([other]) => other !== name)).toEqual(expected)
      }),
    )
  })

  it('leaves every byte outside of the value alone', () => {
    fc.assert(
      fc.property(objectText, key, (text, name) => {
        const bytes = Buffer.from(text)
        const top = scanTopLevel(bytes)
        fc.pre(!top.duplicates.includes(name))
        const member = top.byKey.get(name)
        const result = setTopLevel(bytes, top, name, '"new"')
        const last = top.members.at(-1)
        const start = member?.valueStart ?? last?.end ?? top.close
        const end = member?.end ?? start
        expect(result.subarray(0, start).equals(bytes.subarray(0, start))).toBe(true)
        expect(result.subarray(result.length - (bytes.length - end)).equals(bytes.subarray(end))).toBe(true)
      }),
    )
  })

  it.each([
    ['{}', '{"model":"m"}'],
    ['{ }', '{ "model":"m"}'],
    ['{"a":1}', '{"a":1,"model":"m"}'],
    ['{\n  "a": 1\n}\n', '{\n  "a": 1,"model":"m"\n}\n'],
    ['{"model" : "old" , "a":1}', '{"model" : "m" , "a":1}'],
    ['{"mod\\u0065l":null}', '{"mod\\u0065l":"m"}'],
    ['{"model":{"model":1}}', '{"model":"m"}'],
  ])('sets the model in %j', (text, expected) => {
    expect(set(text, 'model', '"m"')).toBe(expected)
  })

  it('sets duplicates everywhere, so that no reader finds the old value', () => {
    expect(set('{"model":1,"a":2,"mod\\u0065l":3}', 'model', '"m"')).toBe('{"model":"m","a":2,"mod\\u0065l":"m"}')
  })

  it('writes a key that needs escaping', () => {
    expect(JSON.parse(set('{}', 'a"\n', '1'))).toEqual({ 'a"\n': 1 })
  })

  it.each([
    ['{}', '{"model":"m","stream":true}'],
    ['{"a":1}', '{"a":1,"model":"m","stream":true}'],
    ['{"model":1}', '{"model":"m","stream":true}'],
    ['{"stream":1,"model":2}', '{"stream":true,"model":"m"}'],
  ])('sets several keys of %s at once', (text, expected) => {
    const bytes = Buffer.from(text)
    const values = new Map([
      ['model', '"m"'],
      ['stream', 'true'],
    ])
    expect(setTopLevelAll(bytes, scanTopLevel(bytes), values).toString()).toBe(expected)
  })
})

function set(text: string, name: string, value: string): string {
  const bytes = Buffer.from(text)
  return setTopLevel(bytes, scanTopLevel(bytes), name, value).toString()
}
