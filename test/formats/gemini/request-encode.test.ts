/** What other formats' conversations become, and what is said about what cannot be told. */
import { describe, expect, test } from 'vitest'
import type { Conversation, Part, Turn } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/gemini/format.ts'
import type { EncodeTarget } from '../../../src/formats/wire-format.ts'
import { encodeTarget } from './exchange.ts'

const USER: Turn = { role: 'user', parts: [{ type: 'text', text: 'Hi' }] }

function call(callId: string, changes: Partial<Extract<Part, { type: 'tool-call' }>> = {}): Part {
  return { type: 'tool-call', callId, name: `do_${callId}`, kind: 'function', arguments: '{}', ...changes }
}
function result(callId: string, changes: Partial<Extract<Part, { type: 'tool-result' }>> = {}): Part {
  return { type: 'tool-result', callId, content: [{ type: 'text', text: `did ${callId}` }], ...changes }
}
function asking(...turns: readonly Turn[]): Conversation {
  return { turns, tools: [], sampling: {} }
}

interface Body {
  contents: { role: string; parts: Record<string, unknown>[] }[]
  systemInstruction?: { parts: { text: string }[] }
  [name: string]: unknown
}

function encoded(conversation: Conversation, changes: Partial<EncodeTarget> = {}) {
  const { body, losses } = format.encodeRequest(conversation, encodeTarget(changes))
  return { body: JSON.parse(body) as Body, losses }
}

describe('turns', () => {
  test('instructions at the head are one systemInstruction, those in the middle keep their place', () => {
    const { body, losses } = encoded(
      asking(
        { role: 'system', parts: [{ type: 'text', text: 'One.' }] },
        { role: 'developer', parts: [{ type: 'text', text: 'Two.' }] },
        USER,
        { role: 'system', parts: [{ type: 'text', text: 'Three.' }] },
      ),
    )
    expect(body.systemInstruction).toEqual({ parts: [{ text: 'One.' }, { text: 'Two.' }] })
    expect(body.contents).toEqual([
      { role: 'user', parts: [{ text: 'Hi' }] },
      { role: 'user', parts: [{ text: '<system-reminder>\nThree.\n</system-reminder>' }] },
    ])
    expect(losses).toMatchObject([{ path: 'turns[3]', action: 'approximated' }])
  })

  test('Gemma, which takes no instructions apart, is told in place', () => {
    const { body } = encoded(asking({ role: 'system', parts: [{ type: 'text', text: 'One.' }] }, USER), {
      model: 'gemma-3-27b-it',
    })
    expect(body.systemInstruction).toBeUndefined()
    expect(body.contents[0]?.parts[0]?.text).toContain('One.')
  })

  test('with instructions and nothing else, the last one is what is asked (E11)', () => {
    const { body, losses } = encoded(asking({ role: 'system', parts: [{ type: 'text', text: 'Write a poem.' }] }))
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'Write a poem.' }] }])
    expect(losses).toMatchObject([{ path: 'turns[0]', action: 'approximated' }])
  })

  test('a conversation that the model begins gets a turn before it (E10)', () => {
    const { body, losses } = encoded(asking({ role: 'assistant', parts: [{ type: 'text', text: 'Hello' }] }, USER))
    expect(body.contents.map(content => content.role)).toEqual(['user', 'model', 'user'])
    expect(losses).toMatchObject([{ path: 'turns', action: 'approximated' }])
  })

  test.each([
    ['no turns at all', asking()],
    ['a turn that is empty', asking({ role: 'user', parts: [{ type: 'text', text: '' }] })],
  ])('%s is refused before it is sent (E26)', (_, conversation) => {
    expect(() => encoded(conversation)).toThrow(expect.objectContaining({ status: 400 }))
  })

  test('a longer conversation begins with the same contents', () => {
    const turns: Turn[] = [
      USER,
      { role: 'assistant', parts: [call('a'), call('b')] },
      { role: 'tool', parts: [result('b')] },
      { role: 'tool', parts: [result('a')] },
      USER,
      { role: 'assistant', parts: [{ type: 'text', text: 'Done' }] },
      USER,
    ]
    const short = encoded(asking(...turns.slice(0, 5))).body.contents
    expect(encoded(asking(...turns)).body.contents.slice(0, short.length)).toEqual(short)
  })
})

