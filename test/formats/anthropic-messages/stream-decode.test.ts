import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import type { ReplyEvent } from '../../../src/formats/reply-events.ts'
import { TRUNCATED } from '../../../src/formats/reply-faults.ts'
import { grammarViolation } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { completionOf, streamEvents } from './exchange.ts'

type Event = Readonly<Record<string, unknown>> & { readonly type: string }

function start(changes: object = {}): Event {
  const usage = { input_tokens: 5, cache_read_input_tokens: 3, output_tokens: 1 }
  return { type: 'message_start', message: { id: 'msg_1', model: 'claude', content: [], usage, ...changes } }
}
function open(block: object, index = 0): Event {
  return { type: 'content_block_start', index, content_block: block }
}
function delta(value: object, index = 0): Event {
  return { type: 'content_block_delta', index, delta: value }
}
function stop(index = 0): Event {
  return { type: 'content_block_stop', index }
}
function ending(reason: string | null = 'end_turn', usage: object = { output_tokens: 7 }): Event[] {
  return [
    { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]
}
const TEXT = { type: 'text', text: '' }
const TOOL = { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }

function textOf(events: readonly Event[], withNames = true): string {
  return events.map(event => `${withNames ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`).join('')
}
function decode(...events: readonly Event[]): readonly ReplyEvent[] {
  const decoded = streamEvents(textOf(events))
  expect(grammarViolation(decoded)).toBeUndefined()
  return decoded
}
function errorOf(events: readonly ReplyEvent[]): unknown {
  const last = events.at(-1)
  return last?.type === 'error' ? last.error : undefined
}

describe('a stream', () => {
  it('is read without `event:` lines as well', () => {
    const events = [start(), open(TEXT), delta({ type: 'text_delta', text: 'Hi' }), stop(), ...ending()]
    expect(streamEvents(textOf(events, false))).toEqual(decode(...events))
  })

  it('may hold all of its content, and its end, in its start', () => {
    const content = [
      { type: 'code_execution_tool_result', tool_use_id: 'srvtoolu_1', content: { type: 'code_execution_result' } },
      { ...TOOL, input: { at: 'b' }, caller: { type: 'code_execution_20250825', tool_id: 'srvtoolu_2' } },
    ]
    const frames = framesOf(textOf([start({ content, stop_reason: 'tool_use' }), { type: 'message_stop' }]))
    const events = decode(start({ content, stop_reason: 'tool_use' }), { type: 'message_stop' })
    const [candidate] = completionOf(events).candidates
    expect(candidate?.parts.map(part => part.type)).toEqual(['hosted-tool', 'tool-call'])
    expect(candidate?.parts[1]).toMatchObject({ callId: 'toolu_1', name: 'look', arguments: '{"at":"b"}' })
    expect(candidate?.finish).toMatchObject({ reason: 'tool-calls', raw: 'tool_use' })
    const observer = format.observeStream()
    expect(frames.map(frame => observer.frame(frame))).toEqual(['content', 'terminal'])
    expect(observer.observation).toMatchObject({ finish: 'tool-calls', usage: { input: 8 } })
  })

  it('never hands on half a character', () => {
    const events = decode(
      start(),
      open(TEXT),
      delta({ type: 'text_delta', text: 'a\ud83d' }),
      delta({ type: 'text_delta', text: '\ude42b\ud83d' }),
      stop(),
      ...ending(),
    )
    const texts = events.flatMap(event => (event.type === 'text-delta' ? [event.text] : []))
    expect(texts).toEqual(['a', '🙂b', '\ufffd'])
  })

  it.each([
    ['no delta at all', {}, [], '{}'],
    ['one empty delta', {}, [''], '{}'],
    ['the whole input at the start', { a: 1 }, [], '{"a":1}'],
    ['deltas', {}, ['{"n":1', '.0}'], '{"n":1.0}'],
  ])('gathers the arguments of a call from %s', (_, input, pieces, expected) => {
    const deltas = pieces.map(piece => delta({ type: 'input_json_delta', partial_json: piece }))
    const { candidates } = completionOf(
      decode(start(), open({ ...TOOL, input }), ...deltas, stop(), ...ending('tool_use')),
    )
    expect(candidates[0]?.parts).toMatchObject([{ type: 'tool-call', callId: 'toolu_1', arguments: expected }])
  })

  it('takes the last of several signatures, as the SDK does', () => {
    const { candidates } = completionOf(
      decode(
        start(),
        open({ type: 'thinking', thinking: '', signature: '' }),
        delta({ type: 'thinking_delta', thinking: 'Hm' }),
        delta({ type: 'signature_delta', signature: 'old' }),
        delta({ type: 'signature_delta', signature: 'new' }),
        stop(),
        ...ending(),
      ),
    )
    expect(candidates[0]?.parts).toMatchObject([
      { chunks: ['Hm'], state: [{ scheme: 'anthropic.signature', value: 'new' }] },
    ])
  })

  it('gathers the input of a call that the provider runs itself', () => {
    const block = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
    const events = decode(
      start(),
      open(block),
      delta({ type: 'input_json_delta', partial_json: '{"q":9007199254740993' }),
      { type: 'ping' },
      delta({ type: 'input_json_delta', partial_json: '}' }),
      stop(),
      ...ending(),
    )
    const part = completionOf(events).candidates[0]?.parts[0]
    expect(part).toMatchObject({ type: 'hosted-tool', tool: 'web_search', phase: 'call', callId: 'srvtoolu_1' })
    expect(part).toHaveProperty('json', expect.stringContaining('"input":{"q":9007199254740993}'))
    expect(completionOf(events).candidates[0]?.finish.reason).toBe('stop')
  })

  it('keeps blocks, deltas and events that nobody knows yet (E232)', () => {
    const events = decode(
      start(),
      open({ type: 'hologram', data: 'x' }),
      delta({ type: 'hologram_delta', data: 'y' }),
      stop(),
      { type: 'weather', sunny: true },
      open(TEXT, 1),
      delta({ type: 'sparkle_delta', sparkle: 1 }, 1),
      delta({ type: 'text_delta', text: 'z' }, 1),
      stop(1),
      ...ending(),
    )
    const { candidates, raw } = completionOf(events)
    expect(candidates[0]?.parts).toMatchObject([{ type: 'opaque', label: 'hologram' }, { text: 'z' }])
    expect(raw.map(event => JSON.parse(event.json).type)).toEqual(['weather', 'content_block_delta'])
  })

  it('merges usage: null and absent mean unchanged, and the end may say more than the start (E231)', () => {
    const end = {
      input_tokens: 9,
      cache_read_input_tokens: null,
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 99 },
    }
    const usage = decode(start(), ...ending('end_turn', end)).findLast(event => event.type === 'usage')?.usage
    expect(usage).toMatchObject({ input: 12, cacheRead: 3, output: 20, reasoning: 20 })
  })

  it.each([[-1], [1.5], ['7'], [Number.MAX_VALUE], [null]])('is not upset by a count of %s', count => {
    const usage = decode(
      start({ usage: { input_tokens: count, output_tokens: count } }),
      ...ending('end_turn', {}),
    ).findLast(event => event.type === 'usage')?.usage
    expect(Number.isInteger(usage?.input)).toBe(true)
    expect(usage?.input).toBeGreaterThanOrEqual(0)
  })

  it('takes `end_turn` after a call for what it is (E245)', () => {
    expect(completionOf(decode(start(), open(TOOL), stop(), ...ending())).candidates[0]?.finish.reason).toBe(
      'tool-calls',
    )
    expect(completionOf(decode(start(), ...ending('tool_use'))).candidates[0]?.finish.reason).toBe('stop')
  })

  it.each([
    ['max_tokens', 'length'],
    ['stop_sequence', 'stop-sequence'],
    ['pause_turn', 'pause'],
    ['refusal', 'refusal'],
    ['model_context_window_exceeded', 'context-window'],
    ['compaction', 'compaction'],
    ['brand_new', 'other'],
    [null, 'other'],
  ])('that ends in %s finishes as %s', (reason, expected) => {
    const finish = decode(start(), ...ending(reason)).find(event => event.type === 'finish')
    expect(finish).toMatchObject({ reason: expected, ...(reason === null ? {} : { raw: reason }) })
  })

  it('tolerates the same start twice, and blocks that nobody closed (E230)', () => {
    const { candidates } = completionOf(
      decode(start(), start(), open(TEXT), delta({ type: 'text_delta', text: 'a' }), open(TOOL, 1), ...ending()),
    )
    expect(candidates[0]?.parts.map(part => part.type)).toEqual(['text', 'tool-call'])
  })

  it('mints an id for a call without one, the same each time (E38)', () => {
    const ids = [0, 1].map(() => {
      const part = completionOf(decode(start(), open({ ...TOOL, id: '' }), stop(), ...ending())).candidates[0]?.parts[0]
      return part?.type === 'tool-call' ? part.callId : ''
    })
    expect(ids[0]).toMatch(/^toolu_\w+$/)
    expect(ids[0]).toBe(ids[1])
  })
})

