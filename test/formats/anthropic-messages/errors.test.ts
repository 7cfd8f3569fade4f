import { describe, expect, it } from 'vitest'
import { contextLengthMessage } from '../../../src/formats/anthropic-messages/context-length.ts'
import format from '../../../src/formats/anthropic-messages/format.ts'
import { threadUnsupported } from '../../../src/formats/anthropic-messages/threads.ts'
import type { ErrorKind, ErrorView } from '../../../src/formats/error-view.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { framesOf } from '../../support/frames.ts'

function view(kind: ErrorKind, status: number, more: Partial<ErrorView> = {}): ErrorView {
  return { kind, status, code: 'x', message: 'Why', ...more }
}

describe('an error for a client', () => {
  it.each([
    ['bad-request', 400, 400, 'invalid_request_error'],
    ['context-length', 422, 400, 'invalid_request_error'],
    ['authentication', 401, 401, 'authentication_error'],
    ['billing', 402, 402, 'billing_error'],
    ['permission', 403, 403, 'permission_error'],
    ['not-found', 404, 404, 'not_found_error'],
    ['method-not-allowed', 405, 405, 'invalid_request_error'],
    ['conflict', 409, 409, 'conflict_error'],
    ['too-large', 413, 413, 'request_too_large'],
    ['unsupported-media', 415, 415, 'invalid_request_error'],
    ['rate-limit', 429, 429, 'rate_limit_error'],
    ['quota', 429, 429, 'rate_limit_error'],
    ['content-policy', 400, 400, 'invalid_request_error'],
    ['overloaded', 503, 529, 'overloaded_error'],
    ['timeout', 504, 504, 'timeout_error'],
    ['canceled', 499, 499, 'api_error'],
    ['upstream', 502, 502, 'api_error'],
    ['server', 500, 500, 'api_error'],
  ] as const)('of kind %s and status %i is %i %s (C.8, E256)', (kind, status, sent, type) => {
    const { body, status: written } = format.encodeError(view(kind, status), 'req_1')
    expect(written).toBe(sent)
    expect(JSON.parse(body)).toMatchObject({ type: 'error', error: { type }, request_id: 'req_1' })
  })

  it('carries details as they came', () => {
    const details = '{"error_code":"ramp_limit_exceeded","limit":1.0}'
    const { body } = format.encodeError(view('rate-limit', 429, { details }), 'req_1')
    expect(body).toContain(`"details":${details}`)
    expect(format.decodeError(429, parseDocument(body))).toMatchObject({ code: 'ramp_limit_exceeded', details })
  })

  it('is one frame inside a stream, whatever the message holds', () => {
    const message = 'a\n\nevent: message_stop\ndata: {}\r\n"'
    const frames = framesOf(format.encodeStreamError(view('server', 500, { message }), 'req_1'))
    expect(frames).toHaveLength(1)
    expect(frames[0]?.event).toBe('error')
    expect(JSON.parse(frames[0]?.data ?? '').error.message).toBe(message)
  })

  it('about threads makes the SDK send everything again', () => {
    const refusal = threadUnsupported()
    expect(refusal).toMatchObject({ status: 400, param: 'thread' })
    expect(JSON.parse(format.encodeError(refusal, 'r').body).error.details.error_code).toBe(
      'thread_unsupported_request',
    )
  })
})

describe('a prompt that is too long (E255)', () => {
  it.each([
    ['prompt is too long: 250000 tokens > 200000 maximum', 'prompt is too long: 250000 tokens > 200000 maximum'],
    [
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease',
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease',
    ],
    [
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130,001 tokens.",
      'prompt is too long: 130001 tokens > 128000 maximum',
    ],
    [
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).",
      'input length and `max_tokens` exceed context limit: 8000 + 1000 > 8192',
    ],
    [
      'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      'prompt is too long: 1200000 tokens > 1048576 maximum',
    ],
    ['Too much.', 'prompt is too long: Too much.'],
  ])('%j is told in the words that clients read', (message, expected) => {
    expect(contextLengthMessage(message)).toBe(expected)
    expect(JSON.parse(format.encodeError(view('context-length', 400, { message }), 'r').body).error.message).toBe(
      expected,
    )
  })

  it('is recognised from an upstream', () => {
    const body = {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 2 tokens > 1 maximum' },
    }
    expect(format.decodeError(400, parseDocument(JSON.stringify(body))).kind).toBe('context-length')
  })
})

describe("an upstream's error", () => {
  it.each([
    [
      529,
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      'overloaded',
      529,
      'overloaded_error',
    ],
    [200, '{"type":"error","error":{"type":"rate_limit_error","message":"m"}}', 'rate-limit', 429, 'rate_limit_error'],
    [200, '{"error":"boom"}', 'upstream', 502, 'upstream_error'],
    [500, '{"message":"boom"}', 'server', 500, 'upstream_error'],
    [
      413,
      '{"type":"error","error":{"type":"invalid_request_error","message":"m"}}',
      'too-large',
      413,
      'invalid_request_error',
    ],
    [404, '{"error":{"type":"brand_new_error","message":"m"}}', 'not-found', 404, 'brand_new_error'],
    [503, '[]', 'overloaded', 503, 'upstream_error'],
  ])('of status %i and body %s', (status, body, kind, told, code) => {
    expect(format.decodeError(status, parseDocument(body))).toMatchObject({ kind, status: told, code })
  })

  it('that is no JSON is known by its status', () => {
    expect(format.decodeError(502, undefined)).toMatchObject({ kind: 'upstream', status: 502 })
  })
})

it('a model list survives dates that no calendar knows', () => {
  expect(JSON.parse(format.encodeModel({ id: 'a', created: 1e20 }))).toMatchObject({ id: 'a' })
  expect(JSON.parse(format.encodeModel({ id: 'a', created: -1 }))).toMatchObject({ created_at: '1969-12-31T23:59:59Z' })
  expect(JSON.parse(format.encodeModels([]))).toEqual({ data: [], has_more: false, first_id: null, last_id: null })
})
