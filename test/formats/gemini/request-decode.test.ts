/** What clients of Gemini send, in all the ways that Google takes it. */
import { describe, expect, test } from 'vitest'
import format from '../../../src/formats/gemini/format.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { Refusal } from '../../../src/refusal.ts'
import { decoded, encodeTarget, routeFor } from './exchange.ts'

const USER = { role: 'user', parts: [{ text: 'Hi' }] }

function refusalOf(act: () => unknown): Refusal {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('spelling', () => {
  test('a client that writes snake_case is understood like one that writes camelCase (E21)', () => {
    const snake = {
      system_instruction: { parts: { text: 'Be brief.' } },
      contents: [
        { parts: [{ inline_data: { mime_type: 'image/png', data: 'aGk=' } }] },
        { role: 'model', parts: [{ function_call: { name: 'f', args: { some_key: 1 } }, thought_signature: 'c2ln' }] },
        { parts: [{ function_response: { name: 'f', response: { output: 'x' } } }] },
      ],
      tools: [{ function_declarations: [{ name: 'f', parameters_json_schema: { type: 'object' } }] }],
      tool_config: { function_calling_config: { mode: 'ANY', allowed_function_names: ['f'] } },
      generation_config: { max_output_tokens: 5, top_k: 2, thinking_config: { include_thoughts: true } },
      cached_content: null,
    }
    const camel = {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'aGk=' } }] },
        { role: 'model', parts: [{ functionCall: { name: 'f', args: { some_key: 1 } }, thoughtSignature: 'c2ln' }] },
        { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'x' } } }] },
      ],
      tools: [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: { type: 'object' } }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
      generationConfig: { maxOutputTokens: 5, topK: 2, thinkingConfig: { includeThoughts: true } },
    }
    bodyCheck(format.schemas.generate)(snake)
    const { extensions: _, ...fromSnake } = decoded(snake)
    const { extensions: __, ...fromCamel } = decoded(camel)
    expect(fromSnake).toEqual(fromCamel)
    expect(JSON.parse(format.encodeRequest(decoded(snake), encodeTarget()).body)).toMatchObject({
      generationConfig: { maxOutputTokens: 5, topK: 2, thinkingConfig: { include_thoughts: true } },
      tools: camel.tools,
      toolConfig: camel.toolConfig,
    })
  })

  test('contents without a role are the user’s, and `function` is one who answers (E20)', () => {
    const { turns } = decoded({
      contents: [
        { parts: [{ text: 'Hi' }] },
        { role: 'model', parts: [{ functionCall: { name: 'f' } }] },
        { role: 'function', parts: [{ functionResponse: { name: 'f', response: {} } }] },
      ],
    })
    expect(turns.map(turn => turn.role)).toEqual(['user', 'assistant', 'tool'])
  })

  test.each([
    ['a role that is neither', { contents: [{ role: 'system', parts: [{ text: 'x' }] }] }, 'contents[0].role'],
  ])('%s is refused by its name', (_, body, param) => {
    expect(refusalOf(() => decoded(body))).toMatchObject({ status: 400, param })
  })

  test.each([
    ['a text that is a number', { contents: [{ parts: [{ text: 1 }] }] }, 'contents[0].parts[0].text'],
    ['contents that are missing', {}, 'contents'],
    [
      'arguments that are a string',
      { contents: [{ parts: [{ functionCall: { args: '{}' } }] }] },
      'contents[0].parts[0].functionCall.args',
    ],
    [
      'a temperature that is a list',
      { contents: [USER], generationConfig: { temperature: [] } },
      'generationConfig.temperature',
    ],
    [
      'stop sequences of numbers',
      { contents: [USER], generation_config: { stop_sequences: [1] } },
      'generation_config.stop_sequences[0]',
    ],
  ])('%s does not pass the schema, and the field is named', (_, body, param) => {
    expect(refusalOf(() => bodyCheck(format.schemas.generate)(body))).toMatchObject({ status: 400, param })
  })
})

