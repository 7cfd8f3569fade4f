import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import { checkStream } from '../../../src/formats/anthropic-messages/grammar.ts'
import type { Part } from '../../../src/formats/conversation.ts'
import type { FinishReason, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { framesOf } from '../../support/frames.ts'
import { completionOf, encodeEvents, replyContext, streamEvents } from './exchange.ts'

const START: ReplyEvent = { type: 'start', id: 'chatcmpl-1', model: 'gpt' }
const END: ReplyEvent = { type: 'end' }

function finish(reason: FinishReason, more = {}): ReplyEvent {
  return { type: 'finish', candidate: 0, reason, ...more }
}
function part(index: number, value: Part, candidate = 0): ReplyEvent[] {
  return [
    { type: 'part-start', index, candidate, part: value },
    { type: 'part-end', index },
  ]
}
function framesIn(events: readonly ReplyEvent[], context = replyContext()): readonly Record<string, never>[] {
  return framesOf(encodeEvents(events, context).text).map(frame => JSON.parse(frame.data))
}
function typesIn(events: readonly ReplyEvent[]): readonly string[] {
  return framesOf(encodeEvents(events).text).map(frame => String(frame.event))
}
const HELLO = part(0, { type: 'text', text: 'Hello' })

describe('a stream', () => {
  it('has a start even when content comes first', () => {
    expect(typesIn([...HELLO, finish('stop'), END])[0]).toBe('message_start')
  })

  it('waits with its end for the usage that follows the reason (E183)', () => {
    const usage = { input: 10, output: 4, cacheRead: 6 }
    const delta = framesIn([START, ...HELLO, finish('stop'), { type: 'usage', usage }, END]).at(-2)
    expect(delta).toMatchObject({
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: 4, cache_read_input_tokens: 6, cache_creation_input_tokens: 0, output_tokens: 4 },
    })
  })

  it('begins with an estimate of the input, not with zero (E182)', () => {
    const request = { ...replyContext().request, body: { messages: [{ role: 'user', content: 'word '.repeat(400) }] } }
    const [first, , , , last] = framesIn([START, ...HELLO, finish('stop'), END], replyContext({ request }))
    const started = first as unknown as { message: { usage: { input_tokens: number } } }
    expect(started.message.usage.input_tokens).toBeGreaterThan(400)
    expect(last).toMatchObject({ usage: { output_tokens: 2 } })
  })

  it('says nothing of parts that are empty or that it cannot hold, except as losses', () => {
    const image: Part = { type: 'media', kind: 'image', source: { base64: 'AA==' } }
    const hidden: Part = {
      type: 'reasoning',
      visibility: 'hidden',
      chunks: [],
      state: [{ scheme: 'openai.encrypted', value: 'x' }],
    }
    const events = [
      START,
      ...part(0, { type: 'text', text: '' }),
      ...part(1, image),
      ...part(2, hidden),
      finish('stop'),
      END,
    ]
    expect(typesIn(events)).toEqual(['message_start', 'message_delta', 'message_stop'])
    expect(encodeEvents(events).losses).toEqual(['parts[1] dropped', 'parts[2].state dropped'])
  })

  it('holds one answer: others are a loss (E130)', () => {
    const events = [START, ...HELLO, ...part(1, { type: 'text', text: 'other' }, 1), finish('stop'), END]
    const { text, losses } = encodeEvents(events)
    expect(text).not.toContain('other')
    expect(losses).toEqual(['candidates[1] dropped'])
  })

  it('closes what the upstream left open', () => {
    const open: ReplyEvent[] = [
      START,
      { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: 'a' } },
      { type: 'part-start', index: 1, candidate: 0, part: { type: 'text', text: 'b' } },
    ]
    expect(completionOf(streamEvents(encodeEvents([...open, finish('stop'), END]).text)).candidates[0]?.parts).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ])
  })

  it('says nothing after its end or an error', () => {
    const encoder = format.encodeStream(replyContext())
    for (const event of [START, finish('stop'), END]) encoder.event(event)
    expect(encoder.event(START)).toBe('')
    expect(encoder.event({ type: 'error', error: { kind: 'server', status: 500, code: 'x', message: 'y' } })).toBe('')
  })

  it('that has no finish is an error, never a success (E192, E222)', () => {
    expect(typesIn([START, ...HELLO, END]).at(-1)).toBe('error')
    expect(encodeEvents([START, ...HELLO, finish('malformed-tool-call'), END]).text).not.toContain('message_stop')
  })

  it('writes the sections of a reasoning part as paragraphs, unsigned', () => {
    const { text } = encodeEvents([
      START,
      { type: 'part-start', index: 0, candidate: 0, part: { type: 'reasoning', visibility: 'summary', chunks: [] } },
      { type: 'section-break', index: 0 },
      { type: 'text-delta', index: 0, text: 'a' },
      { type: 'section-break', index: 0 },
      { type: 'text-delta', index: 0, text: 'b' },
      { type: 'section-break', index: 0 },
      { type: 'part-end', index: 0 },
      finish('stop'),
      END,
    ])
    expect(completionOf(streamEvents(text)).candidates[0]?.parts).toEqual([
      { type: 'reasoning', visibility: 'summary', chunks: ['a\n\nb'] },
    ])
    expect(text).not.toContain('signature_delta')
  })

  it('wraps the free text of a custom tool when it is whole', () => {
    const events: ReplyEvent[] = [
      START,
      {
        type: 'part-start',
        index: 0,
        candidate: 0,
        part: { type: 'tool-call', callId: 'c', name: 'patch', kind: 'custom', arguments: '' },
      },
      { type: 'arguments-delta', index: 0, text: '*** "Be' },
      { type: 'arguments-delta', index: 0, text: 'gin"\n' },
      { type: 'part-end', index: 0 },
      finish('tool-calls'),
      END,
    ]
    expect(completionOf(streamEvents(encodeEvents(events).text)).candidates[0]?.parts).toMatchObject([
      { arguments: JSON.stringify({ input: '*** "Begin"\n' }) },
    ])
  })

  it('gives events of unknown kinds back as they came, and those of other formats not at all', () => {
    const raw = (name: string, json: string): ReplyEvent => ({ type: 'raw', format: name, json })
    const events = [
      START,
      raw('anthropic-messages', '{"type":"weather","n":1.0}'),
      raw('gemini', '{}'),
      finish('stop'),
      END,
    ]
    const { text, losses } = encodeEvents(events)
    expect(text).toContain('event: weather\ndata: {"type":"weather","n":1.0}\n\n')
    expect(losses).toEqual(['raw dropped'])
  })

  it('leaves out citations that it would have to make up', () => {
    const citation = { kind: 'url', url: 'https://x.test', format: 'openai-responses', json: '{}' } as const
    const events = [START, ...part(0, { type: 'text', text: 'a', citations: [citation] }), finish('stop'), END]
    expect(encodeEvents(events)).toMatchObject({ losses: ['parts[0].citations dropped'] })
  })
})

