/** What was said in other formats, said to the Responses API. Each case is named after what a user would see go wrong. */
import { describe, expect, test } from 'vitest'
import type { Conversation, FunctionTool, Part, ToolResultPart, Turn } from '../../../src/formats/conversation.ts'
import { asked, type Fields, foreign, sent } from './exchange.ts'

const hi: Turn = { role: 'user', parts: [{ type: 'text', text: 'Hi' }] }
const tool: FunctionTool = { kind: 'function', name: 'f', schema: '{"type":"object","properties":{}}' }

function itemsOf(parts: readonly Part[], role: Turn['role'] = 'assistant', model = 'gpt-4o') {
  const { json, losses } = sent(foreign({ turns: [hi, { role, parts }, hi] }), { model })
  return { items: (json.input as Fields[]).slice(1, -1), losses }
}

describe('calls', () => {
  const call = { type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '{}' } as const

  test("a caller that runs at another provider is nobody's here", () => {
    const caller = '{"type":"code_execution_20250825","tool_id":"srvtoolu_1"}'
    const { items, losses } = itemsOf([{ ...call, caller }])
    expect(items).toEqual([{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }])
    expect(losses).toMatchObject([{ path: 'turns[1].parts[0].caller', action: 'dropped' }])
  })
  test('a tool that was searched for goes by its own name with everybody else', () => {
    const item = { type: 'function_call', call_id: 'c', name: 'f', namespace: 'f', arguments: '{}' }
    const { turns } = asked({ model: 'm', input: [item] })
    expect(turns[0]?.parts[0]).toMatchObject({ name: 'f' })
    expect(turns[0]?.parts[0]).not.toHaveProperty('namespace')
  })
})

describe('tools', () => {
  const toolOf = (changes: Partial<FunctionTool>) => {
    const { json, losses } = sent(foreign({ tools: [{ ...tool, ...changes }] }))
    return { tool: (json.tools as Fields[])[0], losses }
  }

  test('E65: a tool that was not strict does not become so by silence', () => {
    expect(toolOf({}).tool).toEqual({
      type: 'function',
      name: 'f',
      parameters: { type: 'object', properties: {} },
      strict: false,
    })
  })
  test('E65: a tool of this very format that said nothing still says nothing', () => {
    const declared = [{ type: 'function', name: 'f', parameters: { type: 'object' } }]
    expect(sent(asked({ model: 'm', input: [], tools: declared })).json.tools).toEqual(declared)
  })
  test('E56: a tool without parameters takes none', () => {
    const { schema: _, ...bare } = tool
    const { json } = sent(foreign({ tools: [bare] }))
    expect(json.tools).toMatchObject([{ parameters: { type: 'object', properties: {} } }])
  })
  test('strictness by the rules of another maker is not promised', () => {
    const loose = '{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}'
    const { tool: encoded, losses } = toolOf({ strict: true, schema: loose })
    expect(encoded).toMatchObject({ strict: false })
    expect(losses).toMatchObject([{ path: 'tools[0].strict', action: 'approximated' }])
    const closed =
      '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}'
    expect(toolOf({ strict: true, schema: closed })).toMatchObject({ tool: { strict: true }, losses: [] })
  })
  test.each(['a.b', 'a'.repeat(65)])('E40: a name that the API refuses becomes one that it takes: %s', name => {
    expect(toolOf({ name })).toMatchObject({
      tool: { name: expect.stringMatching(/^a[\w-]{1,63}$/) },
      losses: [],
    })
  })
  test('E52: deferred tools are there from the start', () => {
    expect(toolOf({ deferred: true }).losses).toMatchObject([{ path: 'tools[0].deferred' }])
  })
  test('E58, E59: no tools, no list and no choice', () => {
    const { json } = sent(foreign({ toolChoice: { mode: 'auto' }, parallelToolCalls: false }))
    expect(json).not.toHaveProperty('parallel_tool_calls')
    expect(json).not.toHaveProperty('tools')
    expect(json).not.toHaveProperty('tool_choice')
  })
  test.each([
    [{ mode: 'none' }, 'none'],
    [{ mode: 'required' }, 'required'],
    [
      { mode: 'named', name: 'f', kind: 'function' },
      { type: 'function', name: 'f' },
    ],
    [
      { mode: 'named', name: 'g', kind: 'custom' },
      { type: 'custom', name: 'g' },
    ],
    [
      { mode: 'auto', allowed: ['f', 'g'] },
      {
        type: 'allowed_tools',
        mode: 'auto',
        tools: [
          { type: 'function', name: 'f' },
          { type: 'custom', name: 'g' },
        ],
      },
    ],
  ] as const)('the choice %j', (toolChoice, expected) => {
    const { json } = sent(foreign({ tools: [tool, { kind: 'custom', name: 'g' }], toolChoice }))
    expect(json.tool_choice).toEqual(expected)
  })
  test('a web search of Anthropic keeps to its domains', () => {
    const json = '{"type":"web_search_20250305","name":"web_search","max_uses":3,"allowed_domains":["a.b"]}'
    const { json: body, losses } = sent(
      foreign({ tools: [{ kind: 'hosted', name: 'web_search_20250305', format: 'anthropic-messages', json }] }),
    )
    expect(body.tools).toEqual([{ type: 'web_search', filters: { allowed_domains: ['a.b'] } }])
    expect(losses).toMatchObject([{ path: 'tools[0].max_uses' }])
  })
  test('any other hosted tool is refused by name', () => {
    const hosted = { kind: 'hosted', name: 'bash_20250124', format: 'anthropic-messages', json: '{}' } as const
    expect(() => sent(foreign({ tools: [hosted] }))).toThrow('bash_20250124')
  })
})

