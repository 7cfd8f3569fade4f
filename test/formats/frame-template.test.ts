import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameTemplate } from '../../src/formats/frame-template.ts'

const data = (content: string, more: object = {}): string =>
  JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null, ...more })
const frame = (content: string, more: object = {}): string => `data: ${data(content, more)}\n\n`

function learnt(): FrameTemplate {
  const template = new FrameTemplate()
  template.learn({ data: data('one') }, { key: 'content', value: 'one' })
  return template
}

const text = fc.string({ unit: 'binary', maxLength: 6 })

describe('a template of frames', () => {
  it('reads any texts as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), texts => {
        const read = learnt().read(texts.map(each => frame(each)).join(''), 0)
        // Half a character, which JSON can hold only as an escape, has to be put together by somebody else.
        const readable = texts.slice(0, texts.findIndex(each => !each.isWellFormed()) >>> 0)
        expect(read?.sources ?? []).toEqual(
          readable.filter(each => each !== '').map(each => JSON.stringify(each).slice(1, -1)),
        )
        expect(read?.end ?? 0).toBe(readable.map(each => frame(each)).join('').length)
      }),
    )
  })

  it('gives every text as JSON.stringify writes it, however it came', () => {
    const wire = String.raw`caf\u00e9 \/ \ud83d\ude00 \u000a \n \"`
    const read = learnt().read(
      frame('').replace('""', () => `"${wire}"`),
      0,
    )
    expect(read?.sources).toEqual([JSON.stringify('café / 😀 \n \n "').slice(1, -1)])
  })

  it('stops before the first frame that differs in anything else', () => {
    const good = frame('a') + frame('b')
    const others = [
      frame('x', { usage: { prompt_tokens: 1 } }),
      frame('x').replace('null', '"stop"'),
      frame('x').replace('"c"', '"d"'),
      frame('x').replace('"x"', '"x","tool_calls":"y"'),
      frame('x').replace('"x"', String.raw`"\q"`),
      frame('x').replace('"x"', '"\t"'),
      frame('x').replace('"x"', '"\\\t"'),
      frame('x').replace('"x"', '7'),
      frame('x').replace('\n\n', '\nid: 1\n\n'),
      frame('x').slice(0, -1),
      frame('x').slice(0, 60),
      'data: [DONE]\n\n',
    ]
    for (const other of others) {
      expect(learnt().read(good + other + frame('c'), 0)).toEqual({ sources: ['a', 'b'], end: good.length })
      expect(learnt().read(other, 0)).toBeUndefined()
    }
  })

  it('begins where it is told to', () => {
    const before = 'data: {}\n\n'
    expect(learnt().read(before + frame('a'), before.length)).toEqual({
      sources: ['a'],
      end: before.length + frame('a').length,
    })
    expect(learnt().read(before + frame('a'), 0)).toBeUndefined()
  })

  it('passes over members that nobody reads, wherever they stand', () => {
    const padded = (content: string, n: number, pad: string) => JSON.stringify({ n, delta: { content }, pad })
    const template = new FrameTemplate()
    template.learn(
      { event: 'e', data: padded('one', 1, 'abc') },
      { key: 'content', value: 'one' },
      { n: 1, pad: 'abc' },
    )
    const frames = [padded('a', 0, ''), padded('b', 10, 'xyz'), padded('c', 1234, 'é')]
    const stream = frames.map(each => `event: e\ndata: ${each}\n\n`).join('')
    expect(template.read(stream, 0)).toEqual({ sources: ['a', 'b', 'c'], end: stream.length })
    const odd = [padded('a', 1, 'q"'), padded('a', 1.5, ''), padded('a', -1, ''), padded('a', 1, '').replace('1', '01')]
    for (const each of odd) expect(template.read(`event: e\ndata: ${each}\n\n`, 0)).toBeUndefined()
  })

  it('takes any number of spaces before the last brace where a stream is padded', () => {
    const template = new FrameTemplate(true)
    const padded = (content: string, spaces: string) => `${data(content).slice(0, -1)}${spaces}}`
    template.learn({ data: padded('one', '   ') }, { key: 'content', value: 'one' })
    const stream = ['', '        ', ' '].map((spaces, n) => `data: ${padded(`${n}`, spaces)}\n\n`).join('')
    expect(template.read(stream, 0)).toEqual({ sources: ['0', '1', '2'], end: stream.length })
    expect(template.read(`data: ${padded('a', ' "x":1')}\n\n`, 0)).toBeUndefined()
  })

  it('reads keys that are written with spaces around them', () => {
    const template = new FrameTemplate()
    template.learn({ data: '{"delta": {"content" : "one"}}' }, { key: 'content', value: 'one' })
    const stream = 'data: {"delta": {"content" : "two"}}\n\n'
    expect(template.read(stream, 0)).toEqual({ sources: ['two'], end: stream.length })
  })

  it.each([
    ['a second member of the name', '{"a":{"content":"inner"},"delta":{"content":"one"}}', {}],
    ['another value', '{"delta":{"content":"two"}}', {}],
    ['a value of another kind', '{"delta":{"content":1}}', {}],
    ['a key that is written otherwise', String.raw`{"delta":{"c\u006fntent":"one"},"x":{"content":"one"}}`, {}],
    ['no such member', '{"delta":{}}', {}],
    ['a member beside it that is not there', '{"delta":{"content":"one"}}', { pad: 'x' }],
    ['a member beside it that is told twice', '{"pad":"x","delta":{"content":"one","pad":"x"}}', { pad: 'x' }],
    ['the name as a value', '{"type":"content","delta":{"content":"one"}}', {}],
  ])('learns nothing from %s', (_, line, others) => {
    const template = new FrameTemplate()
    template.learn({ data: line }, { key: 'content', value: 'one' }, others)
    expect(template.read(`data: ${line}\n\n`, 0)).toBeUndefined()
  })

  it('gives up on a stream that never says the same twice', () => {
    const template = new FrameTemplate()
    for (let n = 0; n < 100; n++) template.learn({ data: data('x', { n }) }, { key: 'content', value: 'x' })
    expect(template.read(frame('x', { n: 99 }), 0)).toBeUndefined()
  })

  it('goes on learning as long as that is of use', () => {
    const template = new FrameTemplate()
    for (let n = 0; n < 100; n++) {
      template.learn({ data: data('x', { n }) }, { key: 'content', value: 'x' })
      expect(template.read(frame('y', { n }), 0)).toEqual({ sources: ['y'], end: frame('y', { n }).length })
    }
  })
})
