/** Streams read in runs say to the letter what they say frame by frame, and so do the streams that are made of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import anthropic from '../../src/formats/anthropic-messages/format.ts'
import gemini from '../../src/formats/gemini/format.ts'
import openaiChat from '../../src/formats/openai-chat/format.ts'
import openaiResponses from '../../src/formats/openai-responses/format.ts'
import type { ReplyEvent } from '../../src/formats/reply-events.ts'
import { type StreamEvent, TextRun, unrolled } from '../../src/formats/text-run.ts'
import type { ReplyContext, WireFormat } from '../../src/formats/wire-format.ts'
import { FrameRuns } from '../../src/stream/frame-runs.ts'
import { SseParser } from '../../src/stream/sse.ts'
import { framesOf } from '../support/frames.ts'
import { cutUp } from '../support/replay.ts'
import { recordedCases } from '../support/traffic.ts'

const FORMATS = { anthropic, openaiChat, openaiResponses, gemini } as const

function inRuns(format: WireFormat, chunks: readonly Buffer[]): readonly StreamEvent[] {
  const decoder = format.decodeStream()
  const out: StreamEvent[] = []
  const parser = new SseParser()
  const runs = new FrameRuns(parser, {
    frame: frame => out.push(...decoder.frame(frame)),
    run: (text, from) => decoder.run?.(text, from, out) ?? from,
  })
  for (const chunk of chunks) runs.push(chunk)
  const rest = parser.end()
  return [...out, ...(rest ? decoder.frame(rest) : []), ...decoder.end()]
}

function frameByFrame(format: WireFormat, text: string): readonly ReplyEvent[] {
  const decoder = format.decodeStream()
  return [...framesOf(text).flatMap(frame => decoder.frame(frame)), ...decoder.end()]
}

const CONTEXT: ReplyContext = {
  operation: 'generate',
  model: 'm',
  requestId: 'r',
  created: 1,
  framing: 'sse',
  request: { route: { method: 'POST', path: '/', operation: 'generate' }, query: {}, headers: {}, body: {} },
}

/** Each piece of the stream, so that what is made of one batch can be compared with what is made of another. */
function encoded(format: WireFormat, events: readonly StreamEvent[]): readonly string[] {
  const encoder = format.encodeStream(CONTEXT)
  return events.map(event => {
    if (event.type !== 'text-run') return encoder.event(event)
    return encoder.run?.(event) ?? event.deltas.map(delta => encoder.event(delta)).join('')
  })
}

function expectSame(source: WireFormat, text: string, chunks: readonly Buffer[], name: string): number {
  const events = inRuns(source, chunks)
  expect([name, unrolled(events)]).toEqual([name, frameByFrame(source, text)])
  for (const target of Object.values(FORMATS)) {
    const slowly = events.map(event => (event.type === 'text-run' ? event.deltas : [event]))
    const encoder = target.encodeStream(CONTEXT)
    const expected = slowly.map(each => each.map(event => encoder.event(event)).join(''))
    expect([name, encoded(target, events)]).toEqual([name, expected])
  }
  return events.filter(event => event instanceof TextRun).length
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('a', ' b', '\n\n', '"', '\\', '\ud83d', '\ude00', '😀', ''),
)

const chatFrame = (delta: object, more: object = {}, choice: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...choice }], ...more })}\n\n`
const chatText = fc
  .tuple(text, fc.constantFrom('', 'x', 'yy'))
  .map(([content, obfuscation]) => chatFrame({ content }, { obfuscation }))
const chatOther = fc.oneof(
  text.map(reasoning_content => chatFrame({ content: null, reasoning_content })),
  text.map(content => chatFrame({ content, refusal: content })),
  text.map(content => chatFrame({ content }, {}, { index: 1 })),
  text.map(content => chatFrame({ content }, { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } })),
  text.map(content => chatFrame({ content }, { system_fingerprint: content })),
  fc.constant(chatFrame({ tool_calls: [{ index: 0, id: 'i', function: { name: 'f', arguments: '{}' } }] })),
  fc.constant(
    chatFrame({ annotations: [{ type: 'url_citation', url_citation: { url: 'u', start_index: 0, end_index: 1 } }] }),
  ),
  fc.constant(': comment\n\n'),
)
const CHAT_END = `${chatFrame({}, {}, { finish_reason: 'stop' })}data: [DONE]\n\n`

const anthropicFrame = (event: { readonly type: string }, spaces = ''): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}${spaces}\n\n`
const ANTHROPIC_START = anthropicFrame({ type: 'message_start', ...{ message: { id: 'm', model: 'x', content: [] } } })
const ANTHROPIC_END =
  anthropicFrame({ type: 'message_delta', ...{ delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } } }) +
  anthropicFrame({ type: 'message_stop' })
const anthropicBlock = (index: number, type: 'text' | 'thinking') =>
  fc.array(fc.tuple(text, fc.constantFrom('', ' ', '   ')), { maxLength: 12 }).map(pieces => {
    const deltas = pieces.map(([piece, spaces]) =>
      anthropicFrame(
        { type: 'content_block_delta', ...{ index, delta: { type: `${type}_delta`, [type]: piece } } },
        spaces,
      ),
    )
    return [
      anthropicFrame({ type: 'content_block_start', ...{ index, content_block: { type, [type]: '' } } }),
      ...deltas,
      anthropicFrame({ type: 'content_block_stop', ...{ index } }),
    ].join('')
  })

const seed = fc.oneof(fc.constant('whole' as const), fc.constant('frames' as const), fc.record({ seed: fc.nat() }))

describe('a stream read in runs', () => {
  it('of Chat completions says the same as frame by frame, to every format', () => {
    let runs = 0
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 6, arbitrary: chatText }, { weight: 1, arbitrary: chatOther }), { maxLength: 30 }),
        seed,
        (frames, cut) => {
          const stream = frames.join('') + CHAT_END
          runs += expectSame(openaiChat, stream, cutUp(Buffer.from(stream), cut), 'chat')
        },
      ),
      { numRuns: 400 },
    )
    expect(runs).toBeGreaterThan(200)
  })

  it('of Anthropic messages says the same as frame by frame, to every format', () => {
    let runs = 0
    fc.assert(
      fc.property(anthropicBlock(0, 'thinking'), anthropicBlock(1, 'text'), seed, (thinking, words, cut) => {
        const stream = ANTHROPIC_START + thinking + words + ANTHROPIC_END
        runs += expectSame(anthropic, stream, cutUp(Buffer.from(stream), cut), 'anthropic')
      }),
      { numRuns: 200 },
    )
    expect(runs).toBeGreaterThan(100)
  })

  it.each([
    ['openai-chat', openaiChat],
    ['openai-compatible', openaiChat],
    ['anthropic-messages', anthropic],
    ['openai-responses', openaiResponses],
    ['gemini', gemini],
  ] as const)('of recorded %s says the same as frame by frame, to every format', (folder, format) => {
    for (const { name, responseIsStream, responseText } of recordedCases(folder)) {
      if (!responseIsStream) continue
      const bytes = Buffer.from(responseText)
      expectSame(format, responseText, [bytes], name)
      expectSame(format, responseText, cutUp(bytes, { every: 1000 }), name)
    }
  })
})
