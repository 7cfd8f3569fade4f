/** Streams as providers send them, right and wrong. Named after what a user would see go wrong. */
import { describe, expect, test } from 'vitest'
import type { Part } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/openai-responses/format.ts'
import type { ReplyEvent } from '../../../src/formats/reply-events.ts'
import { sseFrame } from '../../../src/stream/sse.ts'
import { grammarViolations } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { recordedCases } from '../../support/traffic.ts'
import { eventsOfStream, type Fields, gathered } from './exchange.ts'

const created = { type: 'response.created', response: { id: 'resp_1', model: 'gpt', created_at: 5.5, output: [] } }

function completed(output: readonly Fields[], more: Fields = {}): Fields {
  return { type: 'response.completed', response: { id: 'resp_1', model: 'gpt', status: 'completed', output, ...more } }
}

/** @returns events that keep the canonical grammar */
function decoded(events: readonly Fields[], named = true): readonly ReplyEvent[] {
  const text = events.map(event => sseFrame(JSON.stringify(event), named ? String(event.type) : undefined)).join('')
  const result = eventsOfStream(text)
  expect(grammarViolations(result)).toEqual([])
  return result
}

function partsOf(events: readonly Fields[]): readonly Part[] {
  return gathered(decoded(events)).candidates[0]?.parts ?? []
}

function errorOf(events: readonly ReplyEvent[]) {
  return events.find(event => event.type === 'error')?.error
}

const message = (content: readonly Fields[]) => ({ type: 'message', id: 'msg_1', role: 'assistant', content })
const outputText = (text: string, more: Fields = {}) => ({ type: 'output_text', text, annotations: [], ...more })
const call = (args: string) => ({ type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: args })

describe('E211: providers that send few deltas, or none', () => {
  test('only the last event', () => {
    expect(partsOf([completed([message([outputText('Hey')]), call('{}')])])).toMatchObject([
      { type: 'text', text: 'Hey', id: 'msg_1' },
      { type: 'tool-call', callId: 'c', arguments: '{}' },
    ])
  })
  test('items that are added and done, and nothing between', () => {
    const events = [
      created,
      { type: 'response.output_item.added', output_index: 0, item: message([]) },
      { type: 'response.output_item.done', output_index: 0, item: message([outputText('Hey')]) },
      { type: 'response.output_item.added', output_index: 1, item: call('') },
      { type: 'response.output_item.done', output_index: 1, item: call('{"a":1}') },
      completed([]),
    ]
    expect(partsOf(events)).toMatchObject([{ text: 'Hey' }, { arguments: '{"a":1}' }])
  })
  test('deltas of a text that was never announced', () => {
    const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hey' }
    expect(partsOf([created, delta, completed([message([outputText('Hey!')])])])).toMatchObject([{ text: 'Hey!' }])
  })
  test('arguments only when they are done', () => {
    const events = [
      created,
      { type: 'response.output_item.added', output_index: 0, item: call('') },
      { type: 'response.function_call_arguments.done', output_index: 0, arguments: '{"a":1}' },
      completed([call('{"a":1}')]),
    ]
    expect(partsOf(events)).toMatchObject([{ arguments: '{"a":1}' }])
  })
  test('an output whose positions are not those of the stream is not told twice', () => {
    const events = [
      created,
      { type: 'response.output_item.added', output_index: 1, item: call('') },
      { type: 'response.output_item.done', output_index: 1, item: call('{}') },
      completed([call('{}')]),
    ]
    expect(partsOf(events)).toHaveLength(1)
  })
})

test('E99: encrypted reasoning is taken when it is whole', () => {
  const item = (encrypted_content: string) => ({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content })
  const events = [
    created,
    { type: 'response.output_item.added', output_index: 0, item: item('ha') },
    { type: 'response.output_item.done', output_index: 0, item: item('half no more') },
    completed([]),
  ]
  expect(partsOf(events)).toMatchObject([
    { visibility: 'hidden', state: [{ scheme: 'openai.encrypted', value: 'half no more', itemId: 'rs_1' }] },
  ])
})

test('a summary keeps its sections, and text beside it is a part of its own', () => {
  const events = [
    created,
    { type: 'response.output_item.added', output_index: 0, item: { type: 'reasoning', id: 'rs_1', summary: [] } },
    { type: 'response.reasoning_summary_part.added', output_index: 0, summary_index: 0, part: {} },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'a' },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 1, delta: 'b' },
    { type: 'response.reasoning_text.delta', output_index: 0, content_index: 0, delta: 'full' },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' },
    },
    completed([]),
  ]
  expect(partsOf(events)).toMatchObject([
    { visibility: 'summary', chunks: ['a', 'b'] },
    { visibility: 'full', chunks: ['full'], state: [{ value: 'e' }] },
  ])
})

