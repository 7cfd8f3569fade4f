/** What servers really stream, and what must come of it. Each test is named after the fault it prevents. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Part } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/openai-chat/format.ts'
import type { CompletedCandidate, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { grammarViolations } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { recordedCases } from '../../support/traffic.ts'
import { eventsOfStream, gathered } from './exchange.ts'

type Delta = Record<string, unknown>

const FINISH = { finish_reason: 'stop' }

/** One choice a chunk: its delta, and what stands beside it. */
function stream(...choices: readonly (readonly [Delta, Record<string, unknown>?])[]): string {
  const chunks = choices.map(([delta, beside]) =>
    chunk({ choices: [{ index: 0, delta, finish_reason: null, ...beside }] }),
  )
  return `${chunks.join('')}data: [DONE]\n\n`
}

function chunk(fields: Record<string, unknown>): string {
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', ...fields })}\n\n`
}

function decoded(text: string): { events: readonly ReplyEvent[]; first: CompletedCandidate; parts: readonly Part[] } {
  const events = eventsOfStream(text)
  expect(grammarViolations(events)).toEqual([])
  const [first] = gathered(events).candidates
  if (first === undefined) throw new Error(`no candidate: ${JSON.stringify(events)}`)
  return { events, first, parts: first.parts }
}

function call(index: number | undefined, fields: Record<string, unknown>): Delta {
  return { tool_calls: [{ ...(index === undefined ? {} : { index }), ...fields }] }
}

function named(name: string, args = ''): Record<string, unknown> {
  return { type: 'function', function: { name, arguments: args } }
}

function callsOf(text: string): unknown {
  return decoded(text).parts.flatMap(part =>
    part.type === 'tool-call' ? [[part.callId, part.name, part.arguments]] : [],
  )
}

