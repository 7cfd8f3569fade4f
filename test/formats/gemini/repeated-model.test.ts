import { describe, expect, test } from 'vitest'
import { repeatModel } from '../../../src/formats/gemini/repeated-model.ts'
import { parseDocument } from '../../../src/json/document.ts'

const repeated = (text: string) => repeatModel(parseDocument(text), 'b')

describe('the model that a body repeats', () => {
  test('is set in every request of a batch, and nothing else is', () => {
    const text =
      '{"requests":[{"model":"models/a", "n": 1.0, "content":{"parts":[]}},{ "content":{"model":"models/a"} }]}'
    expect(repeated(text)).toEqual({
      key: 'requests',
      json: '[{"model":"models/b", "n": 1.0, "content":{"parts":[]}},{ "content":{"model":"models/a"} }]',
    })
  })

  test('is set in the request that is to be counted', () => {
    expect(repeated('{"generateContentRequest":{"contents":[],"model":"models/a"}}')).toEqual({
      key: 'generateContentRequest',
      json: '{"contents":[],"model":"models/b"}',
    })
  })

  test('is set at the top', () => {
    expect(repeated('{"model":"models/a","content":{}}')).toEqual({ key: 'model', json: '"models/b"' })
  })

  test('is not put where there is none', () => {
    expect(repeated('{"content":{}}')).toBeUndefined()
    expect(repeated('{"requests":[1,{"content":{}}]}')?.json).toBe('[1,{"content":{}}]')
  })
})
