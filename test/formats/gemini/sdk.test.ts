/** Google's own SDK sends the requests and reads what the encoders write, over real sockets. */
import { ApiError, GoogleGenAI } from '@google/genai'
import { describe, expect, test } from 'vitest'
import type { Operation } from '../../../src/contract.ts'
import type { Conversation, Part } from '../../../src/formats/conversation.ts'
import type { ErrorView } from '../../../src/formats/error-view.ts'
import format from '../../../src/formats/gemini/format.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { type Act, startUpstream, type Upstream, type UpstreamRequest } from '../../support/upstream.ts'
import { decoded, replyContext, routeFor, streamOf } from './exchange.ts'

function clientOf(upstream: Upstream): GoogleGenAI {
  return new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: upstream.url } })
}

const stream = (text: string): Act => ({ chunks: [text], headers: { 'content-type': 'text/event-stream' } })
const json = (text: string): Act => ({ body: text, headers: { 'content-type': 'application/json' } })
const ASK = { model: 'gemini-3-flash', contents: 'Hi' }

function reply(parts: readonly Part[], deltas: readonly ReplyEvent[] = []): readonly ReplyEvent[] {
  const calls = parts.some(part => part.type === 'tool-call')
  return [
    { type: 'start', id: 'msg_01', model: 'upstream-model' },
    ...parts.map((part, index): ReplyEvent => ({ type: 'part-start', index, candidate: 0, part })),
    ...deltas,
    ...parts.map((_, index): ReplyEvent => ({ type: 'part-end', index })),
    { type: 'finish', candidate: 0, reason: calls ? 'tool-calls' : 'stop' },
    { type: 'usage', usage: { input: 7, output: 5, reasoning: 2, cacheRead: 3 } },
    { type: 'end' },
  ]
}

const INTERLEAVED = reply(
  [
    { type: 'reasoning', visibility: 'full', chunks: [] },
    { type: 'text', text: '' },
    { type: 'tool-call', callId: 'toolu_1', name: 'a', kind: 'function', arguments: '' },
    { type: 'tool-call', callId: 'toolu_2', name: 'b', kind: 'function', arguments: '' },
  ],
  [
    { type: 'text-delta', index: 0, text: 'Hm' },
    { type: 'arguments-delta', index: 3, text: '{"y":' },
    { type: 'text-delta', index: 1, text: 'Hello' },
    { type: 'ping' },
    { type: 'arguments-delta', index: 2, text: '{"x":1}' },
    { type: 'text-delta', index: 0, text: 'm' },
    { type: 'arguments-delta', index: 3, text: '2}' },
    { type: 'text-delta', index: 1, text: ' there' },
  ],
)

