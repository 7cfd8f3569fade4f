/** What goes to Chat servers: the canonical view in OpenAI's words and in those of the dialects. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Conversation, Part, Turn } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/openai-chat/format.ts'
import { askForUsage } from '../../../src/formats/openai-chat/stream-usage.ts'
import type { EncodeTarget } from '../../../src/formats/wire-format.ts'
import { simpleConversation } from '../../support/arbitraries.ts'
import { decodeInput, encodeTarget } from './exchange.ts'

type Json = Record<string, unknown>

const HELLO: Turn = { role: 'user', parts: [{ type: 'text', text: 'Hello' }] }
const TOOL = { kind: 'function', name: 'f', schema: '{"type":"object"}' } as const

function conversation(changes: Partial<Conversation> = {}): Conversation {
  return { turns: [HELLO], tools: [], sampling: {}, ...changes }
}

function encoded(
  changes: Partial<Conversation>,
  target: Partial<EncodeTarget> = {},
): { body: Json; messages: Json[]; lost: string[] } {
  const { body, losses } = format.encodeRequest(conversation(changes), encodeTarget(target))
  const parsed = JSON.parse(body) as Json
  return { body: parsed, messages: parsed.messages as Json[], lost: losses.map(loss => `${loss.action} ${loss.path}`) }
}

function messagesOf(turns: readonly Turn[], dialect?: string): Json[] {
  return encoded({ turns }, dialect === undefined ? {} : { dialect }).messages
}

const call = (callId: string, more: Partial<Part> = {}): Part =>
  ({ type: 'tool-call', callId, name: 'f', kind: 'function', arguments: '{}', ...more }) as Part
const result = (callId: string, content: readonly Part[], more: object = {}): Part => ({
  type: 'tool-result',
  callId,
  content,
  ...more,
})
const text = (value: string): Part => ({ type: 'text', text: value })
const IMAGE: Part = { type: 'media', kind: 'image', source: { base64: 'AA==' }, mimeType: 'image/png' }

describe('turns', () => {
  test('results of one user turn become messages of their own, before what the user says', () => {
    const turns: Turn[] = [
      { role: 'assistant', parts: [call('a'), call('b')] },
      { role: 'user', parts: [result('a', [text('1')]), result('b', [text('2')]), text('go on')] },
    ]
    expect(messagesOf(turns).map(message => [message.role, message.tool_call_id, message.content])).toEqual([
      ['assistant', undefined, null],
      ['tool', 'a', '1'],
      ['tool', 'b', '2'],
      ['user', undefined, 'go on'],
    ])
  })

  test('calls that came as turns of their own are one message, or their results would not follow it', () => {
    const turns: Turn[] = [
      { role: 'assistant', parts: [{ type: 'reasoning', visibility: 'hidden', chunks: [] }] },
      { role: 'assistant', parts: [text('Let me see')] },
      { role: 'assistant', parts: [call('a')] },
      { role: 'assistant', parts: [call('b')] },
      { role: 'tool', parts: [result('a', [])] },
    ]
    const [first, ...rest] = messagesOf(turns)
    expect(first).toMatchObject({ content: 'Let me see', tool_calls: [{ id: 'a' }, { id: 'b' }] })
    expect(rest.map(message => message.role)).toEqual(['tool'])
  })

  test('two answers in a row stay two', () => {
    const turns: Turn[] = [
      HELLO,
      { role: 'assistant', parts: [text('a')] },
      { role: 'assistant', parts: [text('b')] },
      HELLO,
    ]
    expect(messagesOf(turns)).toHaveLength(4)
  })

  test('texts of one answer are joined without anything between them', () => {
    expect(messagesOf([{ role: 'assistant', parts: [text('a'), text('b')] }, HELLO])[0]?.content).toBe('ab')
    expect(messagesOf([{ role: 'user', parts: [text('a'), text('b')] }])[0]?.content).toHaveLength(2)
  })

  test('images of a tool result follow in a user message, behind all results', () => {
    const turns: Turn[] = [
      { role: 'assistant', parts: [call('a'), call('b')] },
      { role: 'tool', parts: [result('a', [text('see'), IMAGE], { name: 'f' })] },
      { role: 'tool', parts: [result('b', [text('2')])] },
      HELLO,
    ]
    const { messages, lost } = encoded({ turns })
    expect(messages.map(message => message.role)).toEqual(['assistant', 'tool', 'tool', 'user', 'user'])
    expect(messages[3]?.content).toMatchObject([
      { type: 'text' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
    ])
    expect(lost).toEqual(['approximated turns[1].parts'])
  })

  test('Mistral takes images in results, and nothing of the user directly behind them', () => {
    const turns: Turn[] = [
      { role: 'assistant', parts: [call('a')] },
      { role: 'tool', parts: [result('a', [IMAGE])] },
      HELLO,
    ]
    const { messages, lost } = encoded({ turns }, { dialect: 'mistral' })
    expect(messages.map(message => message.role)).toEqual(['assistant', 'tool'])
    expect(messages[1]?.content).toMatchObject([{ type: 'image_url' }, { type: 'text', text: 'Hello' }])
    expect(lost).toEqual(['approximated turns[2]'])
  })

  test('results come directly behind their calls, whatever was said in between', () => {
    const turns: Turn[] = [
      { role: 'assistant', parts: [call('a')] },
      HELLO,
      { role: 'tool', parts: [result('a', [text('1')])] },
    ]
    expect(messagesOf(turns).map(message => message.role)).toEqual(['assistant', 'tool', 'user'])
  })

  test('a result whose call is gone is told as text, and of two results of one call the later one goes', () => {
    const { messages, lost } = encoded({
      turns: [
        { role: 'tool', parts: [result('gone', [text('old')])] },
        { role: 'assistant', parts: [call('a')] },
        { role: 'tool', parts: [result('a', [text('1')]), result('a', [text('2')])] },
      ],
    })
    expect(messages.map(message => message.role)).toEqual(['user', 'assistant', 'tool'])
    expect(messages[0]?.content).toMatchObject([{ text: '[result of gone]' }, { text: 'old' }])
    expect(messages[2]?.content).toBe('2')
    expect(lost).toEqual(['approximated turns[0].parts[0]', 'dropped turns[2].parts[0]'])
  })

  test('a turn of which nothing can be said leaves no empty message', () => {
    const thought: Part = { type: 'reasoning', visibility: 'full', chunks: ['hm'] }
    const turns: Turn[] = [HELLO, { role: 'assistant', parts: [thought] }, { role: 'assistant', parts: [] }, HELLO]
    expect(messagesOf(turns).map(message => message.role)).toEqual(['user', 'user'])
  })

  test('a failed result says so', () => {
    const { messages, lost } = encoded({
      turns: [
        { role: 'assistant', parts: [call('a')] },
        { role: 'tool', parts: [result('a', [text('no disk')], { isError: true })] },
      ],
    })
    expect(messages[1]?.content).toBe('{"error":"no disk"}')
    expect(lost).toEqual(['approximated turns[1].parts[0].isError'])
  })

  test.each([
    ['{"output":"plain"}', 'plain'],
    ['{"rows": [1.0]}', '{"rows": [1.0]}'],
  ])("Gemini's result %s is text", (structured, expected) => {
    const turns: Turn[] = [
      { role: 'assistant', parts: [call('a')] },
      { role: 'tool', parts: [result('a', [], { structured })] },
    ]
    expect(messagesOf(turns)[1]?.content).toBe(expected)
  })

  test('text after a call moves before it, and that is noted', () => {
    const { lost } = encoded({
      turns: [
        { role: 'assistant', parts: [call('a'), text('x')] },
        { role: 'tool', parts: [result('a', [])] },
      ],
    })
    expect(lost).toEqual(['approximated turns[0].parts[1]'])
  })

  test("Claude Code's billing line does not spoil other servers' caches", () => {
    const parts = [text('x-anthropic-billing-header: cch=1;'), text('You are …')]
    expect(messagesOf([{ role: 'system', parts }])[0]?.content).toBe('You are …')
  })

  test('half a character does not make the server refuse the request', () => {
    expect(encoded({ turns: [{ role: 'user', parts: [text('a\ud83d')] }] })).toMatchObject({
      messages: [{ content: 'a\ufffd' }],
      lost: ['approximated turns[0].parts[0]'],
    })
  })
})

describe('system turns', () => {
  const turns: Turn[] = [
    { role: 'system', parts: [text('a')] },
    { role: 'developer', parts: [text('b')] },
    HELLO,
    { role: 'system', parts: [text('c')] },
  ]

  test('OpenAI takes both roles anywhere', () => {
    expect(messagesOf(turns).map(message => message.role)).toEqual(['system', 'developer', 'user', 'system'])
  })

  test('a server of which nothing is known gets one system message, at the beginning', () => {
    for (const dialect of ['compatible', 'some-server']) {
      expect(messagesOf(turns, dialect).map(message => message.role)).toEqual(['system', 'user'])
    }
  })

  test('elsewhere a developer is a system', () => {
    expect(messagesOf(turns, 'groq').map(message => message.role)).toEqual(['system', 'system', 'user', 'system'])
  })

  test('where a template takes one, the later ones are said in place, so that the prefix stays', () => {
    expect(messagesOf(turns, 'vllm').map(message => [message.role, message.content])).toEqual([
      ['system', 'a\n\nb'],
      ['user', 'Hello\n\n<system-reminder>\nc\n</system-reminder>'],
    ])
    expect(encoded({ turns }, { dialect: 'vllm' }).lost).toEqual(['approximated turns[3]'])
  })
})

describe('earlier reasoning', () => {
  const thought = (state?: Part['state']): Part => ({
    type: 'reasoning',
    visibility: 'full',
    chunks: ['hm'],
    ...(state && { state }),
  })
  const said = (part: Part, dialect: string): Json =>
    messagesOf([{ role: 'assistant', parts: [part, text('x'), call('a')] }], dialect)[0] ?? {}

  test.each([
    ['deepseek', { reasoning_content: 'hm' }],
    ['groq', { reasoning: 'hm' }],
    ['unheard-of', { reasoning_content: 'hm' }],
  ])('goes back to %s under its own name', (dialect, expected) => {
    expect(said(thought(), dialect)).toMatchObject(expected)
  })

  test('goes back to Mistral as a part', () => {
    const state = [{ scheme: 'mistral.signature' as const, value: 's' }]
    const closed = { ...thought(), extensions: { 'openai-chat': { closed: 'true' } } }
    expect(said(closed, 'mistral').content).toMatchObject([{ type: 'thinking', closed: true }, { type: 'text' }])
    expect(said(thought(state), 'mistral').content).toEqual([
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }], signature: 's' },
      { type: 'text', text: 'x' },
    ])
  })

  test('goes back to OpenRouter item by item', () => {
    const state = [{ scheme: 'openrouter.details' as const, value: '[{"type":"t","data":"d"}]' }]
    expect(said(thought(state), 'openrouter')).toMatchObject({
      reasoning: 'hm',
      reasoning_details: [{ type: 't', data: 'd' }],
    })
  })

  test('is not sent to OpenAI, which refuses it', () => {
    const { messages, lost } = encoded({ turns: [{ role: 'assistant', parts: [thought(), text('x')] }, HELLO] })
    expect(Object.keys(messages[0] ?? {})).toEqual(['role', 'content'])
    expect(lost).toEqual(['dropped turns[0].parts[0]'])
  })

  test.each(['deepseek', 'openrouter', 'openai', 'mistral'])("another issuer's never reaches %s", dialect => {
    const state = [{ scheme: 'anthropic.signature' as const, value: 's3cret' }]
    const { body, losses } = format.encodeRequest(
      conversation({ turns: [{ role: 'assistant', parts: [thought(state), text('x'), call('a')] }] }),
      encodeTarget({ dialect }),
    )
    expect(body).not.toContain('s3cret')
    expect(body).not.toContain('"hm"')
    expect(losses.map(loss => loss.path)).toContain('turns[0].parts[0].state')
  })

  test('DeepSeek gets an empty one rather than none beside calls', () => {
    expect(messagesOf([{ role: 'assistant', parts: [call('a')] }], 'deepseek')[0]).toMatchObject({
      reasoning_content: '',
    })
  })

  test('details that are no JSON cannot break the body', () => {
    const state = [{ scheme: 'openrouter.details' as const, value: '"}] , evil' }]
    expect(said(thought(state), 'openrouter').reasoning_details).toBeUndefined()
  })

  test("Gemini's signature goes back to Gemini only", () => {
    const signed = call('a', { state: [{ scheme: 'gemini.thought-signature', value: 'c2ln' }] })
    const sent = (dialect: string): string =>
      JSON.stringify(messagesOf([{ role: 'assistant', parts: [signed] }], dialect))
    expect(sent('gemini')).toContain('"extra_content":{"google":{"thought_signature":"c2ln"}}')
    expect(sent('openai')).not.toContain('c2ln')
  })
})

function idsOf(message: Json | undefined): readonly string[] {
  return ((message?.tool_calls ?? []) as { id: string }[]).map(each => each.id)
}

describe('call ids', () => {
  test('Mistral gets nine letters and digits, the same for call and result, different for different ids', () => {
    const ids = ['toolu_01', 'functions.Bash:0', 'abcDEF123', '']
    const turns: Turn[] = [
      { role: 'assistant', parts: ids.map(id => call(id)) },
      { role: 'tool', parts: ids.map(id => result(id, [])) },
    ]
    const [first, ...results] = messagesOf(turns, 'mistral')
    const calls = idsOf(first)
    expect(calls.every(id => /^[a-zA-Z0-9]{9}$/.test(id))).toBe(true)
    expect(new Set(calls).size).toBe(ids.length)
    expect(results.map(message => message.tool_call_id)).toEqual(calls)
    expect(calls[2]).toBe('abcDEF123')
  })

  test('an id that is too long for OpenAI is cut without meeting another', () => {
    const long = ['x'.repeat(80), `${'x'.repeat(79)}y`]
    const [message] = messagesOf([{ role: 'assistant', parts: long.map(id => call(id)) }])
    const ids = idsOf(message)
    expect(ids.every(id => id.length <= 64)).toBe(true)
    expect(new Set(ids).size).toBe(2)
  })
})

describe('tools', () => {
  test('an empty list and a choice among nothing are left out', () => {
    const { body } = encoded({ tools: [], toolChoice: { mode: 'auto' }, parallelToolCalls: false })
    expect(Object.keys(body)).toEqual(['model', 'messages'])
  })

  test('a schema goes out as it was written', () => {
    const schema = '{ "properties" : {"2":{},"1":{"const":1.0}} }'
    const { body } = format.encodeRequest(conversation({ tools: [{ ...TOOL, schema }] }), encodeTarget())
    expect(body).toContain(`"parameters":${schema}`)
  })

  test('servers that keep no replies are not told to keep none', () => {
    expect(encoded({ state: { store: false } }).body.store).toBe(false)
    const elsewhere = encoded({ state: { store: false } }, { dialect: 'vllm' })
    expect([elsewhere.body.store, elsewhere.lost]).toEqual([undefined, []])
    expect(encoded({ state: { store: true } }, { dialect: 'vllm' }).lost).toEqual(['dropped state.store'])
  })

  test("another provider's own tool is refused: the model may rely on it", () => {
    const tool = { kind: 'hosted', name: 'web_search_20250305', format: 'anthropic-messages', json: '{}' } as const
    expect(() => encoded({ tools: [tool] })).toThrow('"tools[0]": the tool "web_search_20250305"')
  })

  test('a custom tool goes to OpenAI; servers that know functions only get one of one text', () => {
    const tool = { kind: 'custom', name: 'c', grammar: { syntax: 'lark', definition: 'start: "x"' } } as const
    expect(encoded({ tools: [tool] }).body.tools).toEqual([
      { type: 'custom', custom: { name: 'c', format: { type: 'grammar', grammar: tool.grammar } } },
    ])
    const standIn = encoded(
      { tools: [tool], toolChoice: { mode: 'named', name: 'c', kind: 'custom' } },
      { dialect: 'groq' },
    )
    const parameters = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] }
    const description = 'The input must match this lark grammar:\nstart: "x"'
    expect(standIn.body.tools).toEqual([{ type: 'function', function: { name: 'c', description, parameters } }])
    expect(standIn.body.tool_choice).toEqual({ type: 'function', function: { name: 'c' } })
    expect(standIn.lost).toEqual(['approximated tools[0].grammar'])
  })

  test('a call of a custom tool is one of the function that stands in for it', () => {
    const turns: Turn[] = [{ role: 'assistant', parts: [call('a', { kind: 'custom', arguments: '*** "x"\n' })] }]
    const [message] = messagesOf(turns, 'compatible')
    const said = { name: 'f', arguments: '{"input":"*** \\"x\\"\\n"}' }
    expect(message?.tool_calls).toEqual([{ id: 'a', type: 'function', function: said }])
  })

  test('tools of namespaces go by both names; two of one name are refused', () => {
    const { body } = encoded({ tools: [{ ...TOOL, namespace: 'ns' }] })
    expect(body.tools).toMatchObject([{ function: { name: 'ns__f' } }])
    expect(() =>
      encoded({
        tools: [
          { ...TOOL, namespace: 'ns' },
          { ...TOOL, name: 'ns__f' },
        ],
      }),
    ).toThrow('"ns__f"')
  })

  test('tools that come in the middle are there from the start', () => {
    const turns: Turn[] = [{ role: 'developer', parts: [{ type: 'tools-delta', add: [TOOL], remove: [] }] }, HELLO]
    const { body, messages, lost } = encoded({ turns })
    expect(body.tools).toHaveLength(1)
    expect(messages).toHaveLength(1)
    expect(lost).toEqual(['approximated turns[0].parts[0]'])
  })

  test.each([
    [{ mode: 'required' }, 'openai', 'required'],
    [{ mode: 'required' }, 'mistral', 'any'],
    [{ mode: 'named', name: 'f', kind: 'function' }, 'openai', { type: 'function', function: { name: 'f' } }],
    [
      { mode: 'auto', allowed: ['f'] },
      'openai',
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
    ],
  ] as const)('choice %j for %s', (toolChoice, dialect, expected) => {
    expect(encoded({ tools: [TOOL], toolChoice }, { dialect }).body.tool_choice).toEqual(expected)
  })

  test('where only some are allowed and the server cannot say so, the others are left out', () => {
    const tools = [TOOL, { ...TOOL, name: 'g' }]
    const { body, lost } = encoded({ tools, toolChoice: { mode: 'required', allowed: ['g'] } }, { dialect: 'groq' })
    expect(body).toMatchObject({ tools: [{ function: { name: 'g' } }], tool_choice: 'required' })
    expect(lost).toEqual(['approximated toolChoice.allowed'])
  })
})

describe('settings', () => {
  test.each([
    ['openai', 'max_completion_tokens'],
    ['mistral', 'max_tokens'],
    ['deepseek', 'max_tokens'],
  ])('the limit for %s is %s, and no other', (dialect, key) => {
    const { body } = encoded({ maxOutputTokens: 0 }, { dialect })
    expect(body).toMatchObject({ [key]: 0 })
    expect(Object.keys(body)).toHaveLength(3)
  })

  test.each([
    ['gpt-4o', 'high', undefined],
    ['gpt-5-mini', 'none', 'minimal'],
    ['gpt-5', 'xhigh', 'high'],
    ['gpt-5.1-2025-11-13', 'minimal', 'none'],
    ['gpt-5.2', 'xhigh', 'xhigh'],
    ['gpt-5.6-sol', 'max', 'max'],
    ['gpt-6', 'none', 'low'],
    ['gpt-6-sol', 'none', 'none'],
    ['o3', 'max', 'high'],
    ['openai/o4-mini', 'none', 'low'],
    ['my-own', 'max', 'max'],
  ] as const)('%s asked for effort %s gets %s', (model, effort, expected) => {
    expect(encoded({ reasoning: { effort } }, { model }).body.reasoning_effort).toBe(expected)
  })

  test.each([
    [{ budget: 0 }, 'none'],
    [{ mode: 'disabled' }, 'none'],
    [{ budget: 2000 }, 'low'],
    [{ budget: 31_999 }, 'xhigh'],
    [{ mode: 'adaptive' }, undefined],
  ] as const)('%j is effort %s', (reasoning, expected) => {
    expect(encoded({ reasoning }).body.reasoning_effort).toBe(expected)
  })

  test.each([
    ['openrouter', { budget: 2000 }, { reasoning: { max_tokens: 2000 } }],
    ['openrouter', { mode: 'disabled' }, { reasoning: { enabled: false } }],
    ['deepseek', { effort: 'none' }, { thinking: { type: 'disabled' } }],
    ['deepseek', { mode: 'enabled', effort: 'high' }, { thinking: { type: 'enabled' }, reasoning_effort: 'high' }],
  ] as const)('%s is told %j in its own words', (dialect, reasoning, expected) => {
    expect(encoded({ reasoning }, { dialect }).body).toMatchObject(expected)
  })

  test('GPT-5.6 gets its tools rather than its reasoning, and that is noted', () => {
    const { body, lost } = encoded({ tools: [TOOL], reasoning: { effort: 'high' } }, { model: 'gpt-5.6' })
    expect(body.reasoning_effort).toBe('none')
    expect(lost).toEqual(['approximated reasoning.effort'])
  })

  test('sampling that a reasoning model refuses is left out and noted', () => {
    const sampling = { temperature: 0.2, topP: 1, frequencyPenalty: 0.5, seed: 0 }
    const { body, lost } = encoded({ sampling, logprobs: { top: 2 }, stop: ['x'] }, { model: 'o3' })
    expect(body).toMatchObject({ top_p: 1, seed: 0 })
    expect(body.temperature).toBeUndefined()
    expect(lost).toEqual([
      'approximated stop',
      'dropped sampling.temperature',
      'dropped sampling.frequencyPenalty',
      'dropped logprobs',
    ])
    expect(encoded({ sampling }, { model: 'gpt-5.1' }).body.temperature).toBe(0.2)
    expect(encoded({ sampling, reasoning: { effort: 'low' } }, { model: 'gpt-5.1' }).body.temperature).toBeUndefined()
  })

  test('top_k goes to those who know it', () => {
    expect(encoded({ sampling: { topK: 0 } })).toMatchObject({ lost: ['dropped sampling.topK'] })
    expect(encoded({ sampling: { topK: 0 } }, { dialect: 'vllm' }).body.top_k).toBe(0)
  })

  test('the seed has its own name at Mistral', () => {
    expect(encoded({ sampling: { seed: 0 } }, { dialect: 'mistral' }).body).toMatchObject({ random_seed: 0 })
  })

  test.each([
    ['previous_response_id', { state: { previousId: 'resp_1' } }],
    ['conversation', { state: { conversation: 'conv_1' } }],
    ['thread', { state: { thread: '{}' } }],
  ] as const)('%s is refused by name: without it another answer would come', (param, changes) => {
    expect(() => encoded(changes)).toThrow(`"${param}"`)
  })

  test('several answers are refused where there is only one', () => {
    expect(() => encoded({ candidates: 2 }, { dialect: 'perplexity' })).toThrow('"n"')
    expect(encoded({ candidates: 1 }, { dialect: 'perplexity' }).body.n).toBeUndefined()
  })

  test('a user by the old name stays one, by no name becomes a safety identifier', () => {
    const { turns } = conversation()
    const asked = format.decodeRequest(decodeInput('{"messages":[],"user":"u"}'))
    expect(encoded({ ...asked, turns }).body).toMatchObject({ user: 'u' })
    expect(encoded({ ...asked, turns }).body.safety_identifier).toBeUndefined()
    expect(encoded({ endUser: 'u' }).body).toMatchObject({ safety_identifier: 'u' })
    expect(encoded({ endUser: 'u' }, { dialect: 'groq' }).body).toMatchObject({ user: 'u' })
  })

  test("another format's fields are noted and not sent", () => {
    const extensions = { gemini: { safetySettings: '[]' } }
    const { body, lost } = encoded({ extensions })
    expect(Object.keys(body)).toEqual(['model', 'messages'])
    expect(lost).toEqual(['dropped safetySettings'])
  })

  test('stream_options go out where something is streamed, and nowhere else', () => {
    const asked = format.decodeRequest(decodeInput('{"messages":[],"stream_options":{"include_usage":true}}'))
    expect(encoded(asked, { stream: true }).body.stream_options).toEqual({ include_usage: true })
    expect(encoded(asked).body.stream_options).toBeUndefined()
    expect(encoded(asked, { stream: true, dialect: 'mistral' }).lost).toEqual(['dropped stream_options'])
  })

  test('usage is asked for unless the client did, or the server tells it anyway', () => {
    expect(askForUsage(undefined)).toBe('{"include_usage":true}')
    expect(askForUsage(null)).toBe('{"include_usage":true}')
    expect(askForUsage({ include_obfuscation: false, include_usage: false })).toBe(
      '{"include_obfuscation":false,"include_usage":true}',
    )
    expect(askForUsage({ include_usage: true })).toBeUndefined()
    expect(askForUsage(undefined, 'mistral')).toBeUndefined()
  })
})

describe('media', () => {
  const media = (part: object): Part => ({ type: 'media', ...part }) as Part
  const sent = (part: object, dialect = 'openai'): unknown =>
    messagesOf([{ role: 'user', parts: [media(part)] }], dialect)[0]?.content

  test.each([
    [
      'a PDF',
      { kind: 'document', source: { base64: 'AA' } },
      'openai',
      { file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,AA' } },
    ],
    [
      'a file of Responses',
      { kind: 'file', source: { fileId: 'f', format: 'openai-responses' } },
      'openai',
      { file: { file_id: 'f' } },
    ],
    [
      'sound',
      { kind: 'audio', source: { base64: 'AA' }, mimeType: 'audio/mpeg' },
      'openai',
      { input_audio: { data: 'AA', format: 'mp3' } },
    ],
    ['a film', { kind: 'video', source: { url: 'https://x/y' } }, 'openrouter', { video_url: { url: 'https://x/y' } }],
    [
      'a document by address',
      { kind: 'document', source: { url: 'https://x/y' } },
      'mistral',
      { document_url: 'https://x/y' },
    ],
  ])('%s', (_name, part, dialect, expected) => {
    expect(sent(part, dialect)).toMatchObject([expected])
  })

  test('a text document is text, with its title', () => {
    expect(sent({ kind: 'document', source: { text: 'body' }, title: 'Title' })).toBe('Title\n\nbody')
  })

  test.each([
    ['a film', { kind: 'video', source: { base64: 'AA' } }],
    ["another provider's file", { kind: 'document', source: { fileId: 'f', format: 'anthropic-messages' } }],
    ['a document by address', { kind: 'document', source: { url: 'https://x/y' } }],
    ['sound by address', { kind: 'audio', source: { url: 'https://x/y' } }],
  ])('%s is refused by place: the model would answer blindly', (_name, part) => {
    expect(() => sent(part)).toThrow('"turns[0].parts[0]"')
  })
})

describe('cache marks', () => {
  const parts: Part[] = [{ type: 'text', text: 'x', cache: { ttl: '1h' } }]
  test.each([
    ['openai', 'gpt-4o', 'x'],
    ['openai', 'gpt-5.6-sol', [{ type: 'text', text: 'x', prompt_cache_breakpoint: { mode: 'explicit' } }]],
    ['openrouter', 'm', [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }]],
    ['vllm', 'm', 'x'],
  ])('for %s and %s', (dialect, model, expected) => {
    expect(encoded({ turns: [{ role: 'user', parts }] }, { dialect, model }).messages[0]?.content).toEqual(expected)
  })
})

describe('any conversation', () => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(simpleConversation(), fc.boolean(), (value, stream) => {
        const { body, losses } = format.encodeRequest(value, encodeTarget({ stream }))
        const again = format.decodeRequest(decodeInput(body))
        expect(said(again)).toEqual(said(value))
        expect(losses).toEqual([])
        const dialects = ['mistral', 'vllm', 'openrouter', 'deepseek', 'no-such']
        for (const dialect of dialects) JSON.parse(format.encodeRequest(value, encodeTarget({ dialect })).body)
      }),
      { numRuns: 300 },
    )
  })

  test('a longer conversation begins with the bytes of the shorter one, or no cache is ever hit', () => {
    fc.assert(
      fc.property(simpleConversation(), fc.nat(), (value, cut) => {
        const boundaries = value.turns.flatMap((turn, index) => (turn.role === 'user' ? [index + 1] : []))
        const length = boundaries[cut % boundaries.length] ?? 1
        const bytes = (turns: readonly Turn[]): string => JSON.stringify(messagesOf(turns)).slice(0, -1)
        expect(bytes(value.turns).startsWith(bytes(value.turns.slice(0, length)))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

/** Texts joined, since how they were cut is not on the wire; ids that were empty are filled in. */
function said({ turns, tools }: Conversation): unknown {
  return {
    tools,
    turns: turns.map(({ role, parts }) => ({
      role,
      text: parts.map(part => (part.type === 'text' ? part.text : '')).join(''),
      calls: parts.flatMap(part => (part.type === 'tool-call' ? [[part.name, part.arguments]] : [])),
      results: parts.flatMap(part => (part.type === 'tool-result' ? [part.content] : [])),
    })),
  }
}

test.each(['image', 'audio'] as const)('%s that a model of elsewhere made is left out, and told by its place', kind => {
  const made: Part = { type: 'media', kind, source: { base64: 'AAAA' } }
  const { messages, lost } = encoded({ turns: [HELLO, { role: 'assistant', parts: [text('x'), made] }, HELLO] })
  expect(messages[1]).toEqual({ role: 'assistant', content: 'x' })
  expect(lost).toEqual(['dropped turns[1].parts[1]'])
})