describe('calls and results', () => {
  const call = (changes: Partial<Extract<Part, { type: 'tool-call' }>> = {}): Part => ({
    type: 'tool-call',
    id: 'toolu_9',
    callId: 'toolu_1',
    name: 'f',
    kind: 'function',
    arguments: '{"a": 1.0}',
    ...changes,
  })
  /** The items behind that of the call. */
  const result = (content: readonly Part[], changes: Partial<ToolResultPart> = {}) => {
    const { items, losses } = itemsOf([call(), { type: 'tool-result', callId: 'toolu_1', content, ...changes }], 'tool')
    return { items: items.slice(1), losses }
  }

  test('E35: an id of another maker is no item id', () => {
    expect(itemsOf([call()]).items).toEqual([
      { type: 'function_call', call_id: 'toolu_1', name: 'f', arguments: '{"a": 1.0}' },
    ])
  })
  test('E44: no arguments are an empty object', () => {
    expect(itemsOf([call({ arguments: '' })]).items).toMatchObject([{ arguments: '{}' }])
  })
  test('E34: ids that are too long still meet', () => {
    const callId = `x${'y'.repeat(100)}`
    const { items } = itemsOf([call({ callId }), { type: 'tool-result', callId, content: [] }])
    expect(String(items[0]?.call_id).length).toBeLessThanOrEqual(64)
    expect(items[1]?.call_id).toBe(items[0]?.call_id)
    expect(itemsOf([call({ callId: `${callId}z` })]).items[0]?.call_id).not.toBe(items[0]?.call_id)
  })
  test('E82: the result of a custom call is one, even if nobody says so', () => {
    const { items } = itemsOf([
      call({ kind: 'custom', arguments: 'ls' }),
      { type: 'tool-result', callId: 'toolu_1', content: [{ type: 'text', text: 'a' }] },
    ])
    expect(items).toEqual([
      { type: 'custom_tool_call', call_id: 'toolu_1', name: 'f', input: 'ls' },
      { type: 'custom_tool_call_output', call_id: 'toolu_1', output: 'a' },
    ])
  })
  test('E73: a failed call is told in the text', () => {
    const { items, losses } = result([{ type: 'text', text: 'no "file"' }], { isError: true })
    expect(items).toMatchObject([{ output: '{"error":"no \\"file\\""}' }])
    expect(losses).toMatchObject([{ path: 'turns[1].parts[1].isError', action: 'approximated' }])
  })
  test('E37: an id that is used again gets a number, with its result', () => {
    const answer: Part = { type: 'tool-result', callId: 'toolu_1', content: [] }
    const { items } = itemsOf([call(), answer, call(), answer])
    expect(items.map(item => item.call_id)).toEqual(['toolu_1', 'toolu_1', 'toolu_1_2', 'toolu_1_2'])
  })
  test('E72, E83: a result without a call is told as text, an answer that was given anew counts alone', () => {
    const answer = (text: string): Part => ({
      type: 'tool-result',
      callId: 'toolu_1',
      content: [{ type: 'text', text }],
    })
    const orphan = itemsOf([answer('x')], 'tool')
    expect(orphan.items).toMatchObject([{ role: 'user', content: [{ text: '[result of toolu_1]' }, { text: 'x' }] }])
    expect(orphan.losses).toMatchObject([{ path: 'turns[1].parts[0]', action: 'approximated' }])
    const twice = itemsOf([call(), answer('x'), answer('y')])
    expect(twice.items).toMatchObject([{ call_id: 'toolu_1' }, { output: 'y' }])
    expect(twice.losses).toMatchObject([{ path: 'turns[1].parts[1]', action: 'dropped' }])
  })
  test('E74: images in a result stay images', () => {
    const { items } = result([
      { type: 'text', text: 'see' },
      { type: 'media', kind: 'image', source: { base64: '/9j/' } },
    ])
    expect(items[0]?.output).toEqual([
      { type: 'input_text', text: 'see' },
      { type: 'input_image', image_url: 'data:image/jpeg;base64,/9j/' },
    ])
  })
  test('E78: a result that is an object goes as its text, a wrapped one unwrapped', () => {
    expect(result([], { structured: '{"2":1.0,"1":2}' }).items).toMatchObject([{ output: '{"2":1.0,"1":2}' }])
    expect(result([], { structured: '{"output":"x"}' }).items).toMatchObject([{ output: 'x' }])
  })
  test('E80: an empty result is an empty text', () => {
    expect(result([]).items).toMatchObject([{ output: '' }])
  })
})