describe('streams', () => {
  test('thoughts, text and calls that interleave arrive one after another', async () => {
    await using upstream = await startUpstream(stream(streamOf(INTERLEAVED)))
    let text = ''
    let thoughts = ''
    const calls: unknown[] = []
    for await (const chunk of await clientOf(upstream).models.generateContentStream(ASK)) {
      for (const part of chunk.candidates?.[0]?.content?.parts ?? []) {
        if (part.thought) thoughts += part.text ?? ''
        else text += part.text ?? ''
      }
      calls.push(...(chunk.functionCalls ?? []))
    }
    expect(thoughts).toBe('Hmm')
    expect(text).toBe('Hello there')
    expect(calls).toEqual([
      { id: 'toolu_1', name: 'a', args: { x: 1 } },
      { id: 'toolu_2', name: 'b', args: { y: 2 } },
    ])
  })

  test('the last chunk has the usage and the reason', async () => {
    await using upstream = await startUpstream(stream(streamOf(INTERLEAVED)))
    const chunks = []
    for await (const chunk of await clientOf(upstream).models.generateContentStream(ASK)) chunks.push(chunk)
    expect(chunks.at(-1)?.usageMetadata).toEqual({
      promptTokenCount: 7,
      cachedContentTokenCount: 3,
      candidatesTokenCount: 3,
      thoughtsTokenCount: 2,
      totalTokenCount: 12,
    })
    expect(chunks.map(chunk => chunk.candidates?.[0]?.finishReason).filter(Boolean)).toEqual(['STOP'])
  })

  test('a chat keeps the turn in its history', async () => {
    await using upstream = await startUpstream(stream(streamOf(reply([{ type: 'text', text: 'Hello' }]))))
    const chat = clientOf(upstream).chats.create({ model: 'gemini-3-flash' })
    for await (const _ of await chat.sendMessageStream({ message: 'Hi' })) {
      // The history is written when the stream has been read.
    }
    const curated = chat.getHistory(true)
    expect(curated[0]).toMatchObject({ role: 'user' })
    expect(curated.slice(1).flatMap(content => content.parts ?? [])[0]).toEqual({ text: 'Hello' })
  })

  test.each<[string, ErrorView]>([
    ['overloaded', { kind: 'overloaded', status: 529, code: 'overloaded', message: 'Too busy.' }],
    ['upstream', { kind: 'upstream', status: 502, code: 'upstream_truncated', message: 'Cut off.' }],
  ])('an error in the middle is thrown: %s', async (_, error) => {
    const events = [...INTERLEAVED.slice(0, 6), { type: 'error' as const, error }]
    await using upstream = await startUpstream(stream(streamOf(events)))
    const chunks = await clientOf(upstream).models.generateContentStream(ASK)
    const reading = (async () => {
      for await (const _chunk of chunks);
    })()
    await expect(reading).rejects.toThrow(ApiError)
  })

  test('heartbeats between chunks are passed over', async () => {
    const text = streamOf(reply([{ type: 'text', text: 'Hello' }])).replaceAll('\n\n', `\n\n${format.heartbeat}`)
    await using upstream = await startUpstream(stream(format.heartbeat + text))
    let said = ''
    for await (const chunk of await clientOf(upstream).models.generateContentStream(ASK)) said += chunk.text ?? ''
    expect(said).toBe('Hello')
  })
})

describe('whole replies', () => {
  const completion: Completion = {
    id: 'chatcmpl-1',
    model: 'upstream-model',
    candidates: [
      {
        index: 0,
        parts: [
          { type: 'reasoning', visibility: 'full', chunks: ['Hm'] },
          { type: 'text', text: 'Hello' },
          { type: 'tool-call', callId: 'call_1', name: 'weather', kind: 'function', arguments: '{"city":"Oslo"}' },
        ],
        finish: { type: 'finish', candidate: 0, reason: 'tool-calls' },
      },
    ],
    usage: { input: 7, output: 5 },
    raw: [],
  }

  test('text, thoughts and calls are read', async () => {
    await using upstream = await startUpstream(json(format.encodeReply(completion, replyContext()).body))
    const answer = await clientOf(upstream).models.generateContent(ASK)
    expect(answer.text).toBe('Hello')
    expect(answer.functionCalls).toEqual([{ id: 'call_1', name: 'weather', args: { city: 'Oslo' } }])
    expect(answer.responseId).toBe('chatcmpl-1')
    expect(answer.modelVersion).toBe('gemini-test')
  })

  test('an error is thrown with its status and message', async () => {
    const error: ErrorView = {
      kind: 'rate-limit',
      status: 429,
      code: 'rate_limited',
      message: 'Slow down.',
      retryAfterMs: 1500,
    }
    const { status, body } = format.encodeError(error, 'req-1')
    await using upstream = await startUpstream({ status, body, headers: { 'content-type': 'application/json' } })
    const failure = await clientOf(upstream)
      .models.generateContent(ASK)
      .catch((reason: unknown) => reason)
    expect(failure).toBeInstanceOf(ApiError)
    expect((failure as ApiError).status).toBe(429)
    expect((failure as ApiError).message).toContain('Slow down.')
    expect((failure as ApiError).message).toContain('1.5s')
  })

  test('token counts, embeddings and models are read', async () => {
    const vectors = [{ type: 'embedding' as const, input: 0, values: [0.5, -1] }]
    const context = replyContext({
      operation: 'embed',
      request: { route: routeFor('batchEmbedContents'), query: {}, headers: {}, body: {} },
    })
    const embedded = format.encodeReply({ id: '', model: '', candidates: [], embeddings: vectors, raw: [] }, context)
    await using upstream = await startUpstream(
      json(format.encodeTokenCount(42)),
      json(embedded.body),
      json(format.encodeModels([{ id: 'claude-x', displayName: 'Claude X', contextWindow: 200_000 }])),
      json(format.encodeModel({ id: 'claude-x' })),
    )
    const client = clientOf(upstream)
    expect((await client.models.countTokens(ASK)).totalTokens).toBe(42)
    expect((await client.models.embedContent(ASK)).embeddings).toEqual([{ values: [0.5, -1] }])
    expect((await client.models.list()).page[0]).toMatchObject({ name: 'models/claude-x', inputTokenLimit: 200_000 })
    expect((await client.models.get({ model: 'claude-x' })).name).toBe('models/claude-x')
  })
})

