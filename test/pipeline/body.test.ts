/** A body gives the same values, whichever way they are found: whole, or member by member where it is large. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Body } from '../../src/pipeline/body.ts'

const LARGE = 'x'.repeat(20_000)
const member = fc.tuple(fc.oneof(fc.string(), fc.constantFrom('model', '__proto__', '1', 'a\\"b')), fc.jsonValue())

/** An object's text with these members, in their order; with a large one where wanted. */
function textOf(members: readonly (readonly [string, unknown])[], isLarge: boolean): string {
  const all = isLarge ? [...members, ['large', { text: LARGE }] as const] : members
  const unique = new Map(all.map(([key, value]) => [key, value]))
  return `{${[...unique].map(([key, value]) => `${JSON.stringify(key)} : ${JSON.stringify(value)}`).join(' ,')}}`
}

describe('a body', () => {
  it('has the value that JSON.parse finds, also after edits', () => {
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 5 }),
        fc.array(member, { maxLength: 2 }),
        fc.boolean(),
        (before, set, large) => {
          const text = textOf(before, large)
          const body = set.reduce(
            (body, [key, value]) => body.with(key, JSON.stringify(value)),
            Body.of(Buffer.from(text)),
          )
          const expected = JSON.parse(body.bytes.toString())
          expect(Object.keys(body.value as object)).toEqual(Object.keys(expected))
          expect(JSON.stringify(body.value)).toBe(JSON.stringify(expected))
          const document = body.parsed()
          expect(JSON.stringify(document.value)).toBe(JSON.stringify(expected))
          expect(document.text).toBe(body.bytes.toString())
          expect(document.textOf(document.value)).toBe(document.text)
          for (const node of Object.values(document.value as object)) {
            expect(JSON.parse(document.textOf(node))).toEqual(JSON.parse(JSON.stringify(node)))
          }
          for (const [key, value] of set) {
            if (set.findLast(([other]) => other === key)?.[1] !== value) continue
            expect(Object.getOwnPropertyDescriptor(expected, key)?.value).toEqual(JSON.parse(JSON.stringify(value)))
          }
          expect(body.unedited.toString()).toBe(text)
        },
      ),
    )
  })

  it('keeps every byte that no edit is about', () => {
    const body = Body.of(Buffer.from(`{ "model" :"a", "large":"${LARGE}" , "n":1.0 }`))
    expect(body.with('model', '"b"').with('max_tokens', '5').with('model', '"c"').bytes.toString()).toBe(
      `{ "model" :"c", "large":"${LARGE}" , "n":1.0,"max_tokens":5 }`,
    )
  })

  it('has the source of what stands in it, beside a model that was set', () => {
    const schema = '{ "2":1, "1":1.0 }'
    const body = Body.of(Buffer.from(`{"model":"a","schema":${schema},"large":"${LARGE}"}`)).with('model', '"b"')
    const document = body.parsed()
    expect(document.value).toEqual({ model: 'b', schema: { 1: 1, 2: 1 }, large: LARGE })
    expect(document.textOf(Object(document.value).schema)).toBe(schema)
    const set = body.with('schema', '{"3":1.0}').parsed()
    expect(set.textOf(Object(set.value).schema)).toBe('{"3":1.0}')
  })

  it('is outlined with its small members, and empty ones of the kind for the large', () => {
    const body = Body.of(
      Buffer.from(`{"model":"a","n":[1],"messages":["${LARGE}"],"o":{"a":"${LARGE}"},"s":"${LARGE}"}`),
    )
    expect(body.outline).toEqual({ model: 'a', n: [1], messages: [], o: {}, s: '…' })
  })

  it('reads members with escaped keys with care, of a large body too', () => {
    JSON.parse('{"a":1,"mode\\\\":1}')
    const body = Body.of(Buffer.from(`{"mode\\u006c":"gpt-5","tools":[{"a":1,"mode\\u006c":2}],"large":"${LARGE}"}`))
    expect(body.value).toEqual({ model: 'gpt-5', tools: [{ a: 1, model: 2 }], large: LARGE })
  })
})
