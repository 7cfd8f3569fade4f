import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editAt, type PointerChange, PointerError, parsePointer } from '../../src/json/pointer.ts'

function edit(json: string, pointer: string, change: PointerChange): string {
  return editAt(Buffer.from(json), parsePointer(pointer), change).toString()
}
const force = (json: string): PointerChange => ({ mode: 'force', json })
const otherwise = (json: string): PointerChange => ({ mode: 'default', json })
const remove: PointerChange = { mode: 'remove' }

describe('sets', () => {
  test.each([
    ['a member', '{ "a" : 1.0, "b": [ 2 ] }', '/a', force('0.20'), '{ "a" : 0.20, "b": [ 2 ] }'],
    ['a new member', '{"b":[ 2 ]}', '/a', force('"ä"'), '{"b":[ 2 ],"a":"ä"}'],
    ['the first member', '{ }', '/a', force('1'), '{ "a":1}'],
    ['a deeper one', '{"m": {"x": 1e3, "y":2 }, "b": 1}', '/m/y', force('3'), '{"m": {"x": 1e3, "y":3 }, "b": 1}'],
    ['one in objects that are missing', '{"b": 1}', '/m/n/y', force('3'), '{"b": 1,"m":{"n":{"y":3}}}'],
    ['one in null', '{"m": null}', '/m/y', force('3'), '{"m": {"y":3}}'],
    ['one under an odd key', '{"a/b": {"~": 1}}', '/a~1b/~0', force('2'), '{"a/b": {"~": 2}}'],
    ['every one of the same name', '{"a":1,"a":2}', '/a', force('3'), '{"a":3,"a":3}'],
    ['a default where there is none', '{"a":null}', '/a', otherwise('3'), '{"a":3}'],
    ['no default where there is a value', '{"a":0}', '/a', otherwise('3'), '{"a":0}'],
    ['no deeper default either', '{"a": {"b": false} }', '/a/b', otherwise('3'), '{"a": {"b": false} }'],
    ['a key named __proto__', '{}', '/__proto__/x', force('1'), '{"__proto__":{"x":1}}'],
  ])('%s', (_, json, pointer, change, expected) => expect(edit(json, pointer, change)).toBe(expected))

  test.each(['[1]', '"text"', '0', 'false'])('nothing inside of %s', value => {
    expect(() => edit(`{"m":{"n":${value}}}`, '/m/n/x', force('1'))).toThrow(new PointerError(['m', 'n']))
    expect(() => edit(`{"m":{"n":${value}}}`, '/m/n/x', otherwise('1'))).toThrow('"m.n" is not an object')
    expect(edit(`{"m":{"n":${value}}}`, '/m/n/x', remove)).toBe(`{"m":{"n":${value}}}`)
  })
})

describe('removes', () => {
  test.each([
    ['the only member', '{ "a": 1 }', '/a', '{  }'],
    ['the first one', '{"a": 1, "b": 2}', '/a', '{"b": 2}'],
    ['one in the middle', '{"a": 1, "b": 2 , "c": 3}', '/b', '{"a": 1 , "c": 3}'],
    ['the last one', '{"a": 1, "b": 2 }', '/b', '{"a": 1 }'],
    ['every one of the same name', '{"a":1,"a":2,"b":3,"a":4}', '/a', '{"b":3}'],
    ['a deeper one', '{"m": {"x": 1, "y": 2}}', '/m/x', '{"m": {"y": 2}}'],
    ['nothing where there is none', '{"m": {"x": 1}}', '/m/y', '{"m": {"x": 1}}'],
    ['nothing below what is missing', '{"b":1}', '/m/y', '{"b":1}'],
  ])('%s', (_, json, pointer, expected) => expect(edit(json, pointer, remove)).toBe(expected))
})

test.each(['', 'a', '/a~', '/a~2'])('"%s" is no pointer', pointer =>
  expect(() => parsePointer(pointer)).toThrow('pointer'),
)

type Json = { readonly [key: string]: Json } | number | string | null | readonly number[]

/** What the edit should come to, on values. */
function edited(value: unknown, [key, ...rest]: readonly string[], change: PointerChange): unknown {
  const map = new Map(Object.entries((value ?? {}) as Readonly<Record<string, unknown>>))
  const old = map.get(key as string)
  const isAbsent = old === undefined || old === null
  const isObject = typeof old === 'object' && !isAbsent && !Array.isArray(old)
  if (rest.length > 0) {
    if (change.mode === 'remove' ? isObject : true) map.set(key as string, edited(old, rest, change))
  } else if (change.mode === 'remove') map.delete(key as string)
  else if (change.mode === 'force' || isAbsent) map.set(key as string, JSON.parse(change.json))
  return Object.fromEntries(map)
}

test('comes to the same as changing the value, for any object', () => {
  const key = fc.constantFrom('a', 'b', 'ü', 'a/b', '"')
  const { object } = fc.letrec<{ object: Json; value: Json }>(tie => ({
    object: fc.dictionary(key, tie('value'), { maxKeys: 4 }) as fc.Arbitrary<Json>,
    value: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.string(),
      fc.constant(null),
      fc.array(fc.integer()),
      tie('object'),
    ),
  }))
  const change = fc.constantFrom(force('{"new":1}'), otherwise('"x"'), remove)
  fc.assert(
    fc.property(
      object,
      fc.array(key, { minLength: 1, maxLength: 3 }),
      change,
      fc.constantFrom(0, 1, 2),
      (value, keys, how, indent) => {
        const bytes = Buffer.from(JSON.stringify(value, null, indent))
        let after: Buffer
        try {
          after = editAt(bytes, keys, how)
        } catch (error) {
          expect(error).toBeInstanceOf(PointerError)
          return
        }
        expect(JSON.parse(after.toString())).toEqual(edited(value, keys, how))
      },
    ),
  )
})