describe('tool calls', () => {
  test('calls without ids get ids that are the same every time, and results find them by name and order (E36)', () => {
    const body = {
      contents: [
        USER,
        {
          role: 'model',
          parts: [
            { functionCall: { name: 'a', args: {} } },
            { functionCall: { name: 'b', args: {} } },
            { functionCall: { name: 'a', args: {} } },
          ],
        },
        { parts: [{ functionResponse: { name: 'b', response: {} } }] },
        { parts: [{ functionResponse: { name: 'a', response: { n: 1 } } }] },
        { parts: [{ functionResponse: { name: 'a', response: { n: 2 } } }] },
      ],
    }
    const ids = decoded(body)
      .turns.flatMap(turn => turn.parts)
      .flatMap(part => ('callId' in part ? [part.callId] : []))
    expect(ids).toEqual([
      'call_gemini_0',
      'call_gemini_1',
      'call_gemini_2',
      'call_gemini_1',
      'call_gemini_0',
      'call_gemini_2',
    ])
    expect(decoded(body)).toEqual(decoded(body))
  })

  test('an id that was made up is never sent to Gemini, and its own ids always are', () => {
    const call = (id?: string) => ({
      functionCall: { ...(id ? { id } : {}), name: 'f', args: {} },
      thoughtSignature: 'c2ln',
    })
    const result = (id?: string) => ({ functionResponse: { ...(id ? { id } : {}), name: 'f', response: {} } })
    const contents = [
      USER,
      { role: 'model', parts: [call()] },
      { role: 'user', parts: [result()] },
      { role: 'model', parts: [call('own1')] },
      { role: 'user', parts: [result('own1')] },
    ]
    const { body } = format.encodeRequest(decoded({ contents }), encodeTarget())
    expect(JSON.parse(body).contents).toEqual(contents)
  })

  test('arguments and results keep big integers, key order and number spelling (E45)', () => {
    const args = '{"2": 12345678901234567890, "1": 1.0, "__proto__": {"a": 1e2}}'
    const text = `{"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":${args}}}]},{"parts":[{"functionResponse":{"name":"f","response":${args}}}]}]}`
    const conversation = decoded(text)
    expect(conversation.turns[1]?.parts[0]).toMatchObject({ arguments: args })
    expect(conversation.turns[2]?.parts[0]).toMatchObject({ structured: args, content: [{ text: args }] })
    const { body } = format.encodeRequest(conversation, encodeTarget())
    expect(body.split(args)).toHaveLength(3)
  })

  test.each([
    [{ output: 'fine' }, 'fine', undefined],
    [{ result: 'fine' }, 'fine', undefined],
    [{ error: 'broken' }, 'broken', true],
    [{ error: { code: 1 } }, '{"error":{"code":1}}', true],
    [{ output: 'fine', more: 1 }, '{"output":"fine","more":1}', undefined],
    [{}, '{}', undefined],
  ])('the result %j is told to others as its text (E78)', (response, text, isError) => {
    const { turns } = decoded({ contents: [USER, { parts: [{ functionResponse: { name: 'f', response } }] }] })
    const [part] = turns[1]?.parts ?? []
    expect(part).toMatchObject({ type: 'tool-result', content: [{ type: 'text', text }] })
    expect(part?.type === 'tool-result' && part.isError).toBe(isError)
  })

  test('the stand-in for a signature is no state of anybody (E93)', () => {
    const parts = [{ functionCall: { name: 'f', args: {} }, thoughtSignature: 'skip_thought_signature_validator' }]
    const conversation = decoded({ contents: [USER, { role: 'model', parts }] })
    expect(conversation.turns[1]?.parts[0]?.state).toBeUndefined()
  })

  test('a signature on an empty text is kept on its own part (E94)', () => {
    const parts = [{ text: 'Hello' }, { text: '', thoughtSignature: 'c2ln' }]
    const conversation = decoded({ contents: [USER, { role: 'model', parts }, USER] })
    expect(conversation.turns[1]?.parts).toMatchObject([
      { text: 'Hello' },
      { text: '', state: [{ scheme: 'gemini.thought-signature', value: 'c2ln' }] },
    ])
    expect(JSON.parse(format.encodeRequest(conversation, encodeTarget()).body).contents[1].parts).toEqual(parts)
  })
})

