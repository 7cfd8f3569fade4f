import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RawJson, type Writable, writeJson } from '../../src/json/raw.ts'
import { jsonText } from './json-text.ts'

describe('writeJson', () => {
  it('writes plain data as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(writeJson(value as Writable)).toBe(JSON.stringify(value))
      }),
    )
  })

  it('lets raw text out as it is, wherever it stands', () => {
    fc.assert(
      fc.property(jsonText, text => {
        const raw = new RawJson(text)
        expect(writeJson(raw)).toBe(text)
        expect(writeJson({ a: [1, raw], b: raw })).toBe(`{"a":[1,${text}],"b":${text}}`)
      }),
    )
  })

  it('leaves undefined members out and writes null for undefined items', () => {
    expect(writeJson({ a: undefined, b: 1, c: undefined })).toBe('{"b":1}')
    expect(writeJson({ a: undefined })).toBe('{}')
    expect(writeJson([undefined, 0, false, ''])).toBe('[null,0,false,""]')
  })

  it('writes numbers that JSON does not have as null', () => {
    expect(writeJson([Number.NaN, Number.POSITIVE_INFINITY])).toBe('[null,null]')
  })

  it('writes own members only', () => {
    expect(writeJson(Object.create({ inherited: 1 }))).toBe('{}')
  })
})
