/** What the gateway learns of a stream that it passes on untouched. */
import { describe, expect, test } from 'vitest'
import format from '../../../src/formats/openai-chat/format.ts'
import type { FrameSign } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }

function chunk(choice: object | undefined, more: object = {}): string {
  return JSON.stringify({ id: 'c', model: 'served', choices: choice ? [{ index: 0, ...choice }] : [], ...more })
}

function signsOf(...frames: readonly string[]): {
  signs: readonly FrameSign[]
  observer: ReturnType<typeof format.observeStream>
} {
  const observer = format.observeStream()
  return { signs: frames.map(data => observer.frame({ data })), observer }
}

describe('signs', () => {
  test('of an ordinary stream', () => {
    const { signs, observer } = signsOf(
      chunk(undefined, { id: '', model: '', prompt_filter_results: [] }),
      chunk({ delta: { role: 'assistant', content: '' }, finish_reason: null }, { usage: null }),
      chunk({ delta: { content: 'a' }, finish_reason: null }),
      chunk({ delta: { content: 'say "usage":{ and "finish_reason":"stop"' }, finish_reason: null }),
      chunk({ delta: {}, finish_reason: 'stop' }),
      chunk(undefined, { usage: USAGE }),
      '[DONE]',
    )
    expect(signs).toEqual(['preamble', 'preamble', 'content', 'content', 'terminal', 'usage', 'terminal'])
    expect(observer.observation).toMatchObject({ model: 'served', finish: 'stop', usage: { input: 3, output: 2 } })
  })

  test.each([
    ['reasoning', { reasoning: 'hm' }],
    ['a refusal', { refusal: 'No' }],
    ['a tool call', { tool_calls: [{ index: 0, function: { name: 'f' } }] }],
  ])('%s is content', (_name, delta) => {
    expect(signsOf(chunk({ delta, finish_reason: null })).signs).toEqual(['content'])
  })

  test('a stream of two answers is whole only when both are', () => {
    const { signs } = signsOf(
      chunk({ delta: { content: 'a' }, finish_reason: null }),
      chunk({ index: 1, delta: { content: 'b' }, finish_reason: null }),
      chunk({ delta: {}, finish_reason: 'stop' }),
      chunk({ index: 1, delta: {}, finish_reason: 'stop' }),
    )
    expect(signs).toEqual(['content', 'content', 'content', 'terminal'])
  })

  test('a call that comes late still makes "stop" mean tool calls, however the JSON is spaced', () => {
    const spaced = '{"choices": [{"index": 0, "delta": {"tool_calls": [ {"index": 0}]}, "finish_reason": null}]}'
    const { observer } = signsOf(
      chunk({ delta: { content: 'a' }, finish_reason: null }),
      spaced,
      '{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}',
    )
    expect(observer.observation).toMatchObject({ finish: 'tool-calls', usage: { input: 1 } })
  })

  test.each([
    ['an error chunk', '{"error":{"message":"Busy","code":429}}', { status: 429, message: 'Busy' }],
    ['a failed finish', chunk({ delta: {}, finish_reason: 'error' }), { status: 502 }],
    ['no JSON', '<html>', { status: 502 }],
  ])('%s in the middle is an error', (_name, data, error) => {
    const { signs, observer } = signsOf(chunk({ delta: { content: 'a' }, finish_reason: null }), data)
    expect(signs).toEqual(['content', 'error'])
    expect(observer.observation.error).toMatchObject(error)
  })

  test('an event called error is one, whatever it holds', () => {
    const observer = format.observeStream()
    expect(observer.frame({ event: 'error', data: '{"message":"x"}' })).toBe('error')
  })
})

test('an error body of a 200 is seen in a whole reply', () => {
  const document = parseDocument('{"error":{"message":"No","type":"invalid_request_error"}}')
  expect(format.observeReply(document, 'generate')).toMatchObject({ error: { status: 400, message: 'No' } })
  expect(format.decodeReply(document, 'generate')).toMatchObject([{ type: 'error', error: { status: 400 } }])
})

describe('a reply whose choices have no index', () => {
  const reply = {
    choices: [
      { finish_reason: 'tool_calls', message: { role: 'assistant', content: 'Let me look.' } },
      {
        finish_reason: 'tool_calls',
        message: { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f' } }] },
      },
    ],
  }
  const document = parseDocument(JSON.stringify(reply))

  test('is one answer', () => {
    const events = format.decodeReply(document, 'generate')
    expect(events.filter(event => event.type === 'part-start')).toMatchObject([
      { candidate: 0, part: { type: 'text', text: 'Let me look.' } },
      { candidate: 0, part: { type: 'tool-call', name: 'f' } },
    ])
    expect(events.filter(event => event.type === 'finish')).toMatchObject([{ candidate: 0, reason: 'tool-calls' }])
  })
  test('is observed as one', () => {
    expect(format.observeReply(document, 'generate').finish).toBe('tool-calls')
  })
})

test("MiniMax's error beside an answer of nothing is one", () => {
  const document = parseDocument('{"base_resp":{"status_code":1004,"status_msg":"login fail"},"choices":null}')
  const error = { status: 401, message: 'login fail' }
  expect(format.observeReply(document, 'generate')).toMatchObject({ error })
  expect(format.decodeReply(document, 'generate')).toMatchObject([{ type: 'error', error }])
})

test.each([
  ['sensitive', 'content-filter'],
  ['model_context_window_exceeded', 'context-window'],
])('a finish of "%s" is understood', (word, finish) => {
  const document = parseDocument(chunk({ message: { content: 'x' }, finish_reason: word }))
  expect(format.observeReply(document, 'generate')).toMatchObject({ finish })
})

test.each(['[]', '{}', '1', '{"choices":5}', '{"choices":[]}'])(
  'a reply of %s is an error, and no reason to fall over',
  text => {
    const document = parseDocument(text)
    expect(format.decodeReply(document, 'generate').map(event => event.type)).toEqual(['error'])
    expect(() => format.observeReply(document, 'generate')).not.toThrow()
  },
)