describe('what only Gemini knows', () => {
  test('unknown fields come back at every level, and so do unknown parts and tools', () => {
    const body = {
      contents: [
        { role: 'user', parts: [{ text: 'Hi', partMetadata: { a: 1 } }], newContentField: 1 },
        { role: 'model', parts: [{ newPart: { x: [1] }, thoughtSignature: 'c2ln' }] },
        {
          role: 'user',
          parts: [{ fileData: { fileUri: 'https://a/b.mp4', mimeType: 'video/mp4', x: 1 }, videoMetadata: { fps: 2 } }],
        },
      ],
      tools: [
        { functionDeclarations: [{ name: 'f', description: 'd', behavior: 'BLOCKING' }] },
        { googleSearch: {} },
        { newTool: { y: 2 } },
      ],
      toolConfig: {
        functionCallingConfig: { mode: 'VALIDATED', streamFunctionCallArguments: true },
        retrievalConfig: { z: 3 },
      },
      generationConfig: {
        temperature: 0,
        speechConfig: { v: 1 },
        mediaResolution: 'MEDIA_RESOLUTION_LOW',
        newField: null,
      },
      safetySettings: [{ category: 'A', threshold: 'B' }],
      labels: { team: 'x' },
      cachedContent: 'cachedContents/abc',
      serviceTier: 'flex',
    }
    const { body: text, losses } = format.encodeRequest(decoded(body), encodeTarget())
    const { newField: _, ...generationConfig } = body.generationConfig
    expect(JSON.parse(text)).toEqual({ ...body, generationConfig })
    expect(losses).toEqual([])
  })

  test('a cached prefix stands before everything, where others see that they lack it', () => {
    const { turns } = decoded({ contents: [USER], cachedContent: 'cachedContents/abc' })
    expect(turns[0]).toMatchObject({
      role: 'system',
      parts: [{ type: 'opaque', format: 'gemini', label: 'cachedContent' }],
    })
  })

  test('files that Google keeps are bound to it, other addresses are not', () => {
    const part = (fileUri: string) => ({ fileData: { fileUri, mimeType: 'application/pdf' } })
    const uris = ['https://generativelanguage.googleapis.com/v1beta/files/a', 'gs://b/c', 'https://example.com/d.pdf']
    const { turns } = decoded({ contents: [{ parts: uris.map(part) }] })
    expect(turns[0]?.parts).toMatchObject([
      { source: { fileId: uris[0], format: 'gemini' } },
      { source: { fileId: uris[1], format: 'gemini' } },
      { source: { url: uris[2] }, kind: 'document' },
    ])
  })

  test('base64 of either alphabet is told in the standard one', () => {
    const { turns } = decoded({
      contents: [
        {
          parts: [
            { inlineData: { mimeType: 'audio/wav', data: 'a-_b' } },
            { inlineData: { mimeType: 'x/y', data: 'aGk' } },
          ],
        },
      ],
    })
    expect(turns[0]?.parts).toMatchObject([
      { source: { base64: 'a+/b' }, kind: 'audio' },
      { source: { base64: 'aGk=' }, kind: 'file' },
    ])
  })
})

describe('settings', () => {
  test.each([
    [{ mode: 'AUTO' }, { mode: 'auto' }],
    [{ mode: 'any' }, { mode: 'required' }],
    [
      { mode: 2, allowedFunctionNames: ['a', 'b'] },
      { mode: 'required', allowed: ['a', 'b'] },
    ],
    [
      { mode: 'ANY', allowedFunctionNames: ['a'] },
      { mode: 'named', name: 'a', kind: 'function' },
    ],
    [{ mode: 'NONE' }, { mode: 'none' }],
    [
      { mode: 'VALIDATED', allowedFunctionNames: ['a'] },
      { mode: 'auto', allowed: ['a'] },
    ],
    [{}, undefined],
  ])('the function calling mode %j', (functionCallingConfig, toolChoice) => {
    expect(decoded({ contents: [USER], toolConfig: { functionCallingConfig } }).toolChoice).toEqual(toolChoice)
  })

  test('zero, the empty string and false are values', () => {
    const generationConfig = {
      temperature: 0,
      topP: 0,
      seed: 0,
      thinkingConfig: { thinkingBudget: 0, includeThoughts: false },
    }
    const conversation = decoded({ contents: [USER], generationConfig })
    expect(conversation).toMatchObject({
      sampling: { temperature: 0, topP: 0, seed: 0 },
      reasoning: { budget: 0, show: 'none' },
    })
    expect(JSON.parse(format.encodeRequest(conversation, encodeTarget()).body).generationConfig).toEqual(
      generationConfig,
    )
  })

  test('an OpenAPI schema is told to others as JSON Schema, and goes back to Gemini as it came', () => {
    const responseSchema = { type: 'OBJECT', properties: { type: { type: 'STRING', nullable: true, minLength: '2' } } }
    const conversation = decoded({
      contents: [USER],
      generationConfig: { responseMimeType: 'application/json', responseSchema },
    })
    expect(conversation.outputFormat).toEqual({
      type: 'schema',
      schema: '{"type":"object","properties":{"type":{"type":["string","null"],"minLength":2}}}',
    })
    const encoded = JSON.parse(format.encodeRequest(conversation, encodeTarget()).body)
    expect(encoded.generationConfig).toEqual({ responseMimeType: 'application/json', responseSchema })
  })

  test('a schema that a processor has changed is sent as changed', () => {
    const parameters = { type: 'OBJECT', properties: { a: { type: 'STRING' } } }
    const conversation = decoded({ contents: [USER], tools: [{ functionDeclarations: [{ name: 'f', parameters }] }] })
    const tools = conversation.tools.map(tool =>
      tool.kind === 'function' ? { ...tool, schema: '{"type":"object"}' } : tool,
    )
    const encoded = JSON.parse(format.encodeRequest({ ...conversation, tools }, encodeTarget()).body)
    expect(encoded.tools).toEqual([{ functionDeclarations: [{ name: 'f', parametersJsonSchema: { type: 'object' } }] }])
  })
})

