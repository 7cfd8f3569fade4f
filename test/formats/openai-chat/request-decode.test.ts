/** What Chat clients send, in the canonical view. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Conversation } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/openai-chat/format.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { Refusal } from '../../../src/refusal.ts'
import { decodeInput, encodeTarget } from './exchange.ts'

type Json = Record<string, unknown>

const HELLO = { role: 'user', content: 'Hello' }

function decoded(body: Json): Conversation {
  return format.decodeRequest(decodeInput(JSON.stringify({ model: 'm', messages: [HELLO], ...body })))
}

function turnsOf(...messages: readonly Json[]): Conversation['turns'] {
  return decoded({ messages }).turns
}

function refusalOf(act: () => unknown): Refusal {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return error
  }
  throw new Error('nothing was refused')
}

describe('messages', () => {
  test('roles stay what they are, wherever they stand', () => {
    const roles = ['system', 'user', 'developer', 'assistant', 'system'] as const
    expect(turnsOf(...roles.map(role => ({ role, content: 'x', name: 'n' })))).toEqual(
      roles.map(role => ({ role, parts: [{ type: 'text', text: 'x' }], name: 'n' })),
    )
  })

  test.each([null, '', undefined])('content %j beside tool calls says nothing', content => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x": 1.0}' } }
    expect(turnsOf({ role: 'assistant', content, tool_calls: [call] })[0]?.parts).toEqual([
      { type: 'tool-call', callId: 'a', name: 'f', kind: 'function', arguments: '{"x": 1.0}' },
    ])
  })

  test('calls and results of the old functions find each other', () => {
    const turns = turnsOf(
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'done' },
    )
    const [call, result] = turns.map(turn => turn.parts[0])
    expect(call).toMatchObject({ type: 'tool-call', name: 'f', callId: 'call_0' })
    expect(result).toMatchObject({ type: 'tool-result', name: 'f', callId: 'call_0' })
  })

  test('a refusal is no text', () => {
    expect(turnsOf({ role: 'assistant', content: null, refusal: 'No.' })[0]?.parts).toEqual([
      { type: 'refusal', text: 'No.' },
    ])
  })

  test('reasoning comes before what was said', () => {
    const message = {
      role: 'assistant',
      content: 'Yes',
      reasoning_content: 'hm',
      reasoning_details: [{ type: 'x', data: 'd' }],
    }
    expect(turnsOf(message)[0]?.parts).toEqual([
      {
        type: 'reasoning',
        visibility: 'full',
        chunks: ['hm'],
        state: [{ scheme: 'openrouter.details', value: '[{"type":"x","data":"d"}]' }],
      },
      { type: 'text', text: 'Yes' },
    ])
  })

  test.each([
    [
      'an image',
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
      { kind: 'image', source: { base64: 'AA==' }, mimeType: 'image/png', detail: 'low' },
    ],
    [
      'an image by address',
      { type: 'image_url', image_url: { url: 'https://x/y' } },
      { kind: 'image', source: { url: 'https://x/y' } },
    ],
    [
      "Mistral's image",
      { type: 'image_url', image_url: 'https://x/y' },
      { kind: 'image', source: { url: 'https://x/y' } },
    ],
    [
      'a type in capitals',
      { type: 'image_url', image_url: { url: 'DATA:Image/JPG;charset=x;BASE64,AA' } },
      { kind: 'image', source: { base64: 'AA' }, mimeType: 'image/jpeg' },
    ],
    [
      'sound',
      { type: 'input_audio', input_audio: { data: 'AA', format: 'mp3' } },
      { kind: 'audio', source: { base64: 'AA' }, mimeType: 'audio/mpeg' },
    ],
    [
      'a file',
      { type: 'file', file: { file_id: 'f1' } },
      { kind: 'file', source: { fileId: 'f1', format: 'openai-chat' } },
    ],
    [
      'a PDF',
      { type: 'file', file: { filename: 'a.pdf', file_data: 'AA' } },
      { kind: 'document', source: { base64: 'AA' }, filename: 'a.pdf' },
    ],
    [
      'a film',
      { type: 'video_url', video_url: { url: 'https://x/y' } },
      { kind: 'video', source: { url: 'https://x/y' } },
    ],
  ])('%s is media', (_name, part, expected) => {
    expect(turnsOf({ role: 'user', content: [part] })[0]?.parts).toEqual([{ type: 'media', ...expected }])
  })

  test('a part of an unknown kind is kept whole', () => {
    const part = { type: 'hologram', data: { '2': 1, '1': 2 } }
    const text = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: [part] }] })
    expect(format.decodeRequest(decodeInput(text)).turns[0]?.parts).toEqual([
      { type: 'opaque', format: 'openai-chat', label: 'hologram', json: JSON.stringify(part) },
    ])
  })

  test.each([
    ['messages[0].role', { role: 'robot', content: 'x' }],
    ['messages[0].role', { content: 'x' }],
    ['messages[0].content', { role: 'user' }],
    ['messages[0].tool_call_id', { role: 'tool', content: 'x' }],
  ])('%s is named when it is wrong', (param, message) => {
    expect(refusalOf(() => turnsOf(message))).toMatchObject({ status: 400, param })
  })
})

describe('settings', () => {
  test('0, false and empty are values; null is none', () => {
    const { sampling, parallelToolCalls, state, maxOutputTokens } = decoded({
      temperature: 0,
      seed: 0,
      top_p: null,
      parallel_tool_calls: false,
      store: false,
      max_tokens: null,
    })
    expect({ sampling, parallelToolCalls, state, maxOutputTokens }).toEqual({
      sampling: { temperature: 0, seed: 0 },
      parallelToolCalls: false,
      state: { store: false },
      maxOutputTokens: undefined,
    })
  })

  test('the new limit counts where both are there', () => {
    expect(decoded({ max_tokens: 5, max_completion_tokens: 7 }).maxOutputTokens).toBe(7)
    expect(decoded({ max_tokens: 5 }).maxOutputTokens).toBe(5)
  })

  test.each([
    ['reasoning_effort', { reasoning_effort: 'xhigh' }, { effort: 'xhigh' }],
    ["OpenRouter's reasoning", { reasoning: { max_tokens: 9, exclude: true } }, { budget: 9, show: 'none' }],
    ["DeepSeek's thinking", { thinking: { type: 'disabled' } }, { mode: 'disabled' }],
  ])('%s is reasoning', (_name, body, expected) => {
    expect(decoded(body).reasoning).toEqual(expected)
  })

  test('a schema travels as it was written', () => {
    const schema = '{ "type" : "object", "properties": {"2":{}, "1":{"const":1.0}} }'
    const text = `{"messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":${schema}}}}`
    expect(format.decodeRequest(decodeInput(text)).outputFormat).toEqual({
      type: 'schema',
      name: 'n',
      strict: true,
      schema,
    })
  })

  test.each([
    ['auto', { mode: 'auto' }],
    ['any', { mode: 'required' }],
    [
      { type: 'function', function: { name: 'f' } },
      { mode: 'named', name: 'f', kind: 'function' },
    ],
    [{ function: { name: 'f' } }, { mode: 'named', name: 'f', kind: 'function' }],
    [
      { type: 'custom', custom: { name: 'c' } },
      { mode: 'named', name: 'c', kind: 'custom' },
    ],
    [
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
      { mode: 'auto', allowed: ['f'] },
    ],
  ])('tool choice %j', (tool_choice, expected) => {
    expect(decoded({ tool_choice }).toolChoice).toEqual(expected)
  })

  test('a tool of an unknown kind is hosted, with its text', () => {
    const tool = { type: 'openrouter:web_search', parameters: { max_uses: 1 } }
    expect(decoded({ tools: [tool] }).tools).toEqual([
      { kind: 'hosted', name: 'openrouter:web_search', format: 'openai-chat', json: JSON.stringify(tool) },
    ])
  })

  test('unknown fields come back from every node, even ones of evil names', () => {
    const text = `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x","a":1}],"b":{"2":0,"1":0}}],"tools":[{"type":"function","function":{"name":"f","c":1},"d":2}],"__proto__":{"e":9007199254740993},"constructor":1,"f":9007199254740993}`
    const conversation = format.decodeRequest(decodeInput(text))
    const { body } = format.encodeRequest(conversation, encodeTarget())
    for (const kept of [
      '"a":1',
      '"b":{"2":0,"1":0}',
      '"c":1',
      '"d":2',
      '"__proto__":{"e":9007199254740993}',
      '"constructor":1',
      '"f":9007199254740993',
    ]) {
      expect(body).toContain(kept)
    }
    expect(Object.getPrototypeOf(conversation)).toBe(Object.prototype)
  })
})

test("Together's number of log probabilities goes back to Together", () => {
  const text = '{"model":"m","messages":[],"logprobs":1}'
  bodyCheck(format.schemas.generate ?? {})(JSON.parse(text))
  const { extensions, logprobs } = format.decodeRequest(decodeInput(text))
  expect(extensions).toEqual({ 'openai-chat': { logprobs: '1' } })
  expect(logprobs).toBeUndefined()
})

describe('the schema', () => {
  const check = bodyCheck(format.schemas.generate ?? {})

  test.each([
    [{ messages: [HELLO] }, 'model'],
    [{ model: 'm' }, 'messages'],
    [{ model: 1, messages: [] }, 'model'],
    [{ model: 'm', messages: 'Hello' }, 'messages'],
    [{ model: 'm', messages: [{ content: 'x' }] }, 'messages[0].role'],
    [{ model: 'm', messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ model: 'm', messages: [], stream: 'yes' }, 'stream'],
    [{ model: 'm', messages: [], tools: {} }, 'tools'],
    [{ model: 'm', messages: [], temperature: '1' }, 'temperature'],
    [{ model: 'm', messages: [], stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
  ])('%j is told which field is wrong', (body, param) => {
    expect(refusalOf(() => check(body))).toMatchObject({ status: 400, param })
  })

  test('what passes the schema decodes or is refused, and nothing else', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('user', 'assistant', 'tool', 'system', 'function'))
    const message = fc.record(
      {
        role: text,
        content: fc.oneof(
          fc.string(),
          fc.array(fc.dictionary(fc.constantFrom('type', 'text', 'file', 'image_url'), fc.jsonValue())),
        ),
        tool_call_id: fc.string(),
        tool_calls: fc.array(fc.record({ function: fc.dictionary(fc.string(), fc.jsonValue()) })),
      },
      { requiredKeys: ['role'] },
    )
    const body = fc.record(
      {
        model: fc.constant('m'),
        messages: fc.array(message),
        tools: fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
        tool_choice: fc.oneof(fc.string(), fc.dictionary(fc.string(), fc.jsonValue())),
        stop: fc.array(fc.string()),
        metadata: fc.jsonValue(),
        user: fc.jsonValue(),
        reasoning: fc.jsonValue(),
      },
      { requiredKeys: ['model', 'messages'] },
    )
    fc.assert(
      fc.property(body, value => {
        try {
          check(value)
          const conversation = format.decodeRequest(decodeInput(JSON.stringify(value)))
          JSON.parse(format.encodeRequest(conversation, encodeTarget()).body)
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal)
          expect((error as Refusal).status).toBe(400)
        }
      }),
      { numRuns: 300 },
    )
  })
})