describe('tool calls and results', () => {
  const calls: Turn = { role: 'assistant', parts: [call('a'), call('b')] }

  test('results of one turn of calls stand in one content, in the order of the calls (E68, E69)', () => {
    const { body } = encoded(
      asking(
        USER,
        calls,
        { role: 'tool', parts: [result('b')] },
        { role: 'user', parts: [result('a'), { type: 'text', text: 'And?' }] },
      ),
    )
    expect(body.contents.map(({ role, parts }) => [role, parts.length])).toEqual([
      ['user', 1],
      ['model', 2],
      ['user', 2],
      ['user', 1],
    ])
    expect(body.contents[2]?.parts).toEqual([
      { functionResponse: { id: 'a', name: 'do_a', response: { output: 'did a' } } },
      { functionResponse: { id: 'b', name: 'do_b', response: { output: 'did b' } } },
    ])
  })

  test('the first call of each turn carries the stand-in where a signature is needed, and no other (E93)', () => {
    const turns = asking(USER, calls, { role: 'tool', parts: [result('a'), result('b')] })
    const signatures = (model: string) =>
      encoded(turns, { model }).body.contents[1]?.parts.map(part => part.thoughtSignature)
    expect(signatures('gemini-3-flash')).toEqual(['skip_thought_signature_validator', undefined])
    expect(signatures('gemini-4-ultra')).toEqual(['skip_thought_signature_validator', undefined])
    expect(signatures('gemini-2.5-pro')).toEqual([undefined, undefined])
  })

  test('a result that is missing is refused by the id of its call (E71)', () => {
    const turns = asking(USER, calls, { role: 'tool', parts: [result('a')] }, USER)
    expect(() => encoded(turns)).toThrow(/no result for "b"/)
    expect(() => encoded(asking(USER, calls))).toThrow(/no result for "a", "b"/)
    expect(() => encoded(asking(USER, calls), { operation: 'count-tokens' })).not.toThrow()
  })

  test('a result that answers nobody is refused, unless it names its function (E77)', () => {
    expect(() => encoded(asking(USER, { role: 'tool', parts: [result('x')] }))).toThrow(/"x"/)
    const { body } = encoded(asking(USER, { role: 'tool', parts: [result('x', { name: 'f' })] }))
    expect(body.contents[1]?.parts[0]).toMatchObject({ functionResponse: { name: 'f' } })
  })

  test('of two results for one call the later counts (E83)', () => {
    const two = [result('a'), result('a', { content: [{ type: 'text', text: 'again' }] })]
    const { body, losses } = encoded(
      asking(USER, { role: 'assistant', parts: [call('a')] }, { role: 'tool', parts: two }),
    )
    expect(body.contents[2]?.parts).toMatchObject([{ functionResponse: { response: { output: 'again' } } }])
    expect(losses).toMatchObject([{ path: 'turns[2].parts[1]', action: 'dropped' }])
  })

  test.each<[string, Partial<Extract<Part, { type: 'tool-result' }>>, unknown]>([
    ['a text', { content: [{ type: 'text', text: 'rain' }] }, { output: 'rain' }],
    ['nothing (E80)', { content: [] }, { output: '' }],
    ['an error (E73)', { isError: true }, { error: 'did a' }],
    ['a JSON object (E76)', { content: [{ type: 'text', text: '{"b":1}' }] }, { b: 1 }],
    [
      'a JSON object with $ref (E76)',
      { content: [{ type: 'text', text: '{"$ref":"x"}' }] },
      { output: '{"$ref":"x"}' },
    ],
    ['a JSON list', { content: [{ type: 'text', text: '[1]' }] }, { output: '[1]' }],
    ['an object whose text was changed since', { structured: '{"secret":1}' }, { output: 'did a' }],
    ['an object that still says the same', { structured: '{"output":"did a"}' }, { output: 'did a' }],
  ])('the result is %s', (_, changes, response) => {
    const { body } = encoded(
      asking(USER, { role: 'assistant', parts: [call('a')] }, { role: 'tool', parts: [result('a', changes)] }),
    )
    expect(body.contents[2]?.parts[0]?.functionResponse).toEqual({ id: 'a', name: 'do_a', response })
  })

  test('an image in a result goes inside it from Gemini 3 on, and beside it before (E74, E75)', () => {
    const image: Part = { type: 'media', kind: 'image', source: { base64: 'aGk=' }, mimeType: 'image/png' }
    const turns = asking(
      USER,
      { role: 'assistant', parts: [call('a')] },
      { role: 'tool', parts: [result('a', { content: [image] })] },
      USER,
    )
    const inlineData = { mimeType: 'image/png', data: 'aGk=' }
    expect(encoded(turns).body.contents[2]?.parts[0]).toMatchObject({ functionResponse: { parts: [{ inlineData }] } })
    const before = encoded(turns, { model: 'gemini-2.5-flash' }).body.contents
    expect(before[2]?.parts).toEqual([{ functionResponse: { id: 'a', name: 'do_a', response: { output: '' } } }])
    expect(before[3]).toEqual({ role: 'user', parts: [{ inlineData }] })
  })

  test.each<[string, string, unknown, number]>([
    ['an object', '{"a": 1.0}', { a: 1 }, 0],
    ['nothing (E44)', '', {}, 0],
    ['cut off (E42)', '{"a": "b', { _raw: '{"a": "b' }, 1],
    ['a list (E43)', '[1]', { _raw: '[1]' }, 1],
    ['null', 'null', { _raw: 'null' }, 1],
  ])('arguments that are %s', (_, text, args, lossCount) => {
    const { body, losses } = encoded(
      asking(
        USER,
        { role: 'assistant', parts: [call('a', { arguments: text })] },
        { role: 'tool', parts: [result('a')] },
      ),
    )
    expect(body.contents[1]?.parts[0]?.functionCall).toMatchObject({ args })
    expect(losses).toHaveLength(lossCount)
  })

  test('a free-text tool becomes a function with one text, in its declaration and in its calls (E49)', () => {
    const conversation: Conversation = {
      ...asking(
        USER,
        { role: 'assistant', parts: [call('a', { kind: 'custom', name: 'patch', arguments: '*** Begin' })] },
        { role: 'tool', parts: [result('a')] },
      ),
      tools: [
        { kind: 'custom', name: 'patch', description: 'Edits.', grammar: { syntax: 'lark', definition: 'start: "x"' } },
      ],
    }
    const { body, losses } = encoded(conversation)
    expect(body.contents[1]?.parts[0]?.functionCall).toMatchObject({ name: 'patch', args: { input: '*** Begin' } })
    expect(body.tools).toMatchObject([
      {
        functionDeclarations: [
          {
            name: 'patch',
            description: expect.stringContaining('start: "x"'),
            parametersJsonSchema: { required: ['input'] },
          },
        ],
      },
    ])
    expect(losses.map(loss => loss.path)).toEqual(['tools[0]'])
  })
})

