/** Errors of Google's and of ours. */
import { describe, expect, test } from 'vitest'
import type { ErrorKind, ErrorView } from '../../../src/formats/error-view.ts'
import format from '../../../src/formats/gemini/format.ts'
import { parseDocument } from '../../../src/json/document.ts'

function understood(status: number, body: unknown): ErrorView {
  return format.decodeError(status, body === undefined ? undefined : parseDocument(JSON.stringify(body)))
}
const error = (code: number, status: string, message: string, details?: unknown) => ({
  error: { code, status, message, details },
})

describe('what Google says', () => {
  test.each<[string, number, unknown, Partial<ErrorView>]>([
    [
      'a bad key',
      400,
      error(400, 'INVALID_ARGUMENT', 'x', [{ reason: 'API_KEY_INVALID' }]),
      { kind: 'authentication', status: 401, code: 'api_key_invalid' },
    ],
    [
      'a prompt that is too long',
      400,
      error(
        400,
        'INVALID_ARGUMENT',
        'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      ),
      { kind: 'context-length', status: 400 },
    ],
    [
      'a limit, and when to come back',
      429,
      error(429, 'RESOURCE_EXHAUSTED', 'x', [{ retryDelay: '21.5s' }]),
      { kind: 'rate-limit', retryAfterMs: 21_500 },
    ],
    [
      'a quota of the day',
      429,
      error(429, 'RESOURCE_EXHAUSTED', 'x', [{ violations: [{ quotaId: 'GenerateRequestsPerDayPerProject' }] }]),
      { kind: 'quota' },
    ],
    ['an unknown model', 404, error(404, 'NOT_FOUND', 'x'), { kind: 'not-found', code: 'not_found' }],
    ['too much at once', 503, error(503, 'UNAVAILABLE', 'x'), { kind: 'overloaded', status: 503 }],
    [
      'a list with one error in it (E258)',
      400,
      [error(400, 'FAILED_PRECONDITION', 'x')],
      { kind: 'bad-request', message: 'x' },
    ],
    [
      'an error inside the message of an error (E258)',
      500,
      error(500, 'INTERNAL', JSON.stringify(error(400, 'X', JSON.stringify(error(400, 'X', 'deep'))))),
      { message: 'deep' },
    ],
    ['a word instead of an object', 400, { error: 'no' }, { kind: 'bad-request', message: 'no' }],
    [
      'a page instead of JSON',
      502,
      undefined,
      { kind: 'upstream', status: 502, message: expect.stringContaining('502') },
    ],
    ['nothing of use', 418, {}, { kind: 'bad-request', status: 418 }],
    ['a number that is none', 500, { error: { code: 'x', message: 5 } }, { kind: 'server', status: 500 }],
  ])('%s', (_, status, body, view) => {
    expect(understood(status, body)).toMatchObject(view)
  })
})

test.each<[ErrorKind, number, string]>([
  ['bad-request', 400, 'INVALID_ARGUMENT'],
  ['authentication', 401, 'UNAUTHENTICATED'],
  ['permission', 403, 'PERMISSION_DENIED'],
  ['not-found', 404, 'NOT_FOUND'],
  ['rate-limit', 429, 'RESOURCE_EXHAUSTED'],
  ['overloaded', 529, 'UNAVAILABLE'],
  ['timeout', 504, 'DEADLINE_EXCEEDED'],
  ['upstream', 502, 'UNAVAILABLE'],
])('%s is told as %s %s', (kind, status, word) => {
  const view = { kind, status, code: 'some_code', message: 'Why.', param: 'contents[0]', retryAfterMs: 1500 }
  const encoded = format.encodeError(view, 'req-1')
  expect(encoded.status).toBe(status)
  expect(JSON.parse(encoded.body)).toEqual({
    error: {
      code: status,
      status: word,
      message: 'Why.',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'SOME_CODE', domain: 'sluice' },
        { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'contents[0]' }] },
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' },
        { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 'req-1' },
      ],
    },
  })
})

test('counts and models of nonsense are no counts and no models', () => {
  expect(format.decodeTokenCount(parseDocument('{"totalTokens":-1}'))).toBeUndefined()
  expect(format.decodeTokenCount(parseDocument('[]'))).toBeUndefined()
  expect(format.decodeModels(parseDocument('{"models":[null,{"name":5},{"name":"models/a"}]}'))).toEqual([{ id: 'a' }])
  expect(format.decodeModels(parseDocument('null'))).toEqual([])
})