describe('tool calls', () => {
  test('arguments of parallel calls do not run into each other', () => {
    const text = stream(
      [call(0, { id: 'a', ...named('one') })],
      [call(1, { id: 'b', ...named('two') })],
      [call(0, { function: { arguments: '{"x":' } })],
      [call(1, { function: { arguments: '{}' } })],
      [call(0, { function: { arguments: '1}' } })],
      [{}, { finish_reason: 'tool_calls' }],
    )
    expect(callsOf(text)).toEqual([
      ['a', 'one', '{"x":1}'],
      ['b', 'two', '{}'],
    ])
  })

  test('calls without an index are told apart by id', () => {
    const text = stream(
      [call(undefined, { id: 'a', ...named('one', '{"x"') })],
      [call(undefined, { id: 'a', function: { arguments: ':1}' } })],
      [call(undefined, { id: 'b', ...named('two', '{}') })],
      [{}, FINISH],
    )
    expect(callsOf(text)).toEqual([
      ['a', 'one', '{"x":1}'],
      ['b', 'two', '{}'],
    ])
  })

  test('whole calls without index and id are two calls, with two ids', () => {
    const both = { tool_calls: [named('one', '{}'), named('one', '{}')] }
    const text = stream([both], [{}, FINISH])
    expect(callsOf(text)).toEqual([
      ['call_chatcmpl1_0', 'one', '{}'],
      ['call_chatcmpl1_1', 'one', '{}'],
    ])
  })

  test('an index that is used again for another call does not mix them', () => {
    const text = stream(
      [call(0, { id: 'a', ...named('one', '{"x":1}') })],
      [call(0, { id: 'b', ...named('two', '{}') })],
      [{}, FINISH],
    )
    expect(callsOf(text)).toEqual([
      ['a', 'one', '{"x":1}'],
      ['b', 'two', '{}'],
    ])
  })

  test('an id that changes on every delta stays one call', () => {
    const text = stream(
      [call(0, { id: 'a', ...named('one') })],
      [call(0, { id: 'b', function: { arguments: '{"x":' } })],
      [call(0, { id: 'c', function: { arguments: '1}' } })],
      [{}, FINISH],
    )
    expect(callsOf(text)).toEqual([['a', 'one', '{"x":1}']])
  })

  test('a name that is repeated is not doubled, and one in pieces is put together', () => {
    const text = stream(
      [call(0, { id: 'a', ...named('weather') })],
      [call(0, { id: 'a', ...named('weather', '{}') })],
      [call(1, { id: 'b', ...named('get_') })],
      [call(1, { id: 'b', ...named('time', '{}') })],
      [{}, FINISH],
    )
    expect(callsOf(text)).toEqual([
      ['a', 'weather', '{}'],
      ['b', 'get_time', '{}'],
    ])
  })

  test('arguments that come before the name are not lost', () => {
    const text = stream(
      [call(0, { id: 'a', function: { arguments: '{"x":' } })],
      [call(0, named('one', '1}'))],
      [{}, FINISH],
    )
    expect(callsOf(text)).toEqual([['a', 'one', '{"x":1}']])
  })

  test('an index that begins at 1, or skips some, leaves no gap', () => {
    const text = stream(
      [call(1, { id: 'a', ...named('one', '{}') })],
      [call(7, { id: 'b', ...named('two', '{}') })],
      [{}, FINISH],
    )
    expect(callsOf(text)).toEqual([
      ['a', 'one', '{}'],
      ['b', 'two', '{}'],
    ])
  })

  test('an empty id is none, and gets one', () => {
    const text = stream([call(0, { id: '', ...named('one', '{}') })], [{}, FINISH])
    expect(callsOf(text)).toEqual([['call_chatcmpl1_0', 'one', '{}']])
  })

  test('two calls of one id get two', () => {
    const both = {
      tool_calls: [
        { index: 0, id: 'a', ...named('one', '{}') },
        { index: 1, id: 'a', ...named('two', '{}') },
      ],
    }
    expect(callsOf(stream([both], [{}, FINISH]))).toEqual([
      ['a', 'one', '{}'],
      ['a_2', 'two', '{}'],
    ])
  })

  test('arguments that are an object keep what they say', () => {
    const text = stream([call(0, { id: 'a', function: { name: 'one', arguments: { x: 1 } } })], [{}, FINISH])
    expect(callsOf(text)).toEqual([['a', 'one', '{"x":1}']])
  })

  test('a call without arguments is a call', () => {
    expect(callsOf(stream([call(0, { id: 'a', ...named('one') })], [{}, FINISH]))).toEqual([['a', 'one', '']])
  })

  test('a custom call keeps its text', () => {
    const text = stream(
      [call(0, { id: 'a', type: 'custom', custom: { name: 'calc', input: '1 +' } })],
      [call(0, { custom: { input: ' 1' } })],
      [{}, FINISH],
    )
    const [part] = decoded(text).parts
    expect(part).toEqual({ type: 'tool-call', callId: 'a', name: 'calc', kind: 'custom', arguments: '1 + 1' })
  })

  test('the old function_call is a call', () => {
    const text = stream(
      [{ function_call: { name: 'one', arguments: '' } }],
      [{ function_call: { arguments: '{}' } }],
      [{}, { finish_reason: 'function_call' }],
    )
    expect(callsOf(text)).toEqual([['call_chatcmpl1_0', 'one', '{}']])
    expect(decoded(text).first.finish.reason).toBe('tool-calls')
  })

  test('a call that never gets a name is an error, not an answer', () => {
    const { first } = decoded(stream([call(0, { id: 'a', function: { arguments: '{}' } })], [{}, FINISH]))
    expect(first.finish.reason).toBe('malformed-tool-call')
  })

  test("Gemini's signature stays with its call", () => {
    const extra_content = { google: { thought_signature: 'c2ln' } }
    const text = stream([call(0, { id: 'a', ...named('one', '{}'), extra_content })], [{}, FINISH])
    expect(decoded(text).parts[0]?.state).toEqual([{ scheme: 'gemini.thought-signature', value: 'c2ln' }])
  })

  test('an empty list of calls ends no text', () => {
    const text = stream([{ content: 'a', tool_calls: [] }], [{ content: 'b', tool_calls: null }], [{}, FINISH])
    expect(decoded(text).parts).toEqual([{ type: 'text', text: 'ab' }])
  })
})