describe('state and reasoning', () => {
  const signature = (value: string, issuer?: { provider: string; model?: string }) => ({
    scheme: 'gemini.thought-signature' as const,
    value,
    ...(issuer ? { issuer } : {}),
  })

  test('a signature goes back to who issued it on the very part it came with (E92)', () => {
    const parts: Part[] = [
      call('a', { state: [signature('c2ln', { provider: 'upstream', model: 'gemini-3-flash' })] }),
      call('b'),
    ]
    const { body, losses } = encoded(
      asking(USER, { role: 'assistant', parts }, { role: 'tool', parts: [result('a'), result('b')] }),
    )
    expect(body.contents[1]?.parts.map(part => part.thoughtSignature)).toEqual(['c2ln', undefined])
    expect(losses).toEqual([])
  })

  test('state that somebody else issued is left out, said so, and never made up', () => {
    const parts: Part[] = [
      { type: 'reasoning', visibility: 'full', chunks: ['Hm'], state: [{ scheme: 'anthropic.signature', value: 'x' }] },
      call('a', { state: [signature('c2ln', { provider: 'other' })] }),
    ]
    const { body, losses } = encoded(asking(USER, { role: 'assistant', parts }, { role: 'tool', parts: [result('a')] }))
    expect(body.contents[1]?.parts).toHaveLength(1)
    expect(body.contents[1]?.parts[0]?.thoughtSignature).toBe('skip_thought_signature_validator')
    expect(JSON.stringify(body)).not.toContain('Hm')
    expect(losses.map(loss => loss.path)).toEqual([
      'turns[1].parts[0].state',
      'turns[1].parts[0]',
      'turns[1].parts[1].state',
    ])
  })

  test('Gemini’s own thoughts go back as thoughts', () => {
    const parts: Part[] = [
      { type: 'reasoning', visibility: 'summary', chunks: ['Hm'] },
      { type: 'text', text: 'Yes' },
    ]
    const { body, losses } = encoded(asking(USER, { role: 'assistant', parts }, USER))
    expect(body.contents[1]?.parts).toEqual([{ text: 'Hm', thought: true }, { text: 'Yes' }])
    expect(losses).toEqual([])
  })
})

