import { describe, expect, it } from 'vitest'
import { classify, classOfStatus, transportError } from '../../src/upstream/failure.ts'

const withCode = (code: string): Error => Object.assign(new Error('secret words'), { code })

describe('classify', () => {
  it.each([
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['ECONNREFUSED', 'connect'],
    ['ETIMEDOUT', 'connect'],
    ['EMFILE', 'connect'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connect'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['EPROTO', 'tls'],
    ['HPE_INVALID_CONSTANT', 'protocol'],
    ['UND_ERR_HEADERS_OVERFLOW', 'protocol'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'protocol'],
    ['UND_ERR_INVALID_ARG', 'internal'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['UND_ERR_SOCKET', 'reset'],
    ['SOMETHING_NEW', 'reset'],
  ])('%s is %s', (code, expected) => {
    expect(classify(withCode(code))).toBe(expected)
  })

  it('looks at what each of several addresses failed with', () => {
    expect(classify(new AggregateError([withCode('ECONNREFUSED'), withCode('EHOSTUNREACH')]))).toBe('connect')
    expect(classify(new AggregateError([]))).toBe('reset')
  })

  it('knows parser errors without a code', () => {
    expect(classify(Object.assign(new Error(), { name: 'HTTPParserError' }))).toBe('protocol')
    const cut = 'Response does not match the HTTP/1.1 protocol (Invalid EOF state)'
    expect(classify(Object.assign(new Error(cut), { name: 'HTTPParserError' }))).toBe('reset')
    expect(classify(new Error('bad response'))).toBe('protocol')
  })
})

describe('transportError', () => {
  it('names the provider and nothing of the inside', () => {
    const error = transportError('reset', 'up', { cause: withCode('ECONNRESET') })
    expect([error.status, error.code, error.message]).toEqual([
      502,
      'upstream_failed',
      'The provider "up" broke the connection.',
    ])
  })

  it.each([
    ['connect', true],
    ['dns', true],
    ['tls', true],
    ['reset', false],
    ['stale', false],
    ['first_token_timeout', false],
  ] as const)('%s: the provider has certainly not acted: %s', (failure, unsent) => {
    expect(transportError(failure, 'up').unsent).toBe(unsent)
  })
})

it.each([
  [400, 'status_400'],
  [401, 'status_401'],
  [402, 'status_401'],
  [403, 'status_401'],
  [404, 'status_400'],
  [408, 'status_408'],
  [409, 'status_408'],
  [418, 'status_400'],
  [425, 'status_408'],
  [429, 'status_429'],
  [500, 'status_500'],
  [501, 'status_500'],
  [503, 'status_529'],
  [529, 'status_529'],
  [599, 'status_500'],
])('status %i is %s', (status, expected) => {
  expect(classOfStatus(status)).toBe(expected)
})