describe('thinking and state', () => {
  const state = (provider?: string) => [
    { scheme: 'openai.encrypted', value: 'v', ...(provider ? { issuer: { provider } } : {}) } as const,
  ]
  test('E87: thinking of another maker is left out, and said to be', () => {
    const { items, losses } = itemsOf([
      { type: 'reasoning', visibility: 'full', chunks: ['x'], state: [{ scheme: 'anthropic.signature', value: 's' }] },
    ])
    expect(items).toEqual([])
    expect(losses).toMatchObject([{ path: 'turns[1].parts[0]', action: 'dropped' }])
  })
  test('E101: state goes back to its issuer, without an id', () => {
    const part: Part = { type: 'reasoning', id: 'rs_1', visibility: 'summary', chunks: ['x'], state: state('upstream') }
    expect(itemsOf([part]).items).toEqual([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'x' }], encrypted_content: 'v' },
    ])
  })
  test('E100: state goes to nobody else', () => {
    const { items, losses } = itemsOf([{ type: 'reasoning', visibility: 'hidden', chunks: [], state: state('azure') }])
    expect(items).toEqual([])
    expect(losses).toHaveLength(1)
  })
  test('E271: a compaction that nobody here can read is refused, one with a summary is told', () => {
    expect(() => itemsOf([{ type: 'compaction' }])).toThrow('turns[1].parts[0]')
    expect(() => itemsOf([{ type: 'compaction', state: state('azure') }])).toThrow('turns[1].parts[0]')
    expect(itemsOf([{ type: 'compaction', state: state() }]).items).toEqual([
      { type: 'compaction', encrypted_content: 'v' },
    ])
    expect(itemsOf([{ type: 'compaction', summary: 'Before.' }]).items).toMatchObject([
      { role: 'assistant', content: [{ text: 'Before.' }] },
    ])
  })
})

describe('media', () => {
  const media = (changes: Partial<Extract<Part, { type: 'media' }>>): Part => ({
    type: 'media',
    kind: 'document',
    source: { base64: 'AAAA' },
    ...changes,
  })
  const contentOf = (part: Part) => itemsOf([part], 'user').items[0]?.content

  test('E164: a document without a name gets one', () => {
    expect(contentOf(media({ mimeType: 'application/pdf' }))).toEqual([
      { type: 'input_file', filename: 'document.pdf', file_data: 'data:application/pdf;base64,AAAA' },
    ])
  })
  test('a document by address and one of text', () => {
    expect(contentOf(media({ source: { url: 'https://a/b.pdf' } }))).toEqual([
      { type: 'input_file', file_url: 'https://a/b.pdf' },
    ])
    expect(contentOf(media({ source: { text: 'plain' } }))).toEqual([{ type: 'input_text', text: 'plain' }])
  })
  test.each([
    ['a file that another provider keeps', media({ source: { fileId: 'f', format: 'anthropic-messages' } })],
    ['audio', media({ kind: 'audio', mimeType: 'audio/wav' })],
    ['video', media({ kind: 'video' })],
  ])('%s is refused with its place', (_, part) => {
    expect(() => contentOf(part)).toThrow('turns[1].parts[0]')
  })
  test('a file of OpenAI goes by its id', () => {
    const source = { fileId: 'file-1', format: 'openai-chat' }
    expect(contentOf(media({ kind: 'image', source }))).toEqual([{ type: 'input_image', file_id: 'file-1' }])
  })
  test('E166: an image that the assistant made is left out, and said to be', () => {
    expect(itemsOf([media({ kind: 'image' })])).toMatchObject({ items: [], losses: [{ path: 'turns[1].parts[0]' }] })
  })
})