describe('media', () => {
  const media = (changes: Partial<Extract<Part, { type: 'media' }>>): Conversation =>
    asking({ role: 'user', parts: [{ type: 'media', kind: 'image', source: { base64: 'aGk=' }, ...changes } as Part] })

  test.each<[string, Partial<Extract<Part, { type: 'media' }>>, unknown]>([
    [
      'a data URL in odd spelling (E163)',
      { source: { url: 'DATA:image/JPEG;charset=x;Base64,aGk=' } },
      { inlineData: { mimeType: 'image/jpeg', data: 'aGk=' } },
    ],
    [
      'a data URL that is percent-encoded',
      { source: { url: 'data:text/plain,a%20b' } },
      { inlineData: { mimeType: 'text/plain', data: 'YSBi' } },
    ],
    ['image/jpg', { mimeType: 'image/jpg' }, { inlineData: { mimeType: 'image/jpeg', data: 'aGk=' } }],
    [
      'a PNG that nobody called one',
      { source: { base64: 'iVBORw0KGgoAAA==' } },
      { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgoAAA==' } },
    ],
    [
      'a text document',
      { kind: 'document', source: { text: 'hi' } },
      { inlineData: { mimeType: 'text/plain', data: 'aGk=' } },
    ],
    [
      'an address',
      { source: { url: 'https://a.b/c.webp?x=1' } },
      { fileData: { fileUri: 'https://a.b/c.webp?x=1', mimeType: 'image/webp' } },
    ],
  ])('%s', (_, changes, wire) => {
    expect(encoded(media(changes)).body.contents[0]?.parts).toEqual([wire])
  })

  test('a file of another provider is refused, and so is data of no known type', () => {
    expect(() => encoded(media({ source: { fileId: 'file-1', format: 'openai-chat' } }))).toThrow(/another provider/)
    expect(() => encoded(media({}))).toThrow(/media type/)
  })

  test.each(['http://a.b/c.png', 'ftp://a.b/c.png', 'c.png'])('%s is an address that Gemini does not fetch', url => {
    expect(() => encoded(media({ source: { url } }))).toThrow(/"turns\[0\].parts\[0\]".* https only/)
  })
})

describe('tools', () => {
  test('functions share an entry, Google’s own tools have their own, in order', () => {
    const { body } = encoded({
      ...asking(USER),
      tools: [
        { kind: 'function', name: 'a', namespace: 'files' },
        { kind: 'function', name: 'b', schema: '{"type": "object","properties":{"2":{},"1":{}}}' },
        { kind: 'hosted', name: 'codeExecution', format: 'gemini', json: '{"codeExecution":{}}' },
        { kind: 'function', name: 'c' },
      ],
    })
    expect(body.tools).toEqual([
      {
        functionDeclarations: [
          { name: 'files__a' },
          { name: 'b', parametersJsonSchema: { type: 'object', properties: { 2: {}, 1: {} } } },
        ],
      },
      { codeExecution: {} },
      { functionDeclarations: [{ name: 'c' }] },
    ])
  })

  test('web search becomes Google’s, other hosted tools are refused (E265)', () => {
    const hosted = (name: string) => ({ kind: 'hosted' as const, name, format: 'anthropic-messages', json: '{}' })
    const search = encoded({ ...asking(USER), tools: [hosted('web_search_20250305'), { kind: 'function', name: 'f' }] })
    expect(search.body.tools).toEqual([{ googleSearch: {} }, { functionDeclarations: [{ name: 'f' }] }])
    expect(search.body.toolConfig).toEqual({ includeServerSideToolInvocations: true })
    expect(search.losses).toMatchObject([{ path: 'tools[0]', action: 'approximated' }])
    const none = encoded({ ...asking(USER), tools: [hosted('web_search')], toolChoice: { mode: 'none' } })
    expect(none.body.tools).toBeUndefined()
    expect(() => encoded({ ...asking(USER), tools: [hosted('computer_20250124')] })).toThrow(/tools\[0\]/)
  })

  test('two of one name are refused (E41)', () => {
    const tools = ['f', 'f'].map(name => ({ kind: 'function' as const, name }))
    expect(() => encoded({ ...asking(USER), tools })).toThrow(/tools\[1\]\.name/)
  })

  test.each(['a b', '1a', 'x'.repeat(129)])(
    'a name that Gemini does not take becomes one that it takes (E40): %s',
    name => {
      const { body } = encoded({ ...asking(USER), tools: [{ kind: 'function', name }] })
      expect(body.tools).toEqual([
        { functionDeclarations: [{ name: expect.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/) }] },
      ])
    },
  )

  test.each<[Conversation['toolChoice'], boolean, unknown]>([
    [undefined, false, undefined],
    [undefined, true, { mode: 'VALIDATED' }],
    [{ mode: 'auto' }, false, { mode: 'AUTO' }],
    [{ mode: 'auto' }, true, { mode: 'VALIDATED' }],
    [{ mode: 'auto', allowed: ['f'] }, false, { mode: 'VALIDATED', allowedFunctionNames: ['f'] }],
    [{ mode: 'none' }, false, { mode: 'NONE' }],
    [{ mode: 'required' }, true, { mode: 'ANY' }],
    [{ mode: 'required', allowed: ['f', 'g'] }, false, { mode: 'ANY', allowedFunctionNames: ['f', 'g'] }],
    [{ mode: 'named', name: 'f', kind: 'function' }, false, { mode: 'ANY', allowedFunctionNames: ['f'] }],
  ])('the choice %j with strict %s (E64, E66)', (toolChoice, strict, functionCallingConfig) => {
    const tools = [{ kind: 'function' as const, name: 'f', strict }]
    const { body } = encoded({ ...asking(USER), tools, ...(toolChoice ? { toolChoice } : {}) })
    expect(body.toolConfig).toEqual(functionCallingConfig && { functionCallingConfig })
  })

  test('a choice without tools is left out (E59)', () => {
    expect(encoded({ ...asking(USER), toolChoice: { mode: 'required' } }).body.toolConfig).toBeUndefined()
  })

  test('tools that come in the middle are there from the beginning (E19)', () => {
    const delta: Part = { type: 'tools-delta', add: [{ kind: 'function', name: 'late' }], remove: [] }
    const { body, losses } = encoded(asking(USER, { role: 'system', parts: [delta] }, USER))
    expect(body.tools).toEqual([{ functionDeclarations: [{ name: 'late' }] }])
    expect(losses).toMatchObject([{ path: 'turns[1].parts[0]', action: 'approximated' }])
  })
})

