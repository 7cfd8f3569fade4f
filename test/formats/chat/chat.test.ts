import { describe, expect, test } from 'vitest'
import format from '../../../src/formats/chat/format.ts'
import type { Part } from '../../../src/formats/conversation.ts'
import type { Completion, FinishReason } from '../../../src/formats/reply-events.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import type { RequestParts } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { encodeTargetFor } from '../../support/encode-target.ts'

const BODY = { provider: 'openai', model: 'gpt-5', prompt: 'Hello' }

function requestOf(body: unknown): RequestParts {
  const [route] = format.routes
  if (route === undefined) throw new Error('the format has no routes')
  return { route, query: {}, headers: {}, body }
}

function replyTo(parts: readonly Part[], reason: FinishReason): { body: unknown; lost: readonly string[] } {
  const completion: Completion = {
    id: 'x',
    model: 'served',
    candidates: [{ index: 0, parts, finish: { type: 'finish', candidate: 0, reason } }],
    raw: [],
  }
  const context = {
    operation: 'generate' as const,
    model: 'gpt-5',
    requestId: 'r',
    created: 1,
    framing: 'sse' as const,
    request: requestOf(BODY),
  }
  const { body, losses } = format.encodeReply(completion, context)
  return { body: JSON.parse(body), lost: losses.map(loss => loss.path) }
}

describe('requests', () => {
  test('provider, model and prompt are all it takes', () => {
    bodyCheck(format.schemas.generate ?? {})(BODY)
    expect(format.readHead(requestOf(BODY))).toEqual({
      operation: 'generate',
      model: 'gpt-5',
      provider: 'openai',
      stream: false,
      framing: 'sse',
    })
    const document = parseDocument(JSON.stringify({ ...BODY, note: 1.0 }))
    const input = { operation: 'generate' as const, model: 'gpt-5', stream: false, document, headers: {} }
    expect(format.decodeRequest(input)).toEqual({
      turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
      tools: [],
      sampling: {},
      extensions: { chat: { note: '1' } },
    })
  })

  test.each(['provider', 'model', 'prompt'])('a request without %s is told so', missing => {
    const body = Object.fromEntries(Object.entries(BODY).filter(([key]) => key !== missing))
    expect(() => bodyCheck(format.schemas.generate ?? {})(body)).toThrow(`"${missing}" is missing`)
  })

  test.each([1, null, ['Hello']])('a prompt of %j is told so', prompt => {
    expect(() => bodyCheck(format.schemas.generate ?? {})({ ...BODY, prompt })).toThrow('"prompt" must be a string')
  })
})

describe('replies', () => {
  test('the text is the response, under the names the client gave', () => {
    const parts: Part[] = [
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo' },
    ]
    expect(replyTo(parts, 'stop')).toEqual({
      body: { provider: 'openai', model: 'gpt-5', response: 'Hello' },
      lost: [],
    })
  })

  test('what is no text is noted', () => {
    const parts: Part[] = [
      { type: 'reasoning', visibility: 'full', chunks: ['hm'] },
      { type: 'text', text: 'cut' },
    ]
    const { body, lost } = replyTo(parts, 'length')
    expect(body).toMatchObject({ response: 'cut' })
    expect(lost).toEqual(['reasoning', 'finish'])
  })

  test('a refusal is the response', () => {
    expect(replyTo([{ type: 'refusal', text: 'No.' }], 'refusal').body).toMatchObject({ response: 'No.' })
  })
})

test('errors say code and message', () => {
  const error = { kind: 'rate-limit', status: 429, code: 'rate_limited', message: 'Too fast.' } as const
  const { status, body } = format.encodeError(error, 'r')
  expect(status).toBe(429)
  expect(JSON.parse(body)).toEqual({ error: { code: 'rate_limited', message: 'Too fast.' } })
})

test('no provider can be asked in this format', () => {
  const target = encodeTargetFor('chat', { operation: 'generate', model: 'm', stream: false, provider: 'p' })
  expect(format.upstream).toBe(false)
  expect(() => format.encodeRequest({ turns: [], tools: [], sampling: {} }, target)).toThrow('No provider speaks')
})