describe('turns', () => {
  const turnsTo = (turns: readonly Turn[]) => sent(foreign({ turns })).json
  const said = (role: Turn['role'], ...texts: string[]): Turn => ({
    role,
    parts: texts.map(text => ({ type: 'text', text })),
  })

  test('a system prompt at the head is the instructions', () => {
    expect(turnsTo([said('system', 'Be brief.'), hi])).toMatchObject({
      instructions: 'Be brief.',
      input: [{ role: 'user', content: 'Hi' }],
    })
  })
  test('E2: a system prompt anywhere else keeps its place', () => {
    const { input, instructions } = turnsTo([hi, said('system', 'Now in French.'), hi])
    expect(instructions).toBeUndefined()
    expect(input).toMatchObject([{ role: 'user' }, { role: 'system', content: 'Now in French.' }, { role: 'user' }])
  })
  test('E6: a system prompt in blocks keeps them', () => {
    const { input } = turnsTo([said('system', 'a', 'b'), hi])
    expect((input as Fields[])[0]).toEqual({
      type: 'message',
      role: 'system',
      content: [
        { type: 'input_text', text: 'a' },
        { type: 'input_text', text: 'b' },
      ],
    })
  })
  test('E12: a beginning that the model was to continue is said to be none', () => {
    expect(sent(foreign({ turns: [hi, said('assistant', 'Once')] })).losses).toMatchObject([{ path: 'turns[1]' }])
  })
  test('E54: the order of text and calls stays', () => {
    const call: Part = { type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '{}' }
    const { items } = itemsOf([{ type: 'text', text: 'a' }, call, { type: 'text', text: 'b' }])
    expect(items.map(item => item.type)).toEqual(['message', 'function_call', 'message'])
  })
  test('cache breakpoints go where the model is known to take them', () => {
    const cached: Part = { type: 'text', text: 'x', cache: { ttl: '1h' } }
    const breakpoint = { mode: 'explicit', ttl: '30m' }
    expect(itemsOf([cached], 'user', 'gpt-5.6').items).toMatchObject([
      { content: [{ prompt_cache_breakpoint: breakpoint }] },
    ])
    const { items, losses } = itemsOf([cached], 'user', 'gpt-4o')
    expect(items).toMatchObject([{ content: [{ type: 'input_text', text: 'x' }] }])
    expect(losses).toMatchObject([{ path: 'turns[1].parts[0].cache' }])
  })
})

test('fields that only another format knows are said to be lost, its notes to itself are not', () => {
  const extensions = { gemini: { safetySettings: '[]', '#note': '1' } }
  const part: Part = { type: 'text', text: 'x', extensions }
  const turns: readonly Turn[] = [{ role: 'user', parts: [part], extensions }]
  const { losses, body } = sent(foreign({ turns, tools: [{ ...tool, extensions }], extensions }))
  expect(losses.map(loss => loss.path)).toEqual([
    'safetySettings',
    'turns[0].safetySettings',
    'turns[0].parts[0].safetySettings',
    'tools[0].safetySettings',
  ])
  expect(body).not.toContain('safetySettings')
})

