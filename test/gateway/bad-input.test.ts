/** Whatever a client sends is answered with a 4xx in its own format, in bounded time, and never passed on. */
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { exchangeRaw, get, openRaw, post } from '../support/sse-client.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, DIALECTS, type Dialect, GEMINI, gatewayFor, RESPONSES } from './dialects.ts'

const STEPS = `
[[pipelines.main.processors]]
use = "models"
list = ["m"]
on_unknown = "refuse"
`
const SERVER = 'body_limit = "64KiB"\nrequest_timeout = "300ms"'

interface Stage {
  readonly upstream: Upstream
  readonly gateway: TestGateway
}

async function stageFor(dialect: Dialect): Promise<Stage> {
  const upstream = await startUpstream()
  const setting = { provider: `${upstream.url}/base`, steps: STEPS, ofServer: SERVER }
  return { upstream, gateway: await startTestGateway(gatewayFor(dialect, setting)) }
}

async function clear({ upstream, gateway }: Stage): Promise<void> {
  await gateway.stop()
  await upstream[Symbol.asyncDispose]()
}

/** The least body that passes, as a string with its last brace open. */
function openBody(dialect: Dialect): string {
  return JSON.stringify(dialect.request(false)).slice(0, -1)
}

/** A byte that takes 100,000 times the room once it is decompressed. */
const NOUGHTS = Buffer.alloc(10_000_000)
const WIDE_WINDOW = { params: { [constants.ZSTD_c_windowLog]: 27 } }

const COMPRESSED: readonly (readonly [name: string, coding: string, body: () => Buffer, status: number])[] = [
  ['endless in gzip', 'gzip', () => gzipSync(NOUGHTS), 413],
  ['endless in Brotli', 'br', () => brotliCompressSync(NOUGHTS), 413],
  ['endless in Zstandard', 'zstd', () => zstdCompressSync(NOUGHTS), 413],
  ['to be seen through a window of 128 MiB', 'zstd', () => zstdCompressSync(NOUGHTS, WIDE_WINDOW), 400],
  ['torn', 'gzip', () => gzipSync('{"model":"m"}').subarray(0, -4), 400],
  ['not compressed', 'zstd', () => Buffer.from('{"model":"m"}'), 400],
  ['compressed in another way', 'gzip', () => zstdCompressSync('{"model":"m"}'), 400],
  ['compressed twice', 'gzip', () => gzipSync(gzipSync('{"model":"m"}')), 400],
]

const UTF16 = Buffer.from('\ufeff{"model":"m"}', 'utf16le')

