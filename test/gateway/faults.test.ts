/** Whatever a provider does, the client gets a proper answer in its own format, and nothing is left behind. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { type Act, closedPort, type Script, startUpstream } from '../support/upstream.ts'
import {
  CHAT,
  DIALECTS,
  type Dialect,
  GEMINI,
  gatewayFor,
  type Setting,
  seriesOf,
  UPSTREAM_KEY,
  wholeStream,
} from './dialects.ts'

interface Fault {
  readonly name: string
  act(dialect: Dialect, stream: boolean): Script | readonly Script[]
  /** Status for the client. */
  readonly status: number
  /** Label of the attempt. */
  readonly result: string
  /** Which requests it applies to; both where absent. */
  readonly only?: 'stream' | 'whole'
  readonly timeouts?: string
}

/** Nothing has been sent to the client: it gets a status and a body. */
const BEFORE_THE_FIRST_BYTE: readonly Fault[] = [
  { name: 'closes instead of answering', act: () => ({ refuse: true }), status: 502, result: 'reset' },
  { name: 'resets instead of answering', act: () => ({ refuse: 'reset' }), status: 502, result: 'reset' },
  { name: 'answers with garbage', act: () => ({ raw: 'this is not HTTP\r\n\r\n' }), status: 502, result: 'protocol' },
  {
    name: 'never answers a request for a stream',
    act: () => ({ hang: true }),
    only: 'stream',
    timeouts: 'first_token = "60ms"',
    status: 504,
    result: 'first_token_timeout',
  },
  {
    name: 'never answers',
    act: () => ({ hang: true }),
    only: 'whole',
    timeouts: 'total = "60ms"',
    status: 504,
    result: 'total_timeout',
  },
  {
    name: 'sends nothing but what comes before the content',
    act: ({ preamble }) => ({ chunks: [preamble, ': waiting\n\n'], ending: 'stall' }),
    only: 'stream',
    timeouts: 'first_token = "60ms"',
    status: 504,
    result: 'first_token_timeout',
  },
  {
    name: 'stops in the middle of a whole answer',
    act: ({ reply }) => ({
      chunks: [JSON.stringify(reply('hello')).slice(0, 20)],
      headers: { 'content-type': 'application/json' },
      ending: 'stall',
    }),
    only: 'whole',
    timeouts: 'idle = "60ms"',
    status: 504,
    result: 'idle_timeout',
  },
  {
    name: 'breaks a whole answer off',
    act: ({ reply }) => ({
      chunks: [JSON.stringify(reply('hello')).slice(0, 20)],
      headers: { 'content-type': 'application/json' },
      ending: 'cut',
    }),
    only: 'whole',
    status: 502,
    result: 'reset',
  },
  {
    name: 'breaks a whole answer off, having said that it would close the connection',
    act: ({ reply }) => ({
      chunks: [JSON.stringify(reply('hello')).slice(0, 20)],
      headers: { 'content-type': 'application/json', connection: 'close' },
      ending: 'cut',
    }),
    only: 'whole',
    status: 502,
    result: 'reset',
  },
  {
    name: 'ends a whole answer in the middle',
    act: ({ reply }) => ({ body: JSON.stringify(reply('hello')).slice(0, 20) }),
    only: 'whole',
    status: 502,
    result: 'parse',
  },
  {
    name: 'ends a stream before its content',
    act: ({ preamble }) => ({ chunks: [`${preamble}: nothing more\n\n`] }),
    only: 'stream',
    status: 502,
    result: 'truncated',
  },
  {
    name: 'ends a stream before anything',
    act: () => ({ chunks: [] }),
    only: 'stream',
    status: 502,
    result: 'reset',
  },
  {
    name: 'sends a first frame without end',
    act: () => ({ chunks: ['data: ', ...Array<string>(150).fill('x'.repeat(64 * 1024))], ending: 'stall' }),
    only: 'stream',
    status: 502,
    result: 'oversize',
  },
  {
    name: 'sends an error as the first frame',
    act: ({ errorFrame }) => ({ chunks: [errorFrame] }),
    only: 'stream',
    status: 0,
    result: 'error_in_200',
  },
  {
    name: 'sends an error with status 200',
    act: ({ error }) => ({ json: error('oh no') }),
    status: 0,
    result: 'error_in_200',
  },
  { name: 'switches protocols', act: () => ({ raw: SWITCHES }), status: 502, result: 'protocol' },
  {
    name: 'continues unasked',
    act: () => ({ raw: `HTTP/1.1 100 Continue\r\n\r\n${OK}` }),
    status: 502,
    result: 'protocol',
  },
  {
    name: 'redirects',
    act: () => ({ status: 302, body: '', headers: { location: 'http://169.254.169.254/' } }),
    status: 502,
    result: 'protocol',
  },
  { name: 'has no content', act: () => ({ raw: 'HTTP/1.1 204 No Content\r\n\r\n' }), status: 502, result: 'parse' },
  { name: 'answers with an empty body', act: () => ({ body: '' }), status: 502, result: 'parse' },
  {
    name: 'answers with a page',
    act: () => ({ body: '<html>Welcome to nginx</html>', headers: { 'content-type': 'text/html' } }),
    status: 502,
    result: 'parse',
  },
  {
    name: 'compresses',
    act: () => ({ body: 'x', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }),
    status: 502,
    result: 'protocol',
  },
  {
    name: 'announces more than it sends',
    act: () => ({ raw: 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{}' }),
    status: 502,
    result: 'reset',
  },
  {
    name: 'rejects the key',
    act: ({ error }) => ({ status: 401, json: error('bad') }),
    status: 502,
    result: 'status_401',
  },
  {
    name: 'forbids the key',
    act: ({ error }) => ({ status: 403, json: error('bad') }),
    status: 502,
    result: 'status_401',
  },
  ...[
    { status: 400, result: 'status_400' },
    { status: 404, result: 'status_400' },
    { status: 422, result: 'status_400' },
    { status: 408, result: 'status_408' },
    { status: 409, result: 'status_408' },
    { status: 429, result: 'status_429' },
    { status: 500, result: 'status_500' },
    { status: 503, result: 'status_529' },
    { status: 529, result: 'status_529' },
  ].flatMap(({ status, result }): Fault[] => [
    { name: `answers ${status}`, act: ({ error }) => ({ status, json: error('their words') }), status, result },
    {
      name: `answers ${status} with a page`,
      act: () => ({ status, body: '<html>oops</html>', headers: { 'content-type': 'text/html' } }),
      status: -status,
      result,
    },
  ]),
]

const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'
const SWITCHES = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'

/** The stream has begun: what follows can only be told in it. */
const AFTER_THE_FIRST_BYTE: readonly Omit<Fault, 'status' | 'only'>[] = [
  { name: 'resets the connection', act: dialect => ({ chunks: begun(dialect), ending: 'cut' }), result: 'ok' },
  {
    name: 'closes in the middle of a chunk',
    act: dialect => ({ chunks: begun(dialect), ending: 'close' }),
    result: 'ok',
  },
  { name: 'ends without the terminal event', act: dialect => ({ chunks: begun(dialect) }), result: 'ok' },
  {
    name: 'ends in the middle of a frame',
    act: dialect => ({ chunks: [...begun(dialect), dialect.piece('more').slice(0, -9)] }),
    result: 'ok',
  },
  {
    name: 'ends a stream that lasts until the connection closes',
    act: dialect => ({ raw: `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${begun(dialect).join('')}` }),
    result: 'ok',
  },
  {
    name: 'falls silent',
    act: dialect => ({ chunks: begun(dialect), ending: 'stall' }),
    timeouts: 'idle = "60ms"',
    result: 'ok',
  },
  {
    name: 'goes on for ever',
    act: dialect => ({ chunks: begun(dialect), ending: 'stall' }),
    timeouts: 'total = "150ms"',
    result: 'ok',
  },
  {
    name: 'sends a frame without end',
    act: dialect => ({
      chunks: [...begun(dialect), 'data: ', ...Array<string>(300).fill('x'.repeat(64 * 1024))],
      ending: 'stall',
    }),
    result: 'ok',
  },
  {
    name: 'tells of an error',
    act: dialect => ({ chunks: [...begun(dialect), dialect.errorFrame] }),
    result: 'ok',
  },
]

function begun({ preamble, piece }: Dialect): readonly string[] {
  return [preamble, piece('hello')].filter(chunk => chunk !== '')
}

async function withGateway(
  dialect: Dialect,
  setting: Setting,
  use: (url: string, metrics: () => Promise<string>) => Promise<void>,
) {
  const gateway = await startTestGateway(gatewayFor(dialect, setting))
  try {
    await use(gateway.url, gateway.metrics)
  } finally {
    // Nothing under way may hold up the end.
    expect(await gateway.stop()).toBe(0)
  }
}

describe.each(DIALECTS)('$name', dialect => {
  const rows = BEFORE_THE_FIRST_BYTE.flatMap(fault =>
    [false, true]
      .filter(stream => fault.only === undefined || (fault.only === 'stream') === stream)
      .map(stream => ({ ...fault, stream, how: stream ? 'stream' : 'whole' })),
  )

  it.each(rows)('a provider that $name ($how)', async ({ act, stream, status, result, timeouts = '' }) => {
    const acts = [act(dialect, stream)].flat() as readonly Script[]
    await using upstream = await startUpstream(...acts)
    await withGateway(dialect, { provider: upstream.url, timeouts }, async (url, metrics) => {
      const reply = await post(url + dialect.path(stream), dialect.request(stream))
      const body = await reply.text()
      expect(reply.headers['content-type']).toMatch(/^application\/json/)
      const message = dialect.messageOf(JSON.parse(body))
      expect(message).not.toBe('')
      if (status > 0) expect(reply.status).toBe(status)
      // A format may have its own number for the same thing.
      else if (status < 0)
        expect([-status, -status === 529 ? 503 : -status, -status === 503 ? 529 : -status]).toContain(reply.status)
      else expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.headers['x-request-id']).toMatch(/^req_/)
      expect(body).not.toMatch(/<html|ECONN|127\.0\.0\.1|169\.254|HPE_|UND_ERR|node_modules/)
      expect(body + JSON.stringify(reply.headers)).not.toContain(UPSTREAM_KEY)
      const text = await metrics()
      expect(seriesOf(text, 'sluice_upstream_attempts_total', { provider: 'up', result })).toBe(1)
      expect(upstream.requests).toHaveLength(acts.length)
    })
    await upstream.idle()
  })

  it.each(AFTER_THE_FIRST_BYTE)(
    'a provider that $name once its stream has begun',
    async ({ act, result, timeouts = '' }) => {
      await using upstream = await startUpstream(act(dialect, true) as Act)
      await withGateway(dialect, { provider: upstream.url, timeouts }, async (url, metrics) => {
        const reply = await post(url + dialect.path(true), dialect.request(true))
        expect(reply.status).toBe(200)
        const stream = await reply.text()
        expect(dialect.errorIn(stream)).toBeTruthy()
        expect(dialect.isFinished(stream)).toBe(false)
        expect(dialect.textOf(stream)).toBe('hello')
        const text = await metrics()
        expect(seriesOf(text, 'sluice_upstream_attempts_total', { provider: 'up', result })).toBe(1)
        expect(text).toMatch(/sluice_requests_total\{[^}]*error="\w+"[^}]*\} 1/)
      })
      await upstream.idle()
    },
  )

  it('a port where nobody listens', async () => {
    await withGateway(dialect, { provider: `http://127.0.0.1:${await closedPort()}` }, async (url, metrics) => {
      for (const stream of [false, true]) {
        const reply = await post(url + dialect.path(stream), dialect.request(stream))
        expect([reply.status, dialect.messageOf(await reply.json())]).toEqual([
          502,
          'The provider "up" could not be reached.',
        ])
      }
      expect(seriesOf(await metrics(), 'sluice_upstream_attempts_total', { result: 'connect' })).toBe(2)
    })
  })

  it('a name that does not exist', async () => {
    await withGateway(dialect, { provider: 'http://no-such-host.invalid' }, async (url, metrics) => {
      const reply = await post(url + dialect.path(false), dialect.request(false))
      expect([reply.status, dialect.messageOf(await reply.json())]).toEqual([
        502,
        'The provider "up" could not be found.',
      ])
      expect(seriesOf(await metrics(), 'sluice_upstream_attempts_total', { result: 'dns' })).toBe(1)
    })
  })

  it('whatever slices a whole stream comes in, the client gets all of it', async () => {
    const sliced = wholeStream(dialect, 'grüße ', '✓ ', '👩‍💻')
    await using upstream = await startUpstream({
      sliced,
      at: 'every-byte',
      headers: { 'content-type': 'text/event-stream' },
    })
    await withGateway(dialect, { provider: upstream.url }, async url => {
      const reply = await post(url + dialect.path(true), dialect.request(true))
      expect(await reply.text()).toBe(sliced)
    })
  })

  it('what comes after the terminal event does not make a whole answer a failure', async () => {
    const whole = wholeStream(dialect, 'hello')
    await using upstream = await startUpstream(
      { chunks: [whole], ending: 'cut' },
      { chunks: [whole], ending: 'stall' },
      { chunks: [whole, ': more\n\n'], ending: 'close' },
    )
    await withGateway(dialect, { provider: upstream.url, timeouts: 'idle = "60ms"' }, async (url, metrics) => {
      for (let index = 0; index < 3; index++) {
        const reply = await post(url + dialect.path(true), dialect.request(true))
        const stream = await reply.text()
        expect([dialect.isFinished(stream), dialect.errorIn(stream)]).toEqual([true, undefined])
      }
      expect(seriesOf(await metrics(), 'sluice_requests_total', { error: '' })).toBe(3)
    })
    await upstream.idle()
  })

  it('early hints are not an answer', async () => {
    const body = JSON.stringify(dialect.reply('hello'))
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
    await using upstream = await startUpstream({ raw: `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${head}${body}` })
    await withGateway(dialect, { provider: upstream.url }, async url => {
      const reply = await post(url + dialect.path(false), dialect.request(false))
      expect([reply.status, await reply.text()]).toEqual([200, body])
    })
  })

  it('a whole answer where a stream was asked for becomes a stream', async () => {
    await using upstream = await startUpstream({ json: dialect.reply('hello') })
    await withGateway(dialect, { provider: upstream.url }, async url => {
      const reply = await post(url + dialect.path(true), dialect.request(true))
      expect(reply.headers['content-type']).toMatch('text/event-stream')
      const stream = await reply.text()
      expect([dialect.textOf(stream), dialect.isFinished(stream)]).toEqual(['hello', true])
    })
  })

  it('a stream where a whole answer was asked for becomes a whole answer', async () => {
    await using upstream = await startUpstream({ chunks: [wholeStream(dialect, 'hello')] })
    await withGateway(dialect, { provider: upstream.url }, async url => {
      const reply = await post(url + dialect.path(false), dialect.request(false))
      expect(reply.status).toBe(200)
      expect(await reply.text()).toContain('hello')
    })
  })

  it('a stream that is not announced as one is one nevertheless', async () => {
    const headers = { 'content-type': 'text/plain' }
    await using upstream = await startUpstream(
      { body: wholeStream(dialect, 'hello'), headers },
      { body: dialect.errorFrame, headers },
    )
    await withGateway(dialect, { provider: upstream.url }, async url => {
      const reply = await post(url + dialect.path(true), dialect.request(true))
      expect(dialect.textOf(await reply.text())).toBe('hello')
      const failed = await post(url + dialect.path(true), dialect.request(true))
      expect(failed.status).toBeGreaterThanOrEqual(400)
      expect(dialect.messageOf(await failed.json())).toBe('in the stream')
    })
  })

  it('a kept-alive connection that turns out to be closed costs nothing', async () => {
    await using upstream = await startUpstream(
      { json: dialect.reply('one') },
      { refuse: 'reset' },
      { json: dialect.reply('two') },
    )
    await withGateway(dialect, { provider: upstream.url }, async (url, metrics) => {
      for (const text of ['one', 'two']) {
        const reply = await post(url + dialect.path(false), dialect.request(false))
        expect([reply.status, (await reply.text()).includes(text)]).toEqual([200, true])
      }
      expect(upstream.requests).toHaveLength(3)
      expect(seriesOf(await metrics(), 'sluice_upstream_attempts_total', { result: 'ok' })).toBe(2)
    })
  })
})

