/** Embeddings through the canonical view and back. */
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { CompletionBuilder } from '../../../src/formats/completion.ts'
import { vectorBase64, vectorNumbers } from '../../../src/formats/embedding-vector.ts'
import format from '../../../src/formats/openai-embeddings/format.ts'
import type { Completion } from '../../../src/formats/reply-events.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import type { ReplyContext } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { grammarViolations } from '../../support/canonical-grammar.ts'
import { encodeTargetFor } from '../../support/encode-target.ts'
import { recordedCases } from '../../support/traffic.ts'

const CASES = recordedCases('openai-embeddings')

function contextOf(body: Record<string, unknown>): ReplyContext {
  const [route] = format.routes
  if (route === undefined) throw new Error('the format has no routes')
  const request = { route, query: {}, headers: {}, body }
  return { operation: 'embed', model: String(body.model), requestId: 'r', created: 1, framing: 'sse', request }
}

function gathered(text: string): Completion {
  const events = format.decodeReply(parseDocument(text), 'embed')
  expect(grammarViolations(events)).toEqual([])
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  return builder.completion()
}

function reencoded(text: string): { body: Record<string, unknown>; losses: readonly unknown[] } {
  const document = parseDocument(text)
  const conversation = format.decodeRequest({ operation: 'embed', model: 'm', stream: false, document, headers: {} })
  const model = String((document.value as Record<string, unknown>).model)
  const target = encodeTargetFor('openai-embeddings', {
    operation: 'embed',
    model,
    stream: false,
    provider: 'upstream',
  })
  const { body, losses } = format.encodeRequest(conversation, target)
  return { body: JSON.parse(body), losses }
}

describe('recorded', () => {
  test.each(CASES)('the request of $name comes back meaning the same', ({ requestText }) => {
    const asked = JSON.parse(requestText) as Record<string, unknown>
    bodyCheck(format.schemas.embed ?? {})(asked)
    const { body, losses } = reencoded(requestText)
    expect(body).toEqual(Object.fromEntries(Object.entries(asked).map(([key, value]) => [key, value])))
    expect(losses).toEqual([])
  })

  test.each(CASES.filter(each => each.status === 200))('the reply of $name comes back whole', each => {
    const sent = JSON.parse(each.responseText) as Record<string, unknown>
    const completion = gathered(each.responseText)
    const asked = { ...(JSON.parse(each.requestText) as Record<string, unknown>), model: sent.model }
    expect(JSON.parse(format.encodeReply(completion, contextOf(asked)).body)).toEqual(sent)
    const observed = format.observeReply(parseDocument(each.responseText), 'embed')
    expect(observed).toEqual({ model: completion.model, usage: completion.usage })
  })

  test.each(CASES.filter(each => each.status !== 200))('the error of $name is understood', each => {
    const error = format.decodeError(each.status, parseDocument(each.responseText))
    expect(error.status).toBe(each.status)
    expect(error.message).not.toBe('')
  })
})

describe('requests', () => {
  test.each([
    ['one text', 'a'],
    ['texts', ['a', 'b']],
    ['tokens', [1, 2]],
    ['lists of tokens', [[1, 2], [3]]],
    ['an empty text', ''],
  ])('%s is embedded as what it is', (_name, input) => {
    const { body } = reencoded(JSON.stringify({ model: 'm', input }))
    const single = Array.isArray(input) && typeof input[0] === 'number'
    expect(body.input).toEqual(single ? [input] : input)
  })

  test('no input is refused by name', () => {
    expect(() => reencoded('{"model":"m","input":[]}')).toThrow('"input" must not be empty')
  })

  test('an image is refused, not embedded as nothing', () => {
    const media = { type: 'media' as const, kind: 'image' as const, source: { url: 'https://x/y.png' } }
    const conversation = { turns: [{ role: 'user' as const, parts: [media] }], tools: [], sampling: {} }
    const target = encodeTargetFor('openai-embeddings', {
      operation: 'embed',
      model: 'm',
      stream: false,
      provider: 'p',
    })
    expect(() => format.encodeRequest(conversation, target)).toThrow('made of text')
  })

  test("Gemini's task is noted as lost", () => {
    const turn = { role: 'user' as const, parts: [{ type: 'text' as const, text: 'a' }] }
    const conversation = {
      turns: [turn],
      tools: [],
      sampling: {},
      embedding: { task: 'RETRIEVAL_QUERY', dimensions: 8 },
    }
    const target = encodeTargetFor('openai-embeddings', {
      operation: 'embed',
      model: 'm',
      stream: false,
      provider: 'p',
    })
    const { body, losses } = format.encodeRequest(conversation, target)
    expect(JSON.parse(body)).toEqual({ model: 'm', input: 'a', dimensions: 8 })
    expect(losses.map(loss => loss.path)).toEqual(['embedding.task'])
  })
})

describe('replies', () => {
  const VECTORS: Completion = {
    id: '',
    model: 'm',
    candidates: [],
    embeddings: [
      { type: 'embedding', input: 0, values: [0.5, -1] },
      { type: 'embedding', input: 1, values: { base64: vectorBase64([0.25, 2]) } },
    ],
    usage: { input: 3, output: 0 },
    raw: [],
  }

  test.each(['float', 'base64'] as const)('the SDK reads vectors asked for as %s', async encoding => {
    const { body } = format.encodeReply(VECTORS, contextOf({ model: 'm', encoding_format: encoding }))
    const client = new OpenAI({
      apiKey: 'none',
      baseURL: 'http://127.0.0.1/v1',
      fetch: async () => new Response(body, { headers: { 'content-type': 'application/json' } }),
    })
    // Unless told otherwise the SDK asks for base64 and decodes it itself.
    const asked = encoding === 'float' ? { encoding_format: encoding } : {}
    const reply = await client.embeddings.create({ model: 'm', input: ['a', 'b'], ...asked })
    expect(reply.data.map(each => [...each.embedding])).toEqual([
      [0.5, -1],
      [0.25, 2],
    ])
    expect(reply.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 })
  })

  test('bytes that are no floats stay as they are', () => {
    expect(vectorNumbers({ base64: Buffer.from([1, 2, 3]).toString('base64') })).toBeUndefined()
  })

  test('what is no list of vectors is an error, not an empty list', () => {
    for (const text of ['{}', '{"data":[{}]}', '[]', '{"data":[{"embedding":["a"]}]}']) {
      expect(format.decodeReply(parseDocument(text), 'embed').map(event => event.type)).toEqual(['error'])
    }
  })
})
