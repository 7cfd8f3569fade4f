/** A client that leaves takes everything with it: the provider's connection, further attempts, the call itself. */
import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { openRaw, post, startPost } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, gatewayFor, seriesOf } from './dialects.ts'

const GONE = { error: 'client_gone' }

/** Stops the gateway, which waits for its calls to be over, and says how many of them ended because the client left. */
async function goneCalls(gateway: TestGateway): Promise<number> {
  expect(await gateway.stop()).toBe(0)
  return seriesOf(await gateway.services.metrics.render(), 'sluice_requests_total', GONE)
}

describe.each(DIALECTS)('$name', dialect => {
  it.each([
    ['whole', false],
    ['stream', true],
  ])('before the provider has answered (%s)', async (_, stream) => {
    await using upstream = await startUpstream({ hang: true })
    await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url }))
    const leaving = new AbortController()
    const reply = startPost(gateway.url + dialect.path(stream), dialect.request(stream), leaving.signal)
    const received = await upstream.request(0)
    leaving.abort()
    await expect(reply).rejects.toThrow('abort')
    await received.aborted
    await upstream.idle()
    expect(await goneCalls(gateway)).toBe(1)
    expect(await gateway.services.metrics.render()).toMatch(/attempts_total\{provider="up",result="canceled"\} 1/)
  })

  it('in the middle of a whole answer', async () => {
    await using upstream = await startUpstream({
      chunks: ['{"a":'],
      headers: { 'content-type': 'application/json' },
      ending: 'stall',
    })
    await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url }))
    const leaving = new AbortController()
    const reply = startPost(gateway.url + dialect.path(false), dialect.request(false), leaving.signal)
    const received = await upstream.request(0)
    leaving.abort()
    await expect(reply).rejects.toThrow('abort')
    await received.aborted
    expect(await goneCalls(gateway)).toBe(1)
  })

  it('in the middle of a stream', async () => {
    await using upstream = await startUpstream({
      chunks: [dialect.preamble + dialect.piece('hello')],
      ending: 'stall',
    })
    await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url }))
    const reply = await post(gateway.url + dialect.path(true), dialect.request(true))
    await reply.until('hello')
    reply.abort()
    await upstream.requests[0]?.aborted
    await upstream.idle()
    expect(await goneCalls(gateway)).toBe(1)
  })

  it('while a further attempt is waited for', async () => {
    await using upstream = await startUpstream({
      status: 429,
      headers: { 'retry-after': '10' },
      json: dialect.error('x'),
    })
    const steps = '[[pipelines.main.processors]]\nuse = "retry"'
    const waiting = Promise.withResolvers<void>()
    await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps }), {
      log: line => {
        if (line.includes('trying again')) waiting.resolve()
      },
    })
    const leaving = new AbortController()
    const reply = startPost(gateway.url + dialect.path(true), dialect.request(true), leaving.signal)
    await waiting.promise
    leaving.abort()
    await expect(reply).rejects.toThrow('abort')
    expect(await goneCalls(gateway)).toBe(1)
    expect(upstream.requests).toHaveLength(1)
  })
})

it('before its request is complete', async () => {
  await using upstream = await startUpstream()
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  await using connection = await openRaw(gateway.url)
  connection.send('POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"mod')
  // A second connection is served while the first one waits: its bytes have arrived by then.
  expect((await post(`${gateway.url}/v1/nothing`, {})).status).toBe(404)
  connection.socket.destroy()
  await connection.closed
  expect(await gateway.stop()).toBe(0)
})

it('a client that has sent its request and says that it will send no more has left', async () => {
  await using upstream = await startUpstream({ hang: true })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  const sent = request(gateway.url + CHAT.path(false), { method: 'POST', agent: false })
  sent.on('error', () => {})
  sent.end(JSON.stringify(CHAT.request(false)))
  const received = await upstream.request(0)
  sent.socket?.end()
  await received.aborted
  await once(sent, 'close')
  expect(await goneCalls(gateway)).toBe(1)
})

it.each([
  ['answers nobody', 'handle: () => new Promise(() => {})'],
  [
    'waits before it goes on',
    'handle: (call, next) => new Promise(go => setTimeout(go, 3_600_000).unref()).then(() => next(call))',
  ],
])('a processor that %s does not hold up the end of a call', async (_, handle) => {
  const arrived = Promise.withResolvers<void>()
  await using upstream = await startUpstream()
  const steps = '[[pipelines.main.processors]]\nuse = "stubborn"'
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps, ofPipeline: '' }), {
    files: {
      'processors/stubborn.js': `export default {
        summary: 'Heeds no signal.', examples: [], options: { type: 'object', properties: {}, additionalProperties: false },
        setup: ({ log }) => {
          const processor = { ${handle} }
          return { handle(call, next) { log.info('arrived'); return processor.handle(call, next) } }
        },
      }`,
    },
    log: line => {
      if (line.includes('arrived')) arrived.resolve()
    },
  })
  const leaving = new AbortController()
  const reply = startPost(gateway.url + CHAT.path(false), CHAT.request(false), leaving.signal)
  await arrived.promise
  leaving.abort()
  await expect(reply).rejects.toThrow('abort')
  expect(await goneCalls(gateway)).toBe(1)
  expect(upstream.requests).toHaveLength(0)
})