describe('a broken stream is an error:', () => {
  it.each([
    ['another message inside this one (E230)', [start(), open(TEXT), start({ id: 'msg_2' })]],
    ['a delta without a block', [start(), delta({ type: 'text_delta', text: 'a' })]],
    ['a delta of another block', [start(), open(TEXT), delta({ type: 'text_delta', text: 'a' }, 4)]],
    ['an error without its envelope (E224)', [start(), { error: { message: 'no' } } as unknown as Event]],
  ])('%s', (_, events) => {
    const decoded = streamEvents(textOf(events, false))
    expect(grammarViolation(decoded)).toBeUndefined()
    expect(errorOf(decoded)).toBeDefined()
  })

  it.each([
    ['event: content_block_delta\ndata: {"type"\n\n'],
    ['data: <html>\n\n'],
    ['data: 7\n\n'],
    ['event: error\ndata: Overloaded\n\n'],
  ])('%j', text => {
    expect(errorOf(streamEvents(text))).toMatchObject({ kind: 'upstream', status: 502 })
  })

  it('an error event, and nothing after it', () => {
    const body = {
      type: 'error',
      error: { details: null, type: 'overloaded_error', message: 'Overloaded' },
      request_id: 'req_1',
    }
    const events = decode(start(), body, ...ending())
    expect(errorOf(events)).toMatchObject({ kind: 'overloaded', status: 529, message: 'Overloaded' })
    const observer = format.observeStream()
    const signs = framesOf(textOf([start(), body])).map(frame => observer.frame(frame))
    expect(signs).toEqual(['preamble', 'error'])
    expect(observer.observation.error).toEqual(errorOf(events))
  })

  it('no stream at all', () => {
    expect(errorOf(streamEvents(''))).toMatchObject(TRUNCATED)
  })
})

it('tells frames apart without reading them', () => {
  const observer = format.observeStream()
  const signs = [
    start(),
    { type: 'ping' },
    open(TEXT),
    delta({ type: 'text_delta', text: '"error" "message_stop"' }),
    stop(),
    open(TOOL, 1),
    stop(1),
    ...ending(),
  ].flatMap(event => framesOf(textOf([event], false)).map(frame => observer.frame(frame)))
  expect(signs).toEqual([
    'preamble',
    'preamble',
    'preamble',
    'content',
    'preamble',
    'content',
    'preamble',
    'preamble',
    'terminal',
  ])
  expect(observer.observation).toMatchObject({ model: 'claude', finish: 'tool-calls', usage: { input: 8, output: 7 } })
})