describe('settings', () => {
  test('everything that Gemini can be told', () => {
    const { body, losses } = encoded({
      ...asking(USER),
      maxOutputTokens: 10,
      sampling: { temperature: 0, topP: 0.5, topK: 3, frequencyPenalty: 0.1, presencePenalty: 0.2, seed: 0 },
      stop: ['a', ''],
      candidates: 2,
      logprobs: { top: 3 },
      modalities: ['text', 'audio'],
      outputFormat: { type: 'schema', schema: '{"type":"object"}', name: 'n', strict: true },
      serviceTier: 'priority',
      endUser: 'u',
    })
    expect(body.generationConfig).toEqual({
      temperature: 0,
      topP: 0.5,
      topK: 3,
      frequencyPenalty: 0.1,
      presencePenalty: 0.2,
      seed: 0,
      maxOutputTokens: 10,
      stopSequences: ['a'],
      candidateCount: 2,
      responseLogprobs: true,
      logprobs: 3,
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object' },
      responseModalities: ['TEXT', 'AUDIO'],
    })
    expect(body.serviceTier).toBe('priority')
    expect(losses).toEqual([])
  })

  test.each<[string, Partial<Conversation>, string]>([
    ['logit bias', { sampling: { logitBias: { 1: 2 } } }, 'sampling.logitBias'],
    ['verbosity', { verbosity: 'low' }, 'verbosity'],
    ['metadata', { metadata: { a: 'b' } }, 'metadata'],
    ['one call at a time', { parallelToolCalls: false }, 'parallelToolCalls'],
    ['a fast tier', { serviceTier: 'fast' }, 'serviceTier'],
    ['keeping the reply', { state: { store: true } }, 'state.store'],
    ['a field of another format', { extensions: { 'openai-chat': { prediction: '{}' } } }, 'prediction'],
  ])('%s is left out and said so', (_, changes, path) => {
    const { losses } = encoded({ ...asking(USER), ...changes })
    expect(losses).toMatchObject([{ path, action: 'dropped' }])
  })

  test.each<[string, Partial<Conversation>]>([
    ['a conversation to continue', { state: { previousId: 'resp_1' } }],
    ['a seed of more than 32 bits', { sampling: { seed: 2 ** 40 } }],
    [
      'a reference to an item kept elsewhere',
      { turns: [{ role: 'user', parts: [{ type: 'item-reference', id: 'x' }] }] },
    ],
    ['a summary that nobody else can read', { turns: [{ role: 'user', parts: [{ type: 'compaction' }] }] }],
  ])('%s is refused', (_, changes) => {
    expect(() => encoded({ ...asking(USER), ...changes })).toThrow(
      expect.objectContaining({ status: 400, code: 'unsupported_by_target' }),
    )
  })

  test('parts of other formats are left out and said so', () => {
    const parts: Part[] = [
      { type: 'text', text: 'Hi' },
      { type: 'opaque', format: 'anthropic-messages', label: 'fallback', json: '{}' },
      { type: 'hosted-tool', tool: 'web_search', phase: 'both', format: 'openai-responses', json: '{}' },
    ]
    const { body, losses } = encoded(asking({ role: 'user', parts }))
    expect(body.contents[0]?.parts).toEqual([{ text: 'Hi' }])
    expect(losses.map(loss => loss.path)).toEqual(['turns[0].parts[1]', 'turns[0].parts[2]'])
  })

  test('a part of another format that the answer depends on is refused', () => {
    const upload: Part = { type: 'opaque', format: 'anthropic-messages', label: 'container_upload', json: '{}' }
    expect(() => encoded(asking({ role: 'user', parts: [upload] }))).toThrow('"container_upload"')
  })
})
