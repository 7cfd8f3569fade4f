import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FramePattern } from '../../src/stream/frame-pattern.ts'

const frame = (value: object, event?: string): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(value)}\n\n`

/** The length of what a pattern made of the first frame finds behind it. */
function found(first: string, behind: string): number {
  const bytes = Buffer.from(first + behind)
  const from = Buffer.byteLength(first)
  return new FramePattern(bytes.subarray(0, from)).end(bytes, from) - from
}

/** What has to be the same in two frames. */
function skeleton(text: string): string {
  const members = /"((?:[^"\\]|\\.)*)": ?"(?:[^"\\\n]|\\.)*"/g
  return text.replace(members, (member, key) => (key === 'type' || key === 'object' ? member : `"${key}":""`))
}

const word = fc.oneof(
  fc.constantFrom('', 'a', 'error', 'usage', 'a"b', '\\', '\n', '"finish_reason":"stop"', '"}]}\n\ndata: {', 'ä€😀'),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
)
const chat = fc.record({
  object: fc.constantFrom('chunk', 'other'),
  model: fc.constantFrom('m', 'n'),
  choices: fc.tuple(
    fc.record({
      index: fc.constantFrom(0, 1),
      delta: fc.oneof(fc.record({ content: word }), fc.record({ reasoning: word, content: word })),
      finish_reason: fc.constantFrom(null, null, null, 'stop'),
    }),
  ),
  padding: word,
})
const delta = fc.record({
  type: fc.constantFrom('content_block_delta', 'content_block_delta', 'message_delta'),
  delta: fc.record({ type: fc.constantFrom('text_delta', 'thinking_delta'), text: word }),
})
const frames = fc.oneof(
  chat.map(value => frame(value)),
  chat.map(value => frame(value).replaceAll('":', '": ')),
  delta.map(value => frame(value, value.type)),
)

describe('a pattern of frames', () => {
  it('finds those that are the same but for the values of strings, and no other', () => {
    fc.assert(
      fc.property(frames, fc.array(frames, { maxLength: 8 }), (first, others) => {
        const until = others.findIndex(other => skeleton(other) !== skeleton(first))
        const alike = until < 0 ? others : others.slice(0, until)
        expect(found(first, others.join(''))).toBe(Buffer.byteLength(alike.join('')))
      }),
      { numRuns: 2_000 },
    )
  })

  it('finds long runs of one kind', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 2, maxLength: 30 }), words => {
        const [first = '', ...others] = words.map(content =>
          frame({ id: 'c1', created: 1, choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
        )
        expect(found(first, others.join(''))).toBe(Buffer.byteLength(others.join('')))
      }),
    )
  })

  it('finds no frame of which the end has not come', () => {
    const first = frame({ delta: 'a', more: 'b' })
    const next = frame({ delta: 'a longer one', more: 'c' })
    for (let length = 0; length < next.length; length++) expect(found(first, next.slice(0, length))).toBe(0)
    expect(found(first, next + next.slice(0, 9))).toBe(next.length)
  })

  it('finds none in which a string is broken by the end of a line', () => {
    expect(found(frame({ delta: 'a' }), 'data: {"delta":"b\n\ndata: {"delta":"c"}\n\n')).toBe(0)
  })

  it('takes keys, numbers and what says of which kind a frame is for what they are', () => {
    const first = frame({ type: 'a', object: 'a', index: 0, text: 'a' })
    expect(found(first, first.replace('"text":"a"', '"text":"b"'))).toBeGreaterThan(0)
    expect(found(first, first.replace('"type":"a"', '"type":"b"'))).toBe(0)
    expect(found(first, first.replace('"object":"a"', '"object":"b"'))).toBe(0)
    expect(found(first, first.replace('"index":0', '"index":1'))).toBe(0)
    expect(found(first, first.replace('"text"', '"usage"'))).toBe(0)
  })
})