describe('text and reasoning', () => {
  test.each(['reasoning_content', 'reasoning', 'reasoning_text'])('%s is reasoning and never text', field => {
    const text = stream([{ [field]: 'hm', content: '' }], [{ [field]: 'm', content: 'Yes' }], [{}, FINISH])
    expect(decoded(text).parts).toEqual([
      { type: 'reasoning', visibility: 'full', chunks: ['hmm'] },
      { type: 'text', text: 'Yes' },
    ])
  })

  test('reasoning that comes under two names is not said twice', () => {
    const text = stream([{ reasoning_content: 'hm', reasoning: 'hm' }], [{}, FINISH])
    expect(decoded(text).parts).toEqual([{ type: 'reasoning', visibility: 'full', chunks: ['hm'] }])
  })

  test('reasoning after text is a part of its own', () => {
    const text = stream([{ reasoning: 'a' }], [{ content: 'b' }], [{ reasoning: 'c' }], [{}, FINISH])
    expect(decoded(text).parts.map(part => part.type)).toEqual(['reasoning', 'text', 'reasoning'])
  })

  test("OpenRouter's details are put together and kept", () => {
    const detail = (more: Delta): Delta => ({ reasoning_details: [{ type: 'reasoning.text', index: 0, ...more }] })
    const text = stream(
      [{ reasoning: 'a', ...detail({ text: 'a', format: 'f' }) }],
      [{ reasoning: 'b', ...detail({ text: 'b' }) }],
      [detail({ text: null, signature: 's' })],
      [{ content: 'x' }],
      [{}, FINISH],
    )
    const [reasoning] = decoded(text).parts
    expect(reasoning).toMatchObject({ type: 'reasoning', chunks: ['ab'] })
    expect(JSON.parse(reasoning?.state?.[0]?.value ?? '')).toEqual([
      { type: 'reasoning.text', index: 0, text: 'ab', format: 'f', signature: 's' },
    ])
  })

  test("Mistral's content arrays are reasoning and text", () => {
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }
    const text = stream([{ content: [thinking] }], [{ content: [{ type: 'text', text: 'Yes' }] }], [{}, FINISH])
    expect(decoded(text).parts).toEqual([
      { type: 'reasoning', visibility: 'full', chunks: ['hm'] },
      { type: 'text', text: 'Yes' },
    ])
  })

  test('a character that is split between chunks arrives whole', () => {
    const { events, parts } = decoded(stream([{ content: 'a\ud83d' }], [{ content: '\ude00b' }], [{}, FINISH]))
    expect(parts).toEqual([{ type: 'text', text: 'a😀b' }])
    expect(events.flatMap(event => (event.type === 'text-delta' ? [event.text] : []))).toEqual(['a', '😀b'])
  })

  test('half a character at the end becomes U+FFFD', () => {
    expect(decoded(stream([{ content: 'a\ud83d' }], [{}, FINISH])).parts).toEqual([{ type: 'text', text: 'a\ufffd' }])
  })

  test('citations point at their text in UTF-16 units', () => {
    const annotation = { type: 'url_citation', url_citation: { url: 'u', title: 't', start_index: 1, end_index: 2 } }
    const [part] = decoded(stream([{ content: '😀ab' }], [{ annotations: [annotation] }], [{}, FINISH])).parts
    expect(part).toMatchObject({ citations: [{ kind: 'url', url: 'u', title: 't', start: 2, end: 3 }] })
  })

  test('streamed audio arrives whole, with its transcript', () => {
    const text = stream(
      [{ audio: { id: 'audio_1', transcript: 'be' } }],
      [{ audio: { data: Buffer.from('ab').toString('base64') } }],
      [{ audio: { data: Buffer.from('c').toString('base64'), transcript: 'ep' } }],
      [{ audio: { expires_at: 5 } }, FINISH],
    )
    expect(decoded(text).parts).toEqual([
      {
        type: 'media',
        kind: 'audio',
        id: 'audio_1',
        source: { base64: Buffer.from('abc').toString('base64') },
        extensions: { 'openai-chat': { transcript: '"beep"', expires_at: '5' } },
      },
    ])
  })
})