const BODIES: readonly (readonly [name: string, body: (dialect: Dialect) => string | Buffer, status: number])[] = [
  ['nothing', () => '', 400],
  ['no JSON', () => 'model=m', 400],
  ['JSON that ends early', openBody, 400],
  ['JSON and more', dialect => `${openBody(dialect)}} {}`, 400],
  ['null', () => 'null', 400],
  ['true', () => 'true', 400],
  ['a number', () => '12', 400],
  ['a string', () => '"hello"', 400],
  ['an array', () => '[{}]', 400],
  ['an empty object', () => '{}', 400],
  ['a byte order mark', dialect => `\ufeff${openBody(dialect)}}`, 400],
  ['UTF-16', () => UTF16, 400],
  ['invalid UTF-8', dialect => Buffer.from(`${openBody(dialect)},"a":"\xff"}`, 'latin1'), 400],
  ['a NUL', dialect => `${openBody(dialect)},"a":"\0"}`, 400],
  ['a lone comma', dialect => `${openBody(dialect)},}`, 400],
  ['a comment', dialect => `${openBody(dialect)}/* */}`, 400],
  ['NaN', dialect => `${openBody(dialect)},"temperature":NaN}`, 400],
  ['a key twice', dialect => `${openBody(dialect)},"stream":false,"stream":true}`, 400],
  ['a key twice, once escaped', dialect => `${openBody(dialect)},"a\\u0062":1,"ab":2}`, 400],
  ['arrays a million deep', () => `${'['.repeat(30_000)}`, 400],
  ['objects without end', () => '{"a":'.repeat(10_000), 400],
  ['a field nested too deeply', dialect => `${openBody(dialect)},"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400],
  ['too much', dialect => `${openBody(dialect)},"a":"${'x'.repeat(70_000)}"}`, 413],
]

describe.each(DIALECTS)('$name', dialect => {
  let stage: Stage
  beforeAll(async () => {
    stage = await stageFor(dialect)
  })
  afterAll(async () => {
    expect(stage.upstream.requests).toEqual([])
    await clear(stage)
  })
  const url = (stream = false): string => stage.gateway.url + dialect.path(stream)

  it.each(BODIES)('takes no body of %s', async (_, body, status) => {
    const reply = await post(url(), body(dialect))
    expect(reply.status).toBe(status)
    expect(dialect.messageOf(await reply.json())).not.toBe('')
    expect(reply.headers['x-request-id']).toMatch(/^req_/)
  })

  it.each(COMPRESSED)('takes no compressed body that is %s', async (_, coding, body, status) => {
    const reply = await post(url(), body(), { 'content-encoding': coding })
    expect(reply.status).toBe(status)
    expect(dialect.messageOf(await reply.json())).not.toBe('')
  })

  it('takes no endless body, however it is announced', async () => {
    await using connection = await openRaw(stage.gateway.url)
    connection.send(`POST ${dialect.path(false)} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`)
    for (let sent = 0; sent < 10; sent++) connection.send(`2710\r\n${'x'.repeat(10_000)}\r\n`)
    await connection.closed
    expect(connection.received).toMatch(/^HTTP\/1\.1 413 /)
    expect(connection.received.toLowerCase()).toContain('connection: close')
  })

  it('waits no longer for a body than it may', async () => {
    const bytes = `POST ${dialect.path(false)} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{`
    const answer = await exchangeRaw(stage.gateway.url, bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(dialect.messageOf(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)))).toMatch('did not arrive within')
  })

  it.each([
    ['text', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['another charset', { 'content-type': 'application/json; charset=utf-16' }],
    ['compression that nobody knows', { 'content-encoding': 'lzma' }],
    ['several codings', { 'content-encoding': 'gzip, br' }],
  ])('takes no %s', async (_, headers) => {
    const reply = await post(url(), dialect.request(false), headers)
    expect([reply.status, dialect.messageOf(await reply.json())]).toEqual([415, expect.stringMatching('body')])
  })

  it('takes no model that is not known, however long its name is', async () => {
    for (const name of ['unknown', 'x'.repeat(50_000), '__proto__', 'm ', 'M', '../m', 'm\n', '\u0000', '💥']) {
      const path =
        dialect.name === 'gemini' ? `/v1beta/models/${encodeURIComponent(name)}:generateContent` : dialect.path(false)
      if (path.length > 16_000) continue
      const reply = await post(stage.gateway.url + path, {
        ...dialect.request(false),
        ...(dialect.name === 'gemini' ? {} : { model: name }),
      })
      expect([400, 404]).toContain(reply.status)
      expect(dialect.messageOf(await reply.json()).length).toBeLessThan(300)
    }
  })

  it('payloads for the prototype change nothing', async () => {
    const hostile = '{"isAdmin":true,"toString":1}'
    for (const key of ['__proto__', 'constructor', 'prototype', '__defineGetter__']) {
      const body = `{"${key}":${hostile},"x":{"${key}":${hostile}}}`
      const reply = await post(url(), body)
      expect(reply.status).toBe(400)
      dialect.messageOf(await reply.json())
    }
    expect(({} as { isAdmin?: boolean }).isAdmin).toBe(undefined)
    expect(String({})).toBe('[object Object]')
  })

  it('serves nothing else, and says so in the nearest format', async () => {
    const missing = await post(`${stage.gateway.url}/v1/nothing/of/the/kind`, {})
    expect(missing.status).toBe(404)
    dialect.messageOf(await missing.json())
    const wrong = await get(url())
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'POST'])
    dialect.messageOf(await wrong.json())
    for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', 'OPTIONS']) {
      const sent = httpRequest(url(), { method, agent: false }).end()
      const [reply] = await once(sent, 'response')
      reply.resume()
      expect([method, reply.statusCode]).toEqual([method, 405])
    }
  })

  it('takes no random bytes', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async bytes => {
        const reply = await post(url(), Buffer.from(bytes))
        expect(reply.status).toBe(400)
        dialect.messageOf(await reply.json())
      }),
      { numRuns: 60 },
    )
  })

  it('takes no random JSON for an unknown model', { timeout: 30_000 }, async () => {
    const keys = Object.keys(dialect.request(false))
    const field = fc.tuple(fc.constantFrom(...keys, 'tools', 'temperature', '__proto__'), fc.jsonValue())
    await fc.assert(
      fc.asyncProperty(fc.array(field, { maxLength: 5 }), fc.boolean(), async (fields, keep) => {
        const base: Record<string, unknown> = keep ? { ...dialect.request(false) } : {}
        const body = { ...base, ...Object.fromEntries(fields), ...(dialect === GEMINI ? {} : { model: 'unknown' }) }
        const path = dialect.path(false).replace('models/m:', 'models/unknown:')
        const reply = await post(stage.gateway.url + path, body)
        expect([400, 404]).toContain(reply.status)
        dialect.messageOf(await reply.json())
      }),
      { numRuns: 100 },
    )
  })
})

const WRONG: readonly (readonly [Dialect, field: string, values: readonly unknown[]])[] = [
  [CHAT, 'model', [1, null, {}, [], '', true]],
  [CHAT, 'messages', [null, 'hi', {}, 1, [1], ['hi'], [null], [{}], [{ role: 1 }], [{ role: 'user', content: 1 }]]],
  [CHAT, 'stream', ['true', 1, {}]],
  [CHAT, 'tools', ['x', [1], {}]],
  [ANTHROPIC, 'model', [1, null, {}, [], '', true]],
  [ANTHROPIC, 'max_tokens', ['10', null, -1, 1.5, {}]],
  [
    ANTHROPIC,
    'messages',
    [null, 'hi', {}, 1, [1], [null], [{}], [{ role: 'robot', content: 'a' }], [{ role: 'user', content: 1 }]],
  ],
  [ANTHROPIC, 'stream', ['true', 1]],
  [ANTHROPIC, 'system', [1, {}, [1]]],
  [RESPONSES, 'model', [1, null, {}, [], '', true]],
  [RESPONSES, 'input', [1, {}, true, [1], ['a']]],
  [RESPONSES, 'stream', ['true', 1]],
  [RESPONSES, 'max_output_tokens', ['a', 0, 1.5]],
  [GEMINI, 'contents', ['hi', 1, [1], ['a']]],
  [GEMINI, 'generationConfig', ['a', 1, [[]]]],
]

describe('a field of a wrong type is named', () => {
  it.each(WRONG.map(([dialect, field, values]) => ({ dialect, field, values, name: dialect.name })))(
    '$name: $field',
    async ({ dialect, field, values }) => {
      const stage = await stageFor(dialect)
      for (const value of values) {
        const reply = await post(stage.gateway.url + dialect.path(false), { ...dialect.request(false), [field]: value })
        const message = dialect.messageOf(await reply.json())
        expect([field, value, reply.status]).toEqual([field, value, 400])
        expect(message).toContain(field)
      }
      expect(stage.upstream.requests).toEqual([])
      await clear(stage)
    },
  )
})

describe('the head of a request', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await stageFor(CHAT)
  })
  afterAll(async () => {
    expect(stage.upstream.requests).toEqual([])
    await clear(stage)
  })

  const body = '{"model":"m","messages":[]}'
  const post1 = 'POST /v1/chat/completions HTTP/1.1\r\n'
  const smuggled = `POST /v1/smuggled HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

  /** Each with another request glued on: it must not be served. */
  it.each([
    [
      'both lengths',
      `${post1}host: a\r\ncontent-length: ${body.length}\r\ntransfer-encoding: chunked\r\n\r\n${chunked}`,
    ],
    [
      'both lengths, the other way round',
      `${post1}host: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n${chunked}`,
    ],
    ['two lengths', `${post1}host: a\r\ncontent-length: ${body.length}\r\ncontent-length: 3\r\n\r\n${body}`],
    ['a list of lengths', `${post1}host: a\r\ncontent-length: 3, 27\r\n\r\n${body}`],
    ['a length with a sign', `${post1}host: a\r\ncontent-length: +27\r\n\r\n${body}`],
    ['a hexadecimal length', `${post1}host: a\r\ncontent-length: 0x1b\r\n\r\n${body}`],
    ['a negative length', `${post1}host: a\r\ncontent-length: -1\r\n\r\n${body}`],
    ['a coding before chunked', `${post1}host: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n${chunked}`],
    ['a coding after chunked', `${post1}host: a\r\ntransfer-encoding: chunked, identity\r\n\r\n${chunked}`],
    ['an unknown coding', `${post1}host: a\r\ntransfer-encoding: xchunked\r\n\r\n${chunked}`],
    ['chunked twice', `${post1}host: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n${chunked}`],
    [
      'chunked in HTTP/1.0',
      `POST /v1/chat/completions HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${chunked}`,
    ],
    ['a space before the colon', `${post1}host: a\r\ntransfer-encoding : chunked\r\n\r\n${chunked}`],
    ['a folded header', `${post1}host: a\r\nx: 1\r\n transfer-encoding: chunked\r\n\r\n`],
    ['a bare line feed', `${post1}host: a\nx: 1\r\n\r\n`],
    ['a bare carriage return', `${post1}host: a\r\nx: 1\r2\r\n\r\n`],
    ['a NUL', `${post1}host: a\r\nx: 1\0\r\n\r\n`],
    ['no host', `${post1}content-length: 0\r\n\r\n`],
    ['two hosts', `${post1}host: a\r\nhost: b\r\ncontent-length: 0\r\n\r\n`],
    [
      'two credentials',
      `${post1}host: a\r\nauthorization: Bearer a\r\nauthorization: Bearer b\r\ncontent-length: 0\r\n\r\n`,
    ],
    [
      'two content types',
      `${post1}host: a\r\ncontent-type: text/plain\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n`,
    ],
    ['a chunk size that is none', `${post1}host: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`],
    [
      'a chunk that is longer than it says',
      `${post1}host: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n`,
    ],
    ['a wrong version', 'POST /v1/chat/completions HTTP/3.7\r\nhost: a\r\n\r\n'],
    ['no version', 'POST /v1/chat/completions\r\nhost: a\r\n\r\n'],
    ['an unknown method', 'STEAL / HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).toString('latin1')],
    ['17 KiB of headers', `${post1}host: a\r\nx: ${'a'.repeat(17 * 1024)}\r\n\r\n`],
  ])('with %s is refused, and the connection closed', async (_, bytes) => {
    const answer = await exchangeRaw(stage.gateway.url, Buffer.from(bytes + smuggled, 'latin1'))
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toHaveProperty('error')
    expect(answer.toLowerCase()).toContain('connection: close')
  })

  it.each(
    [
      'http://169.254.169.254/v1/chat/completions',
      'http://[::1/v1/models',
      'http://a:99999999/v1/models',
      '//evil/v1/models',
      '/%00',
      '/%',
      '/..%2f..%2fetc/passwd',
      '/v1/../v1/models',
      '/v1//models',
      '/v1/models/%2e%2e%2fx',
      '/?'.padEnd(8_000, 'x'),
      '*',
    ].map(target => ({ target, name: target.slice(0, 40) })),
  )('with the target $name is refused', async ({ target }) => {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await exchangeRaw(
        stage.gateway.url,
        `${method} ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
      )
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
    }
  })

  it('an upgrade and a tunnel are not offered', async () => {
    const upgrade = `GET /v1/x HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n`
    expect(await exchangeRaw(stage.gateway.url, upgrade)).toMatch(/^HTTP\/1\.1 404 /)
    expect(await exchangeRaw(stage.gateway.url, 'CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n')).not.toMatch(
      /^HTTP\/1\.1 2/,
    )
  })

  it('headers that cannot be passed on make no failure', async () => {
    const headers = { 'x-stainless-a': Buffer.from('é').toString('latin1'), 'openai-beta': 'a\tb' }
    const reply = await post(
      stage.gateway.url + CHAT.path(false),
      { ...CHAT.request(false), model: 'unknown' },
      headers,
    )
    expect(reply.status).toBe(404)
  })
})

/** Names of models as they may stand in a path; none may lead anywhere else (reliability.md, T13). */
const PATH_TRICKS = [
  '..',
  '.',
  '../x',
  '..%2fx',
  '%2e%2e',
  '%2e%2e%2f%2e%2e%2fx',
  '%252e%252e%252fx',
  '..%5cx',
  '..\\x',
  'a/../../b',
  'a/..%2f..%2fb',
  'a/./b',
  'a//b',
  '/a',
  '%2fa',
  'a/',
  'a%2f',
  'a;b',
  'a%3bb',
  'a%23b',
  'a%3fb',
  'a?b',
  'a%00b',
  'a%0ab',
  'a%0d%0ab',
  'a%20b',
  'a%25',
  '%',
  '%zz',
  '%c0%ae%c0%ae%c0%afx',
  '%e0%80%ae',
  '%ef%bc%8e%ef%bc%8e%ef%bc%8fx',
  '%u002e%u002e',
  'm:generateContent/../x',
  'm%3agenerateContent',
  'tunedModels/../m',
  '@evil.example',
  'evil.example%40m',
  'http://evil.example/m',
  'http%3a%2f%2fevil.example%2fm',
]

it('names of models in a path lead nowhere else', async () => {
  await using upstream = await startUpstream()
  upstream.otherwise({ json: GEMINI.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(GEMINI, { provider: `${upstream.url}/base` }))
  for (const trick of PATH_TRICKS) {
    for (const action of [':generateContent', ':countTokens', '']) {
      const method = action === '' ? 'GET' : 'POST'
      const body = action === '' ? '' : JSON.stringify(GEMINI.request(false))
      const head = `${method} /v1beta/models/${trick}${action} HTTP/1.1\r\nhost: a\r\nconnection: close`
      const answer = await exchangeRaw(gateway.url, `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
      expect([trick, action, status < 500 ? 'fine' : status]).toEqual([trick, action, 'fine'])
    }
  }
  for (const { url } of upstream.requests) {
    expect(url).toMatch(/^\/base\/models\/[A-Za-z0-9._@:%/-]+(:[a-zA-Z]+)?$/)
    expect(decodeURIComponent(url)).not.toMatch(/\.\.|\/\/|[\\?#;\s]/)
  }
})

describe('a message of the wrong shape in a body of 20 KB', () => {
  const body = JSON.stringify({
    model: 'm',
    max_tokens: 5,
    messages: [{ role: 'user', content: 'x'.repeat(20_000) }, { content: 'no role' }],
  })

  it('is judged by a provider of the same format, which gets every byte', async () => {
    await using upstream = await startUpstream({ status: 400, json: CHAT.error('no role') })
    await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: `${upstream.url}/base`, steps: '' }))
    const reply = await post(gateway.url + CHAT.path(false), body)
    expect(reply.status).toBe(400)
    expect(upstream.requests[0]?.body.toString()).toBe(body)
  })

  it('is refused before a conversion, with the place', async () => {
    await using upstream = await startUpstream()
    const convert = '[[pipelines.main.processors]]\nuse = "convert"'
    const config = gatewayFor(CHAT, { provider: `${upstream.url}/base`, steps: convert })
    const converting = config.replace('client = "openai-chat"', 'client = "anthropic-messages"')
    await using gateway = await startTestGateway(converting)
    const reply = await post(gateway.url + CHAT.path(false), body)
    expect([reply.status, JSON.parse(await reply.text()).error.param]).toEqual([400, 'messages[1].role'])
    expect(upstream.requests).toEqual([])
  })
})
