import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import anthropic from '../../src/formats/anthropic-messages/format.ts'
import chat from '../../src/formats/openai-chat/format.ts'
import type { StreamObserver } from '../../src/formats/wire-format.ts'
import { PlainRuns } from '../../src/pipeline/plain-runs.ts'
import { framesOf } from '../support/frames.ts'

const sly = 'data: [DONE]\n\n"finish_reason":"stop" "usage":{ "error" event: message_stop'
const words = ['t1', 'another', '', 'error', sly, 'ä€😀']

const chunk = (delta: object, choice: object = {}, more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null, ...choice }], ...more })}\n\n`
const call = (text: string): object => ({ tool_calls: [{ index: 0, function: { arguments: text } }] })

const block = (type: string, delta: object): string =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type, ...delta } })}\n\n`

const FORMATS = [
  {
    name: 'openai-chat',
    observe: () => chat.observeStream(),
    begin: [chunk({ role: 'assistant', content: 'a' })],
    frames: [
      ...words.map(content => chunk({ content })),
      ...words.map(content => chunk({ content }, {}, { obfuscation: content })),
      ...words.map(reasoning => chunk({ reasoning })),
      ...words.map(text => chunk(call(text))),
      ...[0, 1, 2].map(created => chunk({ content: 'a' }, {}, { created })),
      chunk({ content: 'a' }, { index: 1 }),
      chunk({ content: 'a' }, { finish_reason: 'stop' }),
      chunk({ content: 'a' }, {}, { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }),
      'data: {"error":{"message":"no"}}\n\n',
      ': a comment\n\n',
      '\n',
    ],
  },
  {
    name: 'anthropic-messages',
    observe: () => anthropic.observeStream(),
    begin: ['event: message_start\ndata: {"type":"message_start","message":{"id":"m1","content":[]}}\n\n'],
    frames: [
      ...words.map(text => block('text_delta', { text })),
      ...words.map(thinking => block('thinking_delta', { thinking })),
      ...words.map(text => block('text_delta', { text }).replace('event: content_block_delta\n', '')),
      'data: {"type":"error","index":0,"delta":{"type":"text_delta","text":"a"}}\n\n',
      'event: ping\ndata: {"type":"ping"}\n\n',
      'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}\n\n',
    ],
  },
]

/** Where a run ends that is looked for frame by frame. */
function plainFrames(observer: StreamObserver, frames: readonly string[]): number {
  let end = 0
  for (const frame of frames) {
    const text = Buffer.from(frame).toString('latin1')
    if ((observer.plainUntil?.(text, 0) ?? 0) < text.length) break
    end += text.length
  }
  return end
}

describe.each(FORMATS)('runs of plain frames of $name', ({ observe, begin, frames }) => {
  const begun = (): StreamObserver => {
    const observer = observe()
    for (const frame of framesOf(begin.join(''))) observer.frame(frame)
    return observer
  }

  it('are as long as those found frame by frame, and hold nothing that deserves a look', () => {
    const one = fc.constantFrom(...frames)
    // Long runs of one kind, more kinds than a stream may have patterns of, and chunks longer than one search.
    const many = fc.array(
      fc.oneof(
        fc.array(one, { maxLength: 2 }),
        one.map(frame => Array(40).fill(frame)),
      ),
      {
        maxLength: 40,
      },
    )
    fc.assert(
      fc.property(many, fc.nat(300), (parts, rest) => {
        const all = parts.flat()
        const runs = new PlainRuns(begun())
        const observer = begun()
        const before = JSON.stringify(observer.observation)
        for (let at = 0; at < all.length; ) {
          const chunk = Buffer.from(all.slice(at).join('') + (frames[0] ?? '').slice(0, -1).slice(0, rest))
          const end = runs.end(chunk, 0)
          expect(end).toBeGreaterThanOrEqual(plainFrames(begun(), all.slice(at)))
          const passed = chunk.toString('utf8', 0, end)
          for (const frame of framesOf(passed)) expect(observer.frame(frame)).toBe('content')
          expect(passed === '' || passed.endsWith('\n\n')).toBe(true)
          for (let length = 0; length < end; at++) length += Buffer.byteLength(all[at] ?? '')
          // The one that ended it.
          at++
        }
        expect(JSON.stringify(observer.observation)).toBe(before)
      }),
      { numRuns: 300 },
    )
  })

  it('there are none once an error has passed', () => {
    const observer = begun()
    const runs = new PlainRuns(observer)
    const chunk = Buffer.from((frames[0] ?? '').repeat(3))
    expect(runs.end(chunk, 0)).toBe(chunk.length)
    observer.frame({ event: 'error', data: '{"error":{"message":"no"}}' })
    runs.stop()
    expect(runs.end(chunk, 0)).toBe(observer.plainUntil?.(chunk.toString(), 0))
  })
})