describe('settings', () => {
  const settings = (changes: Partial<Conversation>, model = 'gpt-4o') => sent(foreign(changes), { model })

  test('nothing is kept that the client did not ask to keep', () => {
    expect(settings({}).json.store).toBe(false)
    expect(settings({ state: { store: true } }).json.store).toBe(true)
    expect(sent(asked({ model: 'm', input: 'Hi' })).json).not.toHaveProperty('store')
  })
  test.each([
    ['candidates', { candidates: 2 }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['maxOutputTokens', { maxOutputTokens: 0 }],
  ] as const)('%s changes the reply, and is refused', (param, changes) => {
    expect(() => settings(changes)).toThrow(
      expect.objectContaining({ status: 400, code: 'unsupported_by_target', param }),
    )
  })
  test('a thread is refused in the words that make the SDK send everything again', () => {
    expect(() => settings({ state: { thread: '{}' } })).toThrow(
      expect.objectContaining({ status: 400, code: 'thread_unsupported_request', param: 'thread' }),
    )
  })
  test('what only tunes the reply is left out, and said to be', () => {
    const sampling = {
      topK: 0,
      seed: 0,
      frequencyPenalty: 0,
      presencePenalty: 1,
      logitBias: { '1': 2 },
      temperature: 0,
    }
    const { json, losses } = settings({ sampling })
    expect(json.temperature).toBe(0)
    expect(losses.map(loss => loss.path).sort()).toEqual([
      'sampling.frequencyPenalty',
      'sampling.logitBias',
      'sampling.presencePenalty',
      'sampling.seed',
      'sampling.topK',
    ])
  })
  test('E119: the least that can be asked for', () => {
    expect(settings({ maxOutputTokens: 1 })).toMatchObject({
      json: { max_output_tokens: 16 },
      losses: [{ path: 'maxOutputTokens', action: 'approximated' }],
    })
  })
  test.each([
    ['gpt-5', { effort: 'none' }, 'minimal', 1],
    ['gpt-5.1', { effort: 'xhigh' }, 'high', 1],
    ['gpt-5.6', { effort: 'max' }, 'max', 0],
    ['o3', { effort: 'minimal' }, 'low', 1],
    ['gpt-6-sol', { mode: 'disabled' }, 'none', 0],
    ['gpt-4o', { effort: 'high' }, undefined, 1],
    ['gpt-4o', { effort: 'none' }, undefined, 0],
    ['grok-4', { budget: 5000 }, 'medium', 1],
    ['grok-4', { budget: 'dynamic' }, undefined, 0],
    ['openai/gpt-5.2', { budget: 100_000 }, 'xhigh', 1],
  ] as const)('%s asked for %j thinks %s', (model, reasoning, effort, losses) => {
    const encoded = settings({ reasoning }, model)
    expect((encoded.json.reasoning as Fields | undefined)?.effort).toBe(effort)
    expect(encoded.losses).toHaveLength(losses)
  })
  test('E103: thinking that is to be shown is asked for, with the state that brings it back', () => {
    expect(settings({ reasoning: { effort: 'high', show: 'full' } }, 'gpt-5.1').json).toMatchObject({
      reasoning: { effort: 'high', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
    })
    expect(settings({}, 'gpt-4o').json).not.toHaveProperty('include')
  })
  test('D.0: sampling that a reasoning model refuses is left out', () => {
    const sampled = { sampling: { temperature: 0.2, topP: 0.9 }, logprobs: { top: 2 } }
    expect(settings(sampled, 'gpt-5').losses).toHaveLength(3)
    expect(settings(sampled, 'gpt-5').json).not.toHaveProperty('temperature')
    expect(settings({ ...sampled, reasoning: { effort: 'none' } }, 'gpt-5.1')).toMatchObject({
      json: { temperature: 0.2, top_logprobs: 2, include: ['message.output_text.logprobs'] },
      losses: [],
    })
  })
  test('E159: a schema needs a name', () => {
    const schema = '{"type":"object"}'
    expect(settings({ outputFormat: { type: 'schema', schema } }).json.text).toMatchObject({
      format: { name: 'response' },
    })
    const { format } = settings({ outputFormat: { type: 'schema', schema, name: 'größe' } }).json.text as {
      format: Fields
    }
    expect(format.name).toMatch(/^[\w-]{1,64}$/)
  })
  test('E132: the id of an end user that is too long is told by its hash', () => {
    expect(settings({ endUser: 'u'.repeat(65) }).json.safety_identifier).toMatch(/^[0-9a-f]{64}$/)
    expect(settings({ endUser: 'u' }).json.safety_identifier).toBe('u')
  })
  test('tiers and metadata in the words of the API', () => {
    const metadata = { a: 'b', c: 'd'.repeat(513) }
    const { json, losses } = settings({ serviceTier: 'standard', metadata })
    expect(json).toMatchObject({ service_tier: 'default', metadata: { a: 'b' } })
    expect(losses).toMatchObject([{ path: 'metadata.c' }])
  })
  test('E276: a count sees what the call would, and nothing that the route refuses', () => {
    const conversation = foreign({ tools: [tool], maxOutputTokens: 50, sampling: { temperature: 1 } })
    expect(Object.keys(sent(conversation, { operation: 'count-tokens' }).json).sort()).toEqual([
      'input',
      'model',
      'tools',
    ])
  })
})