describe('the end', () => {
  test('"stop" with a tool call means tool calls', () => {
    expect(decoded(stream([call(0, { id: 'a', ...named('one', '{}') })], [{}, FINISH])).first.finish.reason).toBe(
      'tool-calls',
    )
  })

  test('"tool_calls" without any means stop', () => {
    expect(decoded(stream([{ content: 'a' }], [{}, { finish_reason: 'tool_calls' }])).first.finish.reason).toBe('stop')
  })

  test('a finish reason without [DONE] is a whole answer', () => {
    const text = stream([{ content: 'a' }], [{}, FINISH]).replace('data: [DONE]\n\n', '')
    expect(decoded(text).events.at(-1)).toEqual({ type: 'end' })
  })

  test.each([
    ['nothing at all', ''],
    ['[DONE] alone', 'data: [DONE]\n\n'],
    ['half an answer', stream([{ content: 'a' }]).replace('data: [DONE]\n\n', '')],
    ['a page of HTML', 'data: <html>\n\n'],
    [
      'one finished answer of two',
      chunk({
        choices: [
          { index: 0, delta: {}, finish_reason: 'stop' },
          { index: 1, delta: { content: 'a' } },
        ],
      }),
    ],
  ])('%s is an error, never a success', (_name, text) => {
    const events = eventsOfStream(text)
    expect(events.at(-1)?.type).toBe('error')
    expect(events.some(event => event.type === 'finish' || event.type === 'end')).toBe(false)
  })

  test.each([
    ['with a status', { error: { message: 'Busy', code: 429 } }, 429, 'rate-limit'],
    ['with a type', { error: { message: 'No', type: 'invalid_request_error', code: 'x' } }, 400, 'bad-request'],
    ['in an array', [{ error: { message: 'No', code: 503, status: 'UNAVAILABLE' } }], 503, 'overloaded'],
    ['as a string', { error: 'it broke' }, 502, 'upstream'],
    [
      'beside choices',
      { choices: [{ index: 0, delta: {}, finish_reason: 'error' }], error: { message: 'x' } },
      502,
      'upstream',
    ],
  ])('an error chunk %s ends the answer in an error', (_name, body, status, kind) => {
    const events = eventsOfStream(
      `${chunk({ choices: [{ index: 0, delta: { content: 'a' } }] })}data: ${JSON.stringify(body)}\n\ndata: [DONE]\n\n`,
    )
    const last = events.at(-1)
    expect(last?.type === 'error' && last.error).toMatchObject({ status, kind })
  })

  test.each(['error', 'network_error', 'insufficient_system_resource'])('finish reason "%s" is an error', reason => {
    expect(eventsOfStream(stream([{ content: 'a' }], [{}, { finish_reason: reason }])).at(-1)?.type).toBe('error')
  })

  test('what comes after the end is not looked at', () => {
    const text = `${stream([{ content: 'a' }], [{}, FINISH])}${chunk({ choices: [{ index: 0, delta: { content: 'b' } }] })}`
    expect(decoded(text).parts).toEqual([{ type: 'text', text: 'a' }])
  })
})