describe('requests', () => {
  async function sent(
    upstream: Upstream,
    operation: Exclude<Operation, 'list-models'>,
  ): Promise<[UpstreamRequest, Conversation]> {
    const request = await upstream.request(0)
    bodyCheck(format.schemas[operation])(request.json())
    return [request, decoded(request.body.toString(), { operation })]
  }

  test('what the SDK sends comes to a route and means what was asked', async () => {
    await using upstream = await startUpstream(stream(streamOf(reply([{ type: 'text', text: 'Hi' }]))))
    const chunks = await clientOf(upstream).models.generateContentStream({
      model: 'gemini-3-flash',
      contents: [
        { role: 'user', parts: [{ text: 'Weather?' }] },
        {
          role: 'model',
          parts: [{ functionCall: { name: 'weather', args: { city: 'Oslo' } }, thoughtSignature: 'c2ln' }],
        },
        { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: 'rain' } } }] },
      ],
      config: {
        systemInstruction: 'Be brief.',
        temperature: 0,
        maxOutputTokens: 100,
        tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: { type: 'object' } }] }],
        thinkingConfig: { includeThoughts: true },
      },
    })
    for await (const _ of chunks);
    const [request, conversation] = await sent(upstream, 'generate')
    const path = request.url.split('?')[0]
    expect(format.routes.map(route => route.path.replace('{model}', 'gemini-3-flash'))).toContain(path)
    expect(conversation).toMatchObject({
      turns: [
        { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] },
        { role: 'user', parts: [{ type: 'text', text: 'Weather?' }] },
        {
          role: 'assistant',
          parts: [{ type: 'tool-call', name: 'weather', callId: 'call_gemini_0', arguments: '{"city":"Oslo"}' }],
        },
        {
          role: 'tool',
          parts: [{ type: 'tool-result', callId: 'call_gemini_0', content: [{ type: 'text', text: 'rain' }] }],
        },
      ],
      tools: [{ kind: 'function', name: 'weather', schema: '{"type":"object"}' }],
      sampling: { temperature: 0 },
      maxOutputTokens: 100,
      reasoning: { show: 'summary' },
    })
  })

  test('embeddings are asked for as a batch', async () => {
    await using upstream = await startUpstream(json('{"embeddings":[{"values":[1]},{"values":[2]}]}'))
    await clientOf(upstream).models.embedContent({
      model: 'gemini-embedding-001',
      contents: ['one', 'two'],
      config: { outputDimensionality: 8, taskType: 'RETRIEVAL_QUERY' },
    })
    const [, conversation] = await sent(upstream, 'embed')
    expect(conversation.turns).toMatchObject([{ parts: [{ text: 'one' }] }, { parts: [{ text: 'two' }] }])
    expect(conversation.embedding).toEqual({ dimensions: 8, task: 'RETRIEVAL_QUERY' })
  })
})
