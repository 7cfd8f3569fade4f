import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeltaTemplate } from '../../../src/formats/openai-chat/delta-template.ts'

const chunk = (content: string, more: object = {}): string =>
  JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null, ...more })

function learnt(): DeltaTemplate {
  const template = new DeltaTemplate()
  template.learn(chunk('one'), 'one')
  return template
}

describe('a template of chunks', () => {
  it('reads any text as JSON.parse does', () => {
    const template = learnt()
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(template.match(chunk(text))).toBe(JSON.parse(chunk(text)).choices[0].delta.content)
      }),
    )
  })

  it('fits no chunk that differs in anything else', () => {
    const template = learnt()
    expect(template.match(chunk('two', { usage: { prompt_tokens: 1 } }))).toBeUndefined()
    expect(template.match(chunk('two').replace('null', '"stop"'))).toBeUndefined()
    expect(template.match(chunk('two').replace('"c"', '"d"'))).toBeUndefined()
    expect(template.match('')).toBeUndefined()
  })

  it('is not fooled by text that closes its own string', () => {
    const forged = chunk('x').replace('"x"', '"x","tool_calls":"y"')
    expect(learnt().match(forged)).toBeUndefined()
  })

  it('fits nothing before it has learnt, and learns nothing that it would read differently', () => {
    const template = new DeltaTemplate()
    expect(template.match(chunk('one'))).toBeUndefined()
    template.learn('{"a":{"content":"inner"},"choices":[{"delta":{"content":"one"}}]}', 'one')
    expect(template.match('{"a":{"content":"other"},"choices":[{"delta":{"content":"one"}}]}')).toBeUndefined()
  })
})