describe('usage', () => {
  test('usage on every chunk is told once, as the last one says', () => {
    const usage = (completion: number): unknown => ({
      prompt_tokens: 3,
      completion_tokens: completion,
      total_tokens: 3 + completion,
    })
    const choices = [{ index: 0, delta: { content: 'a' }, finish_reason: null }]
    const done = [{ index: 0, delta: {}, finish_reason: 'stop' }]
    const text = `${chunk({ choices, usage: usage(1) })}${chunk({ choices: done, usage: usage(2) })}data: [DONE]\n\n`
    const { events } = decoded(text)
    expect(events.filter(event => event.type === 'usage')).toMatchObject([{ usage: { input: 3, output: 2 } }])
  })

  test.each([
    ['of Groq', { x_groq: { usage: { prompt_tokens: 3, completion_tokens: 2 } } }, { input: 3, output: 2 }],
    [
      'of DeepSeek',
      { usage: { prompt_tokens: 9, completion_tokens: 2, prompt_cache_hit_tokens: 4 } },
      { cacheRead: 4 },
    ],
    [
      'with reasoning beside the output (xAI)',
      {
        usage: {
          prompt_tokens: 5,
          completion_tokens: 2,
          total_tokens: 10,
          completion_tokens_details: { reasoning_tokens: 3 },
        },
      },
      { input: 5, output: 5, reasoning: 3 },
    ],
    [
      'that is nonsense',
      {
        usage: {
          prompt_tokens: -1,
          completion_tokens: null,
          total_tokens: 'x',
          prompt_tokens_details: { cached_tokens: 9 },
        },
      },
      { input: 0, output: 0, cacheRead: 0 },
    ],
  ])('usage %s is understood', (_name, fields, expected) => {
    const text = `${chunk({ choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }], ...fields })}data: [DONE]\n\n`
    const { events } = decoded(text)
    expect(events.find(event => event.type === 'usage')).toMatchObject({ usage: expected })
  })

  test('big numbers in unknown fields and usage keep their digits', () => {
    const text = chunk({ choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }] }).replace(
      '"object"',
      '"seed":15092511270073158001,"usage":{"prompt_tokens":1,"cost":0.10000000000000000001},"object"',
    )
    const { events } = decoded(`${text}data: [DONE]\n\n`)
    const finish = events.find(event => event.type === 'finish')
    const usage = events.find(event => event.type === 'usage')
    expect(finish).toMatchObject({ extensions: { 'openai-chat': { 'reply.seed': '15092511270073158001' } } })
    expect(usage?.type === 'usage' && usage.usage.raw?.json).toContain('0.10000000000000000001')
  })
})

describe('anything', () => {
  const value = fc.jsonValue({ maxDepth: 4 })
  const anyChunk = fc.oneof(
    value.map(each => JSON.stringify(each)),
    fc
      .record({ choices: fc.array(fc.record({ index: value, delta: value, finish_reason: value })) })
      .map(each => JSON.stringify(each)),
    fc
      .record({
        id: value,
        choices: fc.array(
          fc.record({
            index: fc.integer({ min: 0, max: 2 }),
            delta: fc.record(
              {
                content: fc.oneof(fc.string({ unit: 'binary' }), value),
                reasoning: fc.string(),
                tool_calls: fc.array(
                  fc.record(
                    {
                      index: fc.integer({ min: 0, max: 3 }),
                      id: fc.constantFrom('', 'a', 'b'),
                      function: fc.record({ name: fc.constantFrom('', 'f', 'g'), arguments: fc.string() }),
                    },
                    { requiredKeys: [] },
                  ),
                ),
              },
              { requiredKeys: [] },
            ),
            finish_reason: fc.constantFrom(null, 'stop', 'tool_calls', 'odd'),
          }),
        ),
        usage: value,
      })
      .map(each => JSON.stringify(each)),
    fc.constantFrom('[DONE]', '', '{', `${'['.repeat(5000)}${']'.repeat(5000)}`),
  )

  test('whatever a server sends, the events keep the grammar', () => {
    fc.assert(
      fc.property(fc.array(anyChunk), fc.boolean(), (chunks, named) => {
        const decoder = format.decodeStream()
        const frames = chunks.map(data => (named ? { data, event: 'message' } : { data }))
        const events = [...frames.flatMap(frame => decoder.frame(frame)), ...decoder.end()]
        expect(grammarViolations(events)).toEqual([])
        const observer = format.observeStream()
        for (const frame of frames) observer.frame(frame)
        observer.observation
      }),
      { numRuns: 200 },
    )
  })

  const [longest] = [...recordedCases('openai-chat'), ...recordedCases('openai-compatible')]
    .filter(each => each.responseIsStream && each.status === 200)
    .sort((a, b) => a.responseText.length - b.responseText.length)
    .slice(-1)
  test('a stream that is cut anywhere ends in an error or was whole', () => {
    const frames = framesOf(longest?.responseText ?? '')
    for (let length = 0; length <= frames.length; length++) {
      const decoder = format.decodeStream()
      const events = [...frames.slice(0, length).flatMap(frame => decoder.frame(frame)), ...decoder.end()]
      expect(grammarViolations(events)).toEqual([])
      const whole = events.some(event => event.type === 'finish')
      expect(events.at(-1)?.type).toBe(whole ? 'end' : 'error')
    }
    expect(frames.length).toBeGreaterThan(0)
  })
})
