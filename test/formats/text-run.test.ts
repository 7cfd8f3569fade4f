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
import { type Cut, cutUp } from '../support/replay.ts'
import { recordedCases } from '../support/traffic.ts'

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

/** Each piece of the stream, so that what is made of one batch can be compared with what is made of another. */
function encoded(client: Client, events: readonly StreamEvent[], unroll: boolean): readonly string[] {
  const encoder = client.format.encodeStream(client.context)
  return events.map(event => {
    if (event.type !== 'text-run') return encoder.event(event)
    const run = unroll ? undefined : encoder.run?.(event)
    return run ?? event.deltas.map(delta => encoder.event(delta)).join('')
  })
}

interface Client {
  readonly format: WireFormat
  readonly context: ReplyContext
}

function client(format: WireFormat, body: unknown = {}, framing: 'sse' | 'array' = 'sse'): Client {
  const request = { route: { method: 'POST', path: '/', operation: 'generate' }, query: {}, headers: {}, body } as const
  return { format, context: { operation: 'generate', model: 'm', requestId: 'r', created: 1, framing, request } }
}

const CLIENTS: readonly Client[] = [
  client(anthropic),
  client(openaiChat),
  client(openaiChat, { stream_options: { include_usage: true } }),
  client(openaiChat, { functions: [{ name: 'f' }] }),
  client(openaiChat, { tools: [{ type: 'custom', custom: { name: 'f' } }] }),
  client(openaiResponses),
  client(openaiResponses, { tools: [{ type: 'custom', name: 'f' }] }),
  client(gemini),
  client(gemini, { generationConfig: { thinkingConfig: { includeThoughts: true } } }),
  client(gemini, {}, 'array'),
]

/** @returns how many runs there were */
function expectSame(source: WireFormat, stream: string, cut: Cut, name: string): number {
  const events = inRuns(source, cutUp(Buffer.from(stream), cut))
  expect([name, unrolled(events)]).toEqual([name, frameByFrame(source, stream)])
  for (const [place, target] of CLIENTS.entries()) {
    const pieces = encoded(target, events, false)
    expect([name, place, pieces]).toEqual([name, place, encoded(target, events, true)])
  }
  return events.filter(event => event instanceof TextRun).length
}

/** A stream of one format, as every other one says it. */
function translated(source: WireFormat, stream: string, target: WireFormat): string {
  return encoded(client(target), frameByFrame(source, stream), true).join('')
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
const chatArguments = text.map(piece => chatFrame({ tool_calls: [{ index: 0, function: { arguments: piece } }] }))
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
const chatStream = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.array(chatText, { maxLength: 6 }).map(frames => frames.join('')) },
    { weight: 3, arbitrary: fc.array(chatArguments, { maxLength: 6 }).map(frames => frames.join('')) },
    { weight: 2, arbitrary: chatOther },
  ),
  { maxLength: 12 },
)
const CHAT_END = `${chatFrame({}, {}, { finish_reason: 'stop' })}data: [DONE]\n\n`

const anthropicFrame = (event: { readonly type: string }, spaces = ''): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event).slice(0, -1)}${spaces}}\n\n`
const ANTHROPIC_START = anthropicFrame({ type: 'message_start', ...{ message: { id: 'm', model: 'x', content: [] } } })
const ANTHROPIC_END =
  anthropicFrame({ type: 'message_delta', ...{ delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } } }) +
  anthropicFrame({ type: 'message_stop' })
const anthropicBlock = (index: number, block: { readonly type: string }, type: string, key: string) =>
  fc.array(fc.tuple(text, fc.constantFrom('', ' ', '   ')), { maxLength: 12 }).map(pieces => {
    const deltas = pieces.map(([piece, spaces]) =>
      anthropicFrame({ type: 'content_block_delta', ...{ index, delta: { type, [key]: piece } } }, spaces),
    )
    return [
      anthropicFrame({ type: 'content_block_start', ...{ index, content_block: block } }),
      ...deltas,
      anthropicFrame({ type: 'content_block_stop', ...{ index } }),
    ].join('')
  })
const anthropicStream = fc
  .tuple(
    anthropicBlock(0, { type: 'thinking', ...{ thinking: '' } }, 'thinking_delta', 'thinking'),
    anthropicBlock(1, { type: 'text', ...{ text: '' } }, 'text_delta', 'text'),
    anthropicBlock(2, { type: 'tool_use', ...{ id: 't', name: 'f', input: {} } }, 'input_json_delta', 'partial_json'),
  )
  .map(blocks => ANTHROPIC_START + blocks.join('') + ANTHROPIC_END)

const seed = fc.oneof(fc.constant('whole' as const), fc.constant('frames' as const), fc.record({ seed: fc.nat() }))

describe('a stream read in runs', () => {
  it('of Chat completions says the same as frame by frame, to every client', () => {
    let runs = 0
    fc.assert(
      fc.property(chatStream, seed, (frames, cut) => {
        runs += expectSame(openaiChat, frames.join('') + CHAT_END, cut, 'chat')
      }),
      { numRuns: 300 },
    )
    expect(runs).toBeGreaterThan(200)
  })

  it('of Anthropic messages says the same as frame by frame, to every client', () => {
    let runs = 0
    fc.assert(
      fc.property(anthropicStream, seed, (stream, cut) => {
        runs += expectSame(anthropic, stream, cut, 'anthropic')
      }),
      { numRuns: 100 },
    )
    expect(runs).toBeGreaterThan(100)
  })

  it.each([
    ['Anthropic messages', anthropic],
    ['Chat completions', openaiChat],
    ['Responses', openaiResponses],
    ['Gemini', gemini],
  ] as const)('of %s that the gateway wrote says the same as frame by frame, to every client', (name, format) => {
    let runs = 0
    fc.assert(
      fc.property(anthropicStream, seed, (stream, cut) => {
        runs += expectSame(format, translated(anthropic, stream, format), cut, name)
      }),
      { numRuns: 100 },
    )
    // Gemini repeats how many tokens there were in each of its few large frames.
    expect(runs > 100).toBe(format !== gemini)
  })

  it.each([
    ['openai-chat', openaiChat],
    ['openai-compatible', openaiChat],
    ['anthropic-messages', anthropic],
    ['openai-responses', openaiResponses],
    ['gemini', gemini],
  ] as const)('of recorded %s says the same as frame by frame, to every client', (folder, format) => {
    for (const { name, responseIsStream, responseText } of recordedCases(folder)) {
      if (!responseIsStream) continue
      expectSame(format, responseText, 'whole', name)
      expectSame(format, responseText, { every: 1000 }, name)
    }
  })
})
