/** Errors of every server's making, and ours in the format's shape. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import format from '../../../src/formats/openai-chat/format.ts'
import openaiEmbeddings from '../../../src/formats/openai-embeddings/format.ts'
import openaiResponses from '../../../src/formats/openai-responses/format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { framesOf } from '../../support/frames.ts'

describe('upstream errors', () => {
  test.each([
    [
      'OpenAI',
      429,
      { error: { message: 'm', type: 'x', param: null, code: 'insufficient_quota' } },
      { kind: 'quota', code: 'insufficient_quota' },
    ],
    [
      'a field at fault',
      400,
      { error: { message: 'm', param: 'messages', code: 'invalid_value' } },
      { kind: 'bad-request', param: 'messages' },
    ],
    [
      'Google, in an array',
      400,
      [{ error: { code: 400, message: 'm', status: 'INVALID_ARGUMENT' } }],
      { kind: 'bad-request', message: 'm' },
    ],
    ['Venice, a string', 404, { error: 'no such model' }, { kind: 'not-found', message: 'no such model' }],
    ['FastAPI', 422, { detail: [{ msg: 'field required', loc: ['body'] }] }, { message: 'field required' }],
    [
      'older vLLM',
      400,
      { object: 'error', message: 'm', type: 'BadRequestError', code: 400 },
      { message: 'm', code: 'BadRequestError' },
    ],
    [
      'OpenRouter, with the inner one',
      400,
      { error: { message: 'Provider returned error', metadata: { raw: '{"error":{"message":"inner"}}' } } },
      { message: 'inner' },
    ],
    [
      'a context that is too long',
      400,
      { error: { message: "This model's maximum context length is 8192 tokens." } },
      { kind: 'context-length' },
    ],
    ['Azure content filter', 400, { error: { message: 'm', code: 'content_filter' } }, { kind: 'content-policy' }],
    ['a wait in words', 429, { error: { message: 'Please try again in 1.2s.' } }, { retryAfterMs: 1200 }],
    ['a wait in milliseconds', 429, { error: { message: 'Try again in 20ms' } }, { retryAfterMs: 20 }],
    [
      'a wait as Google says it',
      429,
      { error: { message: 'm', details: [{ '@type': 'x', retryDelay: '21s' }] } },
      { retryAfterMs: 21_000 },
    ],
    ['nothing', 503, {}, { kind: 'overloaded', code: 'overloaded', message: 'The provider answered with status 503.' }],
  ])('%s', (_name, status, body, expected) => {
    expect(format.decodeError(status, parseDocument(JSON.stringify(body)))).toMatchObject({ status, ...expected })
  })

  test('a body that is no JSON', () => {
    expect(format.decodeError(502, undefined)).toMatchObject({ status: 502, kind: 'upstream', code: 'upstream' })
  })

  test('any JSON gives an error that can be sent on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), fc.jsonValue(), (status, body) => {
        const error = format.decodeError(status, parseDocument(JSON.stringify(body)))
        expect(error.message).not.toBe('')
        const { error: sent } = JSON.parse(format.encodeError(error, 'r').body) as { error: Record<string, unknown> }
        expect(Object.keys(sent)).toEqual(['message', 'type', 'param', 'code'])
      }),
    )
  })
})

describe('our errors', () => {
  test.each([
    ['bad-request', 400, 'invalid_request_error', 'my_code'],
    ['context-length', 400, 'invalid_request_error', 'context_length_exceeded'],
    ['quota', 429, 'insufficient_quota', 'insufficient_quota'],
    ['rate-limit', 429, 'rate_limit_error', 'rate_limit_exceeded'],
    ['authentication', 401, 'invalid_request_error', 'invalid_api_key'],
    ['server', 500, 'server_error', 'my_code'],
  ] as const)("%s, and all of OpenAI's formats say the same", (kind, status, type, code) => {
    const error = { kind, status, code: 'my_code', message: 'm' }
    const { status: sent, body } = format.encodeError(error, 'r')
    expect([openaiResponses, openaiEmbeddings].map(other => other.encodeError(error, 'r'))).toEqual([
      { status, body },
      { status, body },
    ])
    expect(sent).toBe(status)
    expect(JSON.parse(body)).toEqual({ error: { message: 'm', type, param: null, code } })
  })

  test('after the first byte an error is one frame, and no [DONE] makes it look like a success', () => {
    const message = 'evil\n\ndata: [DONE]\n\n'
    const text = format.encodeStreamError({ kind: 'server', status: 500, code: 'c', message }, 'r')
    const frames = framesOf(text)
    expect(frames).toHaveLength(1)
    expect(JSON.parse(frames[0]?.data ?? '')).toMatchObject({ error: { message } })
  })
})