test('a character split between deltas is put together again', () => {
  const [high = '', low = ''] = '😀'.split('')
  const delta = (text: string) => ({
    type: 'response.output_text.delta',
    output_index: 0,
    content_index: 0,
    delta: text,
  })
  const events = decoded([created, delta(`a${high}`), delta(`${low}b`), delta(high), completed([])])
  expect(events.filter(event => event.type === 'text-delta').map(event => event.text)).toEqual(['a', '😀b', '\u{fffd}'])
})

test('Copilot names an item anew in each event', () => {
  const added = { type: 'response.output_item.added', output_index: 0, item: { ...call(''), id: 'x1' } }
  const delta = { type: 'response.function_call_arguments.delta', output_index: 0, item_id: 'x2', delta: '{}' }
  const done = { type: 'response.output_item.done', output_index: 0, item: { ...call('{}'), id: 'x3' } }
  expect(partsOf([created, added, delta, done, completed([{ ...call('{}'), id: 'x4' }])])).toMatchObject([
    { id: 'x1', arguments: '{}' },
  ])
})

test('OpenRouter names no events, and ends with [DONE]', () => {
  const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'say "type":"error"' }
  expect(gathered(decoded([created, delta, completed([])], false)).candidates[0]?.parts).toMatchObject([
    { text: 'say "type":"error"' },
  ])
  const whole = sseFrame(JSON.stringify(completed([])), 'response.completed')
  expect(eventsOfStream(`${whole}data: [DONE]\n\n`).at(-1)?.type).toBe('end')
})

test('E237: keep-alives, obfuscation and events of the future are no content', () => {
  const events = decoded([created, { type: 'keepalive' }, { type: 'response.dream.delta', delta: 'x' }, completed([])])
  expect(events.filter(event => event.type.startsWith('part'))).toEqual([])
})

describe('errors', () => {
  const view = { kind: 'rate-limit', code: 'rate_limit_exceeded', message: 'Slow down.', status: 429 }
  const error = { code: 'rate_limit_exceeded', message: 'Slow down.', param: null }
  test.each([
    ['nested', { type: 'error', error }],
    ['flat', { type: 'error', ...error }],
    ['in the failed response', { type: 'response.failed', response: { id: 'r', status: 'failed', error, output: [] } }],
  ])('%s', (_, event) => {
    expect(errorOf(decoded([created, event, { type: 'response.failed', response: {} }]))).toMatchObject(view)
  })
  test('E224: an error of no type is none the less', () => {
    expect(errorOf(decoded([{ error }], false))).toMatchObject(view)
  })
  test('what is no JSON is an error', () => {
    expect(errorOf(eventsOfStream('data: <html>\n\n'))?.message).toContain('cannot be read')
    expect(errorOf(eventsOfStream('event: response.completed\ndata: {"resp\n\n'))?.message).toContain('cannot be read')
  })
  test('a wait that is told is kept', () => {
    const event = { type: 'error', error: { ...error, message: 'Please try again in 1.2s.' } }
    expect(errorOf(decoded([event]))).toMatchObject({ retryAfterMs: 1200 })
  })
})

describe('E222: a stream that is cut off is an error, wherever it is cut', () => {
  const cases = recordedCases('openai-responses').filter(each => each.responseIsStream && each.status === 200)
  test.each(cases)('$name', each => {
    const frames = framesOf(each.responseText)
    const terminal = frames.findIndex(frame => frame.data.includes('"usage":{'))
    const step = Math.max(1, Math.floor(terminal / 25))
    for (let length = 0; length < terminal; length += step) {
      const decoder = format.decodeStream()
      const events = [...frames.slice(0, length).flatMap(frame => decoder.frame(frame)), ...decoder.end()]
      expect(events.at(-1)?.type).toBe('error')
      expect(events.some(event => event.type === 'end' || event.type === 'finish')).toBe(false)
    }
  })
})

test('usage that cannot be is brought to sense, and kept as it came', () => {
  const usage = { input_tokens: 5, input_tokens_details: { cached_tokens: 9 }, output_tokens: -1, total_tokens: null }
  expect(gathered(decoded([completed([], { usage })])).usage).toEqual({
    input: 5,
    output: 0,
    cacheRead: 5,
    raw: { format: 'openai-responses', json: JSON.stringify(usage) },
  })
})

test('reasoning that a provider counts beside the output is part of it', () => {
  const usage = { input_tokens: 5, output_tokens: 1, output_tokens_details: { reasoning_tokens: 7 }, total_tokens: 13 }
  expect(gathered(decoded([completed([], { usage })])).usage).toMatchObject({ output: 8, reasoning: 7 })
})
