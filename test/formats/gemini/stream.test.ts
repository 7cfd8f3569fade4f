/** Streams in both directions: what may go wrong between chunks. */
import { describe, expect, test } from 'vitest'
import type { Part } from '../../../src/formats/conversation.ts'
import type { ErrorView } from '../../../src/formats/error-view.ts'
import format from '../../../src/formats/gemini/format.ts'
import { checkStream } from '../../../src/formats/gemini/grammar.ts'
import type { FinishEvent, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { TRUNCATED } from '../../../src/formats/reply-faults.ts'
import { grammarViolation } from '../../support/canonical-grammar.ts'
import { chunksOf, eventsOfChunks, eventsOfFrames, gathered, replyContext, streamOf } from './exchange.ts'

function chunk(parts: readonly unknown[], more: object = {}, beside: object = {}): object {
  return {
    candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
    responseId: 'r1',
    modelVersion: 'm',
    ...beside,
  }
}
const STOP = { finishReason: 'STOP' }

function partsOf(...chunks: readonly unknown[]): readonly Part[] {
  const events = eventsOfChunks(...chunks)
  expect(grammarViolation(events)).toBeUndefined()
  return gathered(events).candidates[0]?.parts ?? []
}

function finishOf(...chunks: readonly unknown[]): FinishEvent | undefined {
  return gathered(eventsOfChunks(...chunks)).candidates[0]?.finish
}

describe('decoding', () => {
  test('pieces of text of one kind are one part, and another kind begins another', () => {
    const parts = partsOf(
      chunk([{ text: 'Hm', thought: true }]),
      chunk([{ text: 'm', thought: true }, { text: 'Hel' }]),
      chunk([{ text: 'lo' }]),
      chunk([{ text: '' }], STOP),
    )
    expect(parts).toEqual([
      { type: 'reasoning', visibility: 'summary', chunks: ['Hmm'] },
      { type: 'text', text: 'Hello' },
    ])
  })

  test('a signature stays with the piece that it came with, also with an empty one (E94)', () => {
    const state = [{ scheme: 'gemini.thought-signature', value: 'c2ln' }]
    expect(
      partsOf(chunk([{ text: 'A' }]), chunk([{ text: 'B', thoughtSignature: 'c2ln' }]), chunk([{ text: 'C' }], STOP)),
    ).toEqual([
      { type: 'text', text: 'A' },
      { type: 'text', text: 'B', state },
      { type: 'text', text: 'C' },
    ])
    expect(partsOf(chunk([{ text: 'A' }]), chunk([{ text: '', thoughtSignature: 'c2ln' }], STOP))).toEqual([
      { type: 'text', text: 'A' },
      { type: 'text', text: '', state },
    ])
  })

  test('citations that come with a last empty piece are those of the text before it', () => {
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: 'https://a', title: 'A' } }],
      groundingSupports: [{ segment: { startIndex: 3, endIndex: 6, text: 'yes' }, groundingChunkIndices: [0] }],
    }
    const [text] = partsOf(
      chunk([{ text: 'é' }, { text: ' yes' }]),
      chunk([{ text: '', thoughtSignature: 'c2ln' }], { ...STOP, groundingMetadata }),
    )
    expect(text).toMatchObject({
      text: 'é yes',
      citations: [{ url: 'https://a', title: 'A', start: 2, end: 5, cited: 'yes' }],
    })
  })

  test('a character that is split between chunks arrives whole', () => {
    const events = eventsOfFrames([
      { data: '{"candidates":[{"content":{"parts":[{"text":"a\\ud83d"}]},"index":0}],"responseId":"r"}' },
      { data: '{"candidates":[{"content":{"parts":[{"text":"\\ude42b"}]},"index":0,"finishReason":"STOP"}]}' },
    ])
    expect(grammarViolation(events)).toBeUndefined()
    expect(gathered(events).candidates[0]?.parts).toEqual([{ type: 'text', text: 'a🙂b' }])
  })

  test('calls without ids get ids of this reply, and arguments keep their spelling', () => {
    const events = eventsOfFrames([
      {
        data: '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"n": 1.0, "9007199254740993": 9007199254740993}}},{"functionCall":{"name":"f"}}]},"index":0,"finishReason":"STOP"}],"responseId":"r1"}',
      },
    ])
    expect(gathered(events).candidates[0]).toMatchObject({
      parts: [
        { callId: 'call_gemini_r1_0', arguments: '{"n": 1.0, "9007199254740993": 9007199254740993}' },
        { callId: 'call_gemini_r1_1', arguments: '{}' },
      ],
      finish: { reason: 'tool-calls', raw: 'STOP' },
    })
  })

  test('a stop that comes after the calls, in a chunk without any, still means calls (E233)', () => {
    expect(finishOf(chunk([{ functionCall: { name: 'f', args: {} } }]), chunk([{ text: '' }], STOP))?.reason).toBe(
      'tool-calls',
    )
  })

  test('a function that Google called and answered itself is not for the client to answer', () => {
    const chunks = [
      chunk([{ functionCall: { name: 'f', args: {} } }], STOP),
      chunk([{ functionResponse: { name: 'f', response: {} } }], STOP),
      chunk([{ text: 'Done' }], STOP),
    ]
    expect(finishOf(...chunks)?.reason).toBe('stop')
    expect(partsOf(...chunks)[1]).toMatchObject({ type: 'hosted-tool', phase: 'result' })
  })

  test('a stream that ends without a reason is an error, whatever it has said (E222)', () => {
    const events = eventsOfChunks(chunk([{ text: 'Hello' }]))
    expect(events.at(-1)).toMatchObject({ type: 'error', error: TRUNCATED })
    expect(eventsOfChunks()).toMatchObject([{ type: 'error' }])
  })

  test.each<[string, unknown, Partial<ErrorView>]>([
    [
      'an error in the middle',
      { error: { code: 503, status: 'UNAVAILABLE', message: 'Busy' } },
      { kind: 'overloaded', status: 503 },
    ],
    [
      'an error without a number (E236)',
      { error: { status: 'RESOURCE_EXHAUSTED', message: 'x' } },
      { kind: 'rate-limit', status: 429 },
    ],
    [
      'an error in a list',
      [{ error: { code: 400, status: 'INVALID_ARGUMENT', message: 'x' } }],
      { kind: 'bad-request', status: 400 },
    ],
    ['a chunk that is no object', 'hello', { kind: 'upstream', code: 'upstream_failed' }],
  ])('%s ends the reply, and nothing follows', (_, bad, error) => {
    const events = eventsOfChunks(chunk([{ text: 'a' }]), bad, chunk([{ text: 'b' }], STOP))
    expect(grammarViolation(events)).toBeUndefined()
    expect(events.at(-1)).toMatchObject({ type: 'error', error })
  })

  test.each(['', '{', '[DONE]', 'null', '<html>'])('%j instead of a chunk is an error', data => {
    const events = eventsOfFrames([{ data }])
    expect(events).toMatchObject([{ type: 'error', error: { code: 'upstream_failed' } }])
  })

  test('an error body over several lines is read where it is framed as data', () => {
    const data = '{\n  "error": {\n    "code": 499,\n    "message": "Cancelled.",\n    "status": "CANCELLED"\n  }\n}'
    expect(eventsOfFrames([{ data }]).at(-1)).toMatchObject({ type: 'error', error: { kind: 'canceled', status: 499 } })
  })

  test.each([
    ['SAFETY', 'content-filter'],
    ['RECITATION', 'content-filter'],
    ['MAX_TOKENS', 'length'],
    ['CONTINUATION', 'continuation'],
    ['MALFORMED_FUNCTION_CALL', 'malformed-tool-call'],
    ['TOO_MANY_TOOL_CALLS', 'malformed-tool-call'],
    ['OTHER', 'other'],
    ['SOMETHING_NEW', 'other'],
    [1, 'stop'],
    [2, 'length'],
  ])('the reason %s is %s (E243)', (finishReason, reason) => {
    expect(finishOf(chunk([{ text: 'a' }], { finishReason, finishMessage: 'Why' }))?.reason).toBe(reason)
  })

  test('usage counts thoughts as output and what tools added as input', () => {
    const usageMetadata = {
      promptTokenCount: 10,
      cachedContentTokenCount: 4,
      toolUsePromptTokenCount: 5,
      candidatesTokenCount: 3,
      thoughtsTokenCount: 2,
      totalTokenCount: 20,
    }
    const { usage } = gathered(
      eventsOfChunks(
        chunk([{ text: 'a' }], {}, { usageMetadata: { promptTokenCount: 10 } }),
        chunk([], STOP, { usageMetadata }),
      ),
    )
    expect(usage).toMatchObject({ input: 15, output: 5, cacheRead: 4, reasoning: 2, toolPrompt: 5 })
  })

  test.each([
    [
      { promptTokenCount: -5, candidatesTokenCount: 1.5 },
      { input: 0, output: 1 },
    ],
    [
      { promptTokenCount: 'NaN', candidatesTokenCount: 2 },
      { input: 0, output: 2 },
    ],
    [
      { promptTokenCount: 3, cachedContentTokenCount: 9 },
      { input: 3, cacheRead: 3 },
    ],
    [{ trafficType: 'ON_DEMAND' }, undefined],
  ])('usage of nonsense %j (E249)', (usageMetadata, expected) => {
    const { usage } = gathered(eventsOfChunks(chunk([{ text: 'a' }], STOP, { usageMetadata })))
    if (expected === undefined) expect(usage).toBeUndefined()
    else expect(usage).toMatchObject(expected)
  })
})