describe('retry-after', () => {
  const theirs = new Date(Date.UTC(2001, 1, 3, 4, 5, 6))
  const inTwoMinutes = new Date(theirs.getTime() + 120_000).toUTCString()

  it.each([
    ['seconds', { 'retry-after': '7' }, '7', '7000'],
    ['a fraction of a second', { 'retry-after': '0.25' }, '1', '250'],
    [
      "a date of the provider's own clock",
      { 'retry-after': inTwoMinutes, date: theirs.toUTCString() },
      '120',
      '120000',
    ],
    ['milliseconds, which win', { 'retry-after-ms': '1500', 'retry-after': '9' }, '2', '1500'],
    ['longer than an hour', { 'retry-after': '1e3' }, undefined, undefined],
    ['a year', { 'retry-after': '31536000' }, '3600', '3600000'],
    ['none', {}, undefined, undefined],
    ['nonsense', { 'retry-after': 'soon' }, undefined, undefined],
    ['a negative number', { 'retry-after': '-5' }, undefined, undefined],
  ])('in %s', async (_, headers, seconds, ms) => {
    for (const dialect of DIALECTS) {
      await using upstream = await startUpstream({ status: 429, headers, json: dialect.error('slow down') })
      await withGateway(dialect, { provider: upstream.url }, async url => {
        const reply = await post(url + dialect.path(false), dialect.request(false))
        expect(reply.status).toBe(429)
        expect([reply.headers['retry-after'], reply.headers['retry-after-ms']]).toEqual([seconds, ms])
        expect(await reply.json()).toEqual(dialect.error('slow down'))
      })
    }
  })

  it('and x-should-retry survive for a client of another format', async () => {
    await using upstream = await startUpstream({
      status: 429,
      headers: { 'x-should-retry': 'false', 'retry-after': '3' },
      json: CHAT.error('slow down'),
    })
    const toml = gatewayFor(CHAT, {
      provider: upstream.url,
      steps: '[[pipelines.main.processors]]\nuse = "convert"',
    }).replace('parsers = ["openai-chat"]', 'parsers = ["anthropic-messages"]')
    await using gateway = await startTestGateway(toml)
    const reply = await post(`${gateway.url}/v1/messages`, {
      model: 'm',
      max_tokens: 1,
      messages: [{ role: 'user', content: 'a' }],
    })
    expect([reply.status, reply.headers['retry-after'], reply.headers['x-should-retry']]).toEqual([429, '3', 'false'])
    expect(await reply.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
  })
})

it('a stream that comes as a JSON array stays one when its provider fails', async () => {
  const array = GEMINI.path(true).replace('?alt=sse', '')
  await using upstream = await startUpstream(
    { chunks: begun(GEMINI), ending: 'cut' },
    { chunks: [...begun(GEMINI), GEMINI.errorFrame] },
    { chunks: begun(GEMINI) },
  )
  await withGateway(GEMINI, { provider: upstream.url }, async url => {
    for (let index = 0; index < 3; index++) {
      const reply = await post(url + array, GEMINI.request(true))
      const chunks = (await reply.json()) as readonly unknown[]
      expect(JSON.stringify(chunks[0])).toContain('hello')
      expect(GEMINI.messageOf(chunks.at(-1))).not.toBe('')
    }
  })
})

it('nothing is left behind: no socket, no timer', async () => {
  const held = (): Readonly<Record<string, number>> => {
    const found: Record<string, number> = { Timeout: 0, TCPSocketWrap: 0, TCPServerWrap: 0 }
    for (const kind of process.getActiveResourcesInfo()) if (kind in found) found[kind] = (found[kind] ?? 0) + 1
    return found
  }
  const before = held()
  for (const act of [
    { hang: true },
    { refuse: 'reset' },
    { chunks: begun(CHAT), ending: 'stall' },
    { json: CHAT.reply('a') },
  ] as const) {
    await using upstream = await startUpstream(act)
    await withGateway(CHAT, { provider: upstream.url, timeouts: 'first_token = "30ms", idle = "30ms"' }, async url => {
      await (await post(url + CHAT.path(true), CHAT.request(true))).text()
    })
  }
  const left = (): readonly string[] => Object.keys(before).filter(kind => (held()[kind] ?? 0) > (before[kind] ?? 0))
  // What was closed is gone within a few turns of the event loop.
  for (let turn = 0; turn < 10 && left().length > 0; turn++) await new Promise(resolve => setImmediate(resolve))
  expect(left()).toEqual([])
})

/** A port whose queue is full and of which nobody takes a connection: the system answers no further ones. */
const BLACK_HOLE = `
  const { createServer } = require('node:net')
  const { parentPort } = require('node:worker_threads')
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })`

it('a connection that nobody accepts is given up in time', async () => {
  const worker = new Worker(BLACK_HOLE, { eval: true })
  const [port] = (await once(worker, 'message')) as [number]
  const fillers = Array.from({ length: 2 }, () => connect(port, '127.0.0.1'))
  await Promise.all(fillers.map(filler => once(filler, 'connect')))
  const setting = { provider: `http://127.0.0.1:${port}`, timeouts: 'connect = "80ms"' }
  await withGateway(CHAT, setting, async (url, metrics) => {
    const reply = await post(url + CHAT.path(false), CHAT.request(false))
    expect(CHAT.messageOf(await reply.json())).toBe('The provider "up" could not be reached.')
    expect(seriesOf(await metrics(), 'sluice_upstream_attempts_total', { result: 'connect' })).toBe(1)
  })
  for (const filler of fillers) filler.destroy()
  await worker.terminate()
})