describe('the end of a reply', () => {
  const TOOL: Part = { type: 'tool-call', callId: 'c', name: 'n', kind: 'function', arguments: '{}' }
  const REFUSED: Part = { type: 'refusal', text: 'No.' }
  const SAID: Part = { type: 'text', text: 'a' }
  it.each([
    ['stop', {}, SAID, 'end_turn'],
    ['stop', {}, TOOL, 'tool_use'],
    ['stop', {}, REFUSED, 'refusal'],
    ['tool-calls', {}, TOOL, 'tool_use'],
    ['tool-calls', {}, SAID, 'end_turn'],
    ['stop-sequence', { stopSequence: 'END' }, SAID, 'stop_sequence'],
    ['stop-sequence', {}, SAID, 'end_turn'],
    ['length', {}, TOOL, 'max_tokens'],
    ['context-window', {}, SAID, 'model_context_window_exceeded'],
    ['refusal', { explanation: 'why' }, SAID, 'refusal'],
    ['content-filter', {}, SAID, 'refusal'],
    ['pause', {}, SAID, 'pause_turn'],
    ['compaction', {}, SAID, 'compaction'],
    ['other', {}, SAID, 'end_turn'],
    ['other', {}, { type: 'text', text: '' }, 'refusal'],
  ] as const)('%s %j → the same word whole and streamed (C.1, E243)', (reason, more, said, expected) => {
    const events = [START, ...part(0, said), finish(reason, more), END]
    const streamed = framesIn(events).at(-2) as unknown as { delta: object }
    const { body } = format.encodeReply(completionOf(events), replyContext())
    const whole = JSON.parse(body)
    expect(streamed.delta).toMatchObject({ stop_reason: expected, stop_sequence: whole.stop_sequence })
    expect(whole.stop_reason).toBe(expected)
    if (expected === 'refusal') expect(whole.stop_details).toMatchObject({ type: 'refusal', category: null })
  })
})

describe('the checker', () => {
  it.each([
    ['content before the start', ['content_block_start']],
    ['nothing at all', []],
    ['no end', ['message_start']],
    ['an end without a delta', ['message_start', 'message_stop']],
  ])('finds %s', (_, types) => {
    const check = checkStream()
    const message = {
      id: 'a',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    }
    const found = types.map(type => check.frame({ event: type, data: JSON.stringify({ type, index: 0, message }) }))
    expect([...found, check.end()].some(violation => violation !== undefined)).toBe(true)
  })
})