describe('arguments in pieces (E235)', () => {
  const piece = (partialArgs: unknown, willContinue = true, more: object = {}) =>
    chunk([
      { functionCall: { ...more, ...(partialArgs ? { partialArgs } : {}), ...(willContinue ? { willContinue } : {}) } },
    ])

  function argumentsOf(...pieces: readonly unknown[]): unknown {
    const [call] = partsOf(
      piece(undefined, true, { name: 'f' }),
      ...pieces,
      chunk([{ functionCall: {} }]),
      chunk([], STOP),
    )
    return call?.type === 'tool-call' ? JSON.parse(call.arguments) : undefined
  }

  test.each<[string, unknown[], unknown]>([
    [
      'a string that goes on',
      [
        { jsonPath: '$.a', stringValue: 'x', willContinue: true },
        { jsonPath: '$.a', stringValue: 'y' },
      ],
      { a: 'xy' },
    ],
    [
      'every kind of scalar',
      [
        { jsonPath: '$.n', numberValue: 1.5 },
        { jsonPath: '$.b', boolValue: false },
        { jsonPath: '$.z', nullValue: 'NULL_VALUE' },
      ],
      { n: 1.5, b: false, z: null },
    ],
    ['names in brackets', [{ jsonPath: '$[\'a.b\']["c"]', stringValue: 'x' }], { 'a.b': { c: 'x' } }],
    ['a list with a hole', [{ jsonPath: '$.l[2]', numberValue: 1 }], { l: [null, null, 1] }],
    ['lists in lists', [{ jsonPath: '$.l[0][1].x', stringValue: 'y' }], { l: [[null, { x: 'y' }]] }],
  ])('%s', (_, pieces, expected) => {
    expect(argumentsOf(...pieces.map(each => piece([each])))).toEqual(expected)
  })

  test('a name out of Object.prototype is a name like any other (E282)', () => {
    const [call] = partsOf(
      piece(undefined, true, { name: 'f' }),
      piece([{ jsonPath: '$.__proto__.polluted', boolValue: true }], false),
      chunk([], STOP),
    )
    expect(call).toMatchObject({ arguments: '{"__proto__":{"polluted":true}}' })
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test.each(['$.l[999999999]', '$.l[101]', 'a.b', '$..a', '$', '$.a[', `$${'.a'.repeat(200)}`])(
    'a piece at %j is an error, and no attack',
    jsonPath => {
      const events = eventsOfChunks(piece([{ jsonPath, numberValue: 1 }]))
      expect(events.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_failed' } })
    },
  )

  test('a call that never came to its end is not taken for a whole one (E47)', () => {
    const { candidates } = gathered(
      eventsOfChunks(
        piece([{ jsonPath: '$.a', stringValue: 'x', willContinue: true }], true, { name: 'f' }),
        chunk([], STOP),
      ),
    )
    expect(candidates[0]?.finish.reason).toBe('malformed-tool-call')
  })

  test('two calls in pieces, one after the other', () => {
    const parts = partsOf(
      piece([{ jsonPath: '$.a', numberValue: 1 }], true, { name: 'f', id: 'i1' }),
      piece([{ jsonPath: '$.a', numberValue: 2 }], false, { name: 'g', id: 'i2' }),
      chunk([{ functionCall: { name: 'h', args: { a: 3 } } }], STOP),
    )
    expect(parts).toMatchObject([
      { callId: 'i1', name: 'f', arguments: '{"a":1}' },
      { callId: 'i2', name: 'g', arguments: '{"a":2}' },
      { name: 'h', arguments: '{"a":3}' },
    ])
  })
})

describe('encoding', () => {
  const START: ReplyEvent = { type: 'start', id: 'r1', model: 'x' }
  const FINISH: ReplyEvent = { type: 'finish', candidate: 0, reason: 'stop' }
  const END: ReplyEvent = { type: 'end' }
  const start = (index: number, part: Part, candidate = 0): ReplyEvent => ({
    type: 'part-start',
    index,
    candidate,
    part,
  })
  const text = (index: number, value: string): ReplyEvent => ({ type: 'text-delta', index, text: value })
  const TEXT: Part = { type: 'text', text: '' }

  function partsIn(stream: string): unknown[] {
    return chunksOf(stream).flatMap(
      each =>
        (each.candidates as { content: { parts: unknown[] } }[] | undefined)?.flatMap(({ content }) => content.parts) ??
        [],
    )
  }

  test('a reply without any content still ends in a chunk with a part', () => {
    expect(chunksOf(streamOf([START, FINISH, END]))).toEqual([
      {
        candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
        modelVersion: 'gemini-test',
        responseId: 'r1',
      },
    ])
  })

  test('a delta that comes before its start, or for a part that is not there, breaks nothing', () => {
    expect(partsIn(streamOf([text(0, 'lost'), start(0, TEXT), text(0, 'a'), text(7, 'lost'), FINISH, END]))).toEqual([
      { text: 'a' },
      { text: '' },
    ])
  })

  test('events that end without a finish are an error, never a success', () => {
    const last = chunksOf(streamOf([START, start(0, TEXT), text(0, 'a'), END])).at(-1)
    expect(last).toMatchObject({ error: { code: 502, status: 'UNAVAILABLE' } })
  })

  test('nothing follows an error', () => {
    const error: ErrorView = { kind: 'server', status: 500, code: 'x', message: 'y' }
    const chunks = chunksOf(streamOf([START, { type: 'error', error }, start(0, TEXT), text(0, 'a'), FINISH, END]))
    expect(chunks).toHaveLength(1)
    expect(chunks[0]).toMatchObject({ error: { code: 500, status: 'INTERNAL', message: 'y' } })
  })

  test('a call is written when its arguments are complete (E217)', () => {
    const call: Part = { type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '' }
    const encoder = format.encodeStream(replyContext())
    expect(encoder.event(start(0, call))).toBe('')
    expect(encoder.event({ type: 'arguments-delta', index: 0, text: '{"a": ' })).toBe('')
    expect(encoder.event({ type: 'arguments-delta', index: 0, text: '1.0}' })).toBe('')
    expect(encoder.event({ type: 'part-end', index: 0 })).toContain(
      '"functionCall":{"id":"c","name":"f","args":{"a": 1.0}}',
    )
  })

  test('arguments over several lines go out on one, as the SDK reads no others', () => {
    const call: Part = { type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '{\r\n  "a": 1\n}' }
    const stream = streamOf([START, start(0, call), { type: 'part-end', index: 0 }, FINISH, END])
    expect(partsIn(stream)[0]).toEqual({ functionCall: { id: 'c', name: 'f', args: { a: 1 } } })
  })

  test('a signature that comes after its text goes out on an empty one', () => {
    const state = { scheme: 'gemini.thought-signature' as const, value: 'c2ln' }
    const events = [
      START,
      start(0, TEXT),
      text(0, 'a'),
      { type: 'state' as const, index: 0, state },
      { type: 'part-end' as const, index: 0 },
      FINISH,
      END,
    ]
    expect(partsIn(streamOf(events))).toEqual([{ text: 'a' }, { text: '', thoughtSignature: 'c2ln' }, { text: '' }])
  })

  test('thoughts are given to those who asked, their signature to everybody (E218)', () => {
    const thought: Part = {
      type: 'reasoning',
      visibility: 'full',
      chunks: ['Hm'],
      state: [{ scheme: 'gemini.thought-signature', value: 'c2ln' }],
    }
    const events = [START, start(0, thought), { type: 'part-end' as const, index: 0 }, FINISH, END]
    expect(partsIn(streamOf(events))[0]).toEqual({ text: 'Hm', thought: true, thoughtSignature: 'c2ln' })
    const quiet = replyContext({}, { generationConfig: {} })
    expect(partsIn(streamOf(events, quiet))[0]).toEqual({ text: '', thoughtSignature: 'c2ln' })
  })

  test('state of another issuer is left out and said so', () => {
    const encoder = format.encodeStream(replyContext())
    const part: Part = { ...TEXT, text: 'a', state: [{ scheme: 'anthropic.signature', value: 'x' }] }
    expect(
      [START, start(0, part), { type: 'part-end' as const, index: 0 }].map(event => encoder.event(event)).join(''),
    ).not.toContain('"x"')
    expect(encoder.losses).toMatchObject([{ action: 'dropped', path: 'candidates[0].parts[0].state' }])
  })

  test('citations of others become grounding, in bytes', () => {
    const citation = {
      kind: 'url' as const,
      url: 'https://a',
      title: 'A',
      start: 2,
      end: 5,
      format: 'openai-responses',
      json: '{}',
    }
    const events = [
      START,
      start(0, TEXT),
      text(0, 'é yes'),
      { type: 'citation' as const, index: 0, citation },
      { type: 'part-end' as const, index: 0 },
      FINISH,
      END,
    ]
    expect(chunksOf(streamOf(events)).at(-1)).toMatchObject({
      candidates: [
        {
          groundingMetadata: {
            groundingChunks: [{ web: { uri: 'https://a', title: 'A' } }],
            groundingSupports: [{ segment: { startIndex: 3, endIndex: 6, text: 'yes' }, groundingChunkIndices: [0] }],
          },
        },
      ],
    })
  })

  test('alternative answers go side by side, each with its reason', () => {
    const events = [
      START,
      start(0, TEXT, 0),
      start(1, TEXT, 1),
      text(1, 'B'),
      text(0, 'A'),
      { type: 'part-end' as const, index: 0 },
      { type: 'part-end' as const, index: 1 },
      FINISH,
      { type: 'finish' as const, candidate: 1, reason: 'length' as const },
      END,
    ]
    const chunks = chunksOf(streamOf(events))
    expect(chunks.slice(0, 2)).toMatchObject([{ candidates: [{ index: 1 }] }, { candidates: [{ index: 0 }] }])
    expect(chunks.at(-1)).toMatchObject({
      candidates: [
        { index: 0, finishReason: 'STOP' },
        { index: 1, finishReason: 'MAX_TOKENS' },
      ],
    })
  })

  describe('as one array (E220)', () => {
    const context = replyContext({ framing: 'array' })
    function arrayOf(events: readonly ReplyEvent[]): unknown {
      const encoder = format.encodeStream(context)
      return JSON.parse(events.map(event => encoder.event(event)).join(''))
    }

    test('a whole reply', () => {
      const array = arrayOf([
        START,
        { type: 'ping' },
        start(0, TEXT),
        text(0, 'a'),
        { type: 'ping' },
        text(0, 'b'),
        FINISH,
        END,
      ])
      expect(array).toHaveLength(3)
    })

    test.each([
      ['at once', []],
      ['in the middle', [START, start(0, TEXT), text(0, 'a')]],
    ])('an error %s', (_, before) => {
      const error: ErrorView = { kind: 'timeout', status: 504, code: 'x', message: 'y' }
      expect(arrayOf([...before, { type: 'error', error }])).toMatchObject([
        ...before.slice(2).map(() => ({ candidates: [{}] })),
        { error: { code: 504, status: 'DEADLINE_EXCEEDED' } },
      ])
    })
  })

  test('an error after the first byte is a frame that ends a stream', () => {
    const text = format.encodeStreamError({ kind: 'upstream', status: 502, code: 'x', message: 'a\nb' }, 'req-1')
    const check = checkStream()
    expect(eventsOfFrames([{ data: text.slice('data: '.length, -2) }])).toMatchObject([
      { type: 'error', error: { message: 'a\nb' } },
    ])
    expect(text.endsWith('\n\n')).toBe(true)
    expect(check.frame({ data: text.slice('data: '.length, -2) })).toBeUndefined()
    expect(check.end()).toBeUndefined()
  })
})

describe('observing', () => {
  test('each frame is told for what it is', () => {
    const observer = format.observeStream()
    const sign = (value: unknown) => observer.frame({ data: JSON.stringify(value, null, 1) })
    expect(sign({ usageMetadata: { promptTokenCount: 3 }, modelVersion: 'm' })).toBe('preamble')
    expect(sign(chunk([{ text: 'The word "finishReason": and "error": in a text' }]))).toBe('content')
    expect(sign(chunk([{ functionCall: { name: 'f', args: { error: 1 } } }]))).toBe('content')
    expect(sign(chunk([{ text: '' }], STOP, { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2 } }))).toBe(
      'terminal',
    )
    expect(observer.observation).toMatchObject({ model: 'm', finish: 'tool-calls', usage: { input: 3, output: 2 } })
  })

  test('an error inside a 200 is one, and the word in a call’s arguments is not', () => {
    const observer = format.observeStream()
    expect(observer.frame({ data: '{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x"}}' })).toBe(
      'error',
    )
    expect(observer.observation.error).toMatchObject({ kind: 'rate-limit' })
    const other = format.observeStream()
    expect(other.frame({ data: '{"promptFeedback":{"blockReason":"SAFETY"}}' })).toBe('terminal')
    expect(other.observation).toEqual({ finish: 'content-filter' })
  })
})

describe('functions that Google runs itself', () => {
  const called = (name: string, id?: string) => ({ functionCall: { name, args: {}, ...(id && { id }) } })
  const answered = (name: string, id?: string) => ({ functionResponse: { name, response: {}, ...(id && { id }) } })
  const typesOf = (...chunks: readonly unknown[]): readonly string[] => partsOf(...chunks).map(({ type }) => type)

  test('are not handed to the client to run, though their answer comes a chunk later', () => {
    const chunks = [chunk([called('f')]), chunk([answered('f')]), chunk([{ text: 'So.' }], STOP)]
    expect(partsOf(...chunks)).toMatchObject([
      { type: 'hosted-tool', phase: 'call', callId: 'call_gemini_r1_0' },
      { type: 'hosted-tool', phase: 'result', callId: 'call_gemini_r1_0' },
      { type: 'text', text: 'So.' },
    ])
    expect(finishOf(...chunks)?.reason).toBe('stop')
  })

  test('are told from the client’s own by id, else by name and order', () => {
    expect(typesOf(chunk([called('f', 'a'), called('f', 'b'), answered('f', 'b')], STOP))).toEqual([
      'tool-call',
      'hosted-tool',
      'hosted-tool',
    ])
    expect(typesOf(chunk([called('f'), called('g'), called('f'), answered('f')], STOP))).toEqual([
      'hosted-tool',
      'tool-call',
      'tool-call',
      'hosted-tool',
    ])
  })

  test('leave calls that nobody answers to the client', () => {
    const chunks = [chunk([called('f')]), chunk([{ text: 'Hm.' }]), chunk([called('g')], STOP)]
    expect(typesOf(...chunks)).toEqual(['tool-call', 'text', 'tool-call'])
    expect(finishOf(...chunks)?.reason).toBe('tool-calls')
  })
})

test.each(['pause', 'compaction'] as const)('an end that has no word here (%s) is told as a loss', reason => {
  const encoder = format.encodeStream(replyContext())
  const finish: FinishEvent = { type: 'finish', candidate: 0, reason }
  for (const event of [finish, { type: 'end' } as const]) encoder.event(event)
  expect(encoder.losses).toMatchObject([{ path: 'candidates[0].finish', action: 'approximated' }])
})