describe('other operations', () => {
  test('a count is asked of bare contents or of a whole request', () => {
    const bare = decoded({ contents: [USER] }, { operation: 'count-tokens' })
    const wrapped = decoded(
      {
        generateContentRequest: { model: 'models/x', contents: [USER], systemInstruction: { parts: [{ text: 'S' }] } },
      },
      { operation: 'count-tokens' },
    )
    expect(bare.turns).toHaveLength(1)
    expect(wrapped.turns).toHaveLength(2)
    const target = encodeTarget({ operation: 'count-tokens' })
    expect(JSON.parse(format.encodeRequest(bare, target).body)).toEqual({ contents: [USER] })
    expect(JSON.parse(format.encodeRequest(wrapped, target).body)).toEqual({
      generateContentRequest: {
        model: 'models/gemini-3-flash',
        contents: [USER],
        systemInstruction: { parts: [{ text: 'S' }] },
      },
    })
  })

  test('a batch of embeddings with options of their own is refused, naming the odd one', () => {
    const content = { parts: [{ text: 'x' }] }
    const requests = [{ content }, { content, outputDimensionality: 3 }]
    expect(refusalOf(() => decoded({ requests }, { operation: 'embed' }))).toMatchObject({ param: 'requests[1]' })
    expect(refusalOf(() => decoded({}, { operation: 'embed' }))).toMatchObject({ param: 'content' })
    expect(refusalOf(() => decoded({ requests: [] }, { operation: 'embed' }))).toMatchObject({ param: 'requests' })
  })

  test('one input is embedded by itself, several are a batch', () => {
    const one = { content: { parts: [{ text: 'x' }] }, taskType: 'RETRIEVAL_QUERY', outputDimensionality: 3 }
    const target = encodeTarget({ operation: 'embed', model: 'e' })
    const alone = format.encodeRequest(decoded(one, { operation: 'embed' }), target)
    expect(JSON.parse(alone.body)).toEqual({ model: 'models/e', ...one })
    const batch = format.encodeRequest(decoded({ requests: [one, one] }, { operation: 'embed' }), target)
    expect(JSON.parse(batch.body)).toEqual({
      requests: [
        { model: 'models/e', ...one },
        { model: 'models/e', ...one },
      ],
    })
  })

  test.each([
    ['generateContent', {}, { stream: false, framing: 'sse' }],
    ['streamGenerateContent', {}, { stream: true, framing: 'array' }],
    ['streamGenerateContent', { alt: 'sse' }, { stream: true, framing: 'sse' }],
    ['streamGenerateContent', { alt: 'json' }, { stream: true, framing: 'array' }],
  ])('%s with %j', (method, query, head) => {
    const request = { route: routeFor(method, 'v1'), pathModel: 'gemini-x', query, headers: {}, body: {} }
    expect(format.readHead(request)).toMatchObject({ ...head, model: 'gemini-x', operation: 'generate' })
  })

  test('the cap on output tokens is read and written in either spelling', () => {
    const { read, write } = format.maxOutputTokens
    expect(read({ generationConfig: { maxOutputTokens: 7 } })).toBe(7)
    expect(read({ generation_config: { max_output_tokens: '8' } })).toBe(8)
    expect(read({})).toBeUndefined()
    expect(write({ generation_config: { max_output_tokens: 8, topK: 1 } }, 5)).toEqual({
      key: 'generation_config',
      json: '{"topK":1,"maxOutputTokens":5}',
    })
    expect(write({}, 5)).toEqual({ key: 'generationConfig', json: '{"maxOutputTokens":5}' })
  })
})

test("what is said in the content of a function's result is said there again", () => {
  const call = { functionCall: { id: 'c', name: 'f', args: {} } }
  const result = { functionResponse: { id: 'c', name: 'f', response: { output: 'ok' } } }
  const contents = [
    { role: 'user', parts: [{ text: 'Call f' }] },
    { role: 'model', parts: [call] },
    { role: 'user', parts: [result, { text: 'Go on' }] },
    { role: 'model', parts: [{ text: 'Well.' }] },
    { role: 'user', parts: [{ text: 'And?' }] },
  ]
  const conversation = decoded({ contents })
  expect(conversation.turns.map(turn => turn.role)).toEqual(['user', 'assistant', 'tool', 'user', 'assistant', 'user'])
  const { body, losses } = format.encodeRequest(conversation, encodeTarget({ model: 'gemini-2.5-flash' }))
  expect(JSON.parse(body).contents).toEqual(contents)
  expect(losses).toEqual([])
})
