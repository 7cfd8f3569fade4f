/** Stopping: what runs may finish, nothing new begins, and it ends in time whatever clients do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { get, openRaw, post, type RawConnection } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, type Dialect, gatewayFor } from './dialects.ts'

/** An upstream whose stream waits for `go` before its end. */
async function waitingUpstream(dialect: Dialect, ending: 'complete' | 'stall' = 'complete') {
  const gate = Promise.withResolvers<void>()
  const upstream = await startUpstream({
    chunks: [dialect.preamble + dialect.piece('hello'), dialect.terminal],
    pace: index => (index === 1 ? gate.promise : undefined),
    ending,
  })
  return { upstream, go: () => gate.resolve() }
}

function rawRequest(dialect: Dialect, stream: boolean): string {
  const body = JSON.stringify(dialect.request(stream))
  const head = `POST ${dialect.path(stream)} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json`
  return `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

it.each(DIALECTS)('$name: a running stream finishes; what comes after it is refused', async dialect => {
  const { upstream, go } = await waitingUpstream(dialect)
  await using _ = upstream
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url }))
  await using connection = await openRaw(gateway.url)
  connection.send(rawRequest(dialect, true))
  await connection.until('hello')
  const stopped = gateway.stop()
  connection.send(rawRequest(dialect, false))
  go()
  await connection.closed
  expect(await stopped).toBe(0)
  const [finished = '', refused = ''] = connection.received.split(/(?=HTTP\/1\.1 )/)
  expect(dialect.isFinished(finished)).toBe(true)
  const [head = '', body = ''] = refused.split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 (503|529) /)
  expect(head.toLowerCase()).toContain('connection: close')
  expect(head.toLowerCase()).toContain('retry-after: 1')
  expect(dialect.messageOf(JSON.parse(body))).toBe('The gateway is shutting down.')
  expect(upstream.requests).toHaveLength(1)
})

it.each(DIALECTS)('$name: a stream that lasts longer than it may is told so and cut', async dialect => {
  const { upstream } = await waitingUpstream(dialect, 'stall')
  await using _ = upstream
  const setting = { provider: upstream.url, ofServer: 'drain_timeout = "50ms"' }
  await using gateway = await startTestGateway(gatewayFor(dialect, setting))
  const reply = await post(gateway.url + dialect.path(true), dialect.request(true))
  await reply.until('hello')
  expect(await gateway.stop()).toBe(1)
  const stream = await reply.text()
  expect(dialect.errorIn(stream)).toBe('The gateway is shutting down.')
  expect(dialect.isFinished(stream)).toBe(false)
  await upstream.requests[0]?.aborted
})

it('a whole answer that takes too long is refused in the end', async () => {
  await using upstream = await startUpstream({ hang: true })
  const setting = { provider: upstream.url, ofServer: 'drain_timeout = "50ms"' }
  await using gateway = await startTestGateway(gatewayFor(CHAT, setting))
  const reply = post(gateway.url + CHAT.path(false), CHAT.request(false))
  await upstream.request(0)
  expect(await gateway.stop()).toBe(1)
  expect((await reply).status).toBe(503)
  expect((await reply).headers.connection).toBe('close')
})

it('a client that reads nothing cannot hold up the end', async () => {
  await using upstream = await startUpstream(
    { flood: { chunk: CHAT.piece('x'.repeat(64 * 1024)) } },
    { json: CHAT.reply('x'.repeat(30 * 1024 * 1024)) },
  )
  const setting = { provider: upstream.url, ofServer: 'drain_timeout = "50ms"' }
  await using gateway = await startTestGateway(gatewayFor(CHAT, setting))
  const clients: RawConnection[] = []
  for (const stream of [true, false]) {
    const client = await openRaw(gateway.url)
    client.socket.pause()
    client.send(rawRequest(CHAT, stream))
    clients.push(client)
  }
  await upstream.request(0)
  await (await upstream.request(1)).closed
  expect(await gateway.stop()).toBe(2)
  for (const client of clients) {
    client.socket.resume()
    await client.closed
  }
})

it('a processor that answers for ever cannot either', async () => {
  await using upstream = await startUpstream()
  const steps = '[[pipelines.main.processors]]\nuse = "endless"'
  const setting = { provider: upstream.url, steps, ofServer: 'drain_timeout = "50ms"' }
  await using gateway = await startTestGateway(gatewayFor(CHAT, setting), {
    files: {
      'processors/endless.js': `
        async function* events(call) {
          yield { type: 'start', id: 'a', model: call.model }
          yield { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: 'hello' } }
          await new Promise(() => {})
        }
        export default {
          summary: 'Never ends.', examples: [], options: { type: 'object', properties: {}, additionalProperties: false },
          setup: () => ({ handle: async call => call.answer({ events: events(call) }) }),
        }`,
    },
  })
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  await reply.until('hello')
  expect(await gateway.stop()).toBe(1)
  expect(CHAT.errorIn(await reply.text())).toBe('The gateway is shutting down.')
})

it('idle connections are closed at once, and nobody is let in any more', async () => {
  await using upstream = await startUpstream({ json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  await using idle = await openRaw(gateway.url)
  idle.send(rawRequest(CHAT, false))
  await idle.until('hello')
  expect(idle.received.toLowerCase()).toContain('connection: keep-alive')
  const stopped = gateway.stop()
  await idle.closed
  expect(await stopped).toBe(0)
  await expect(get(`${gateway.url}/readyz`)).rejects.toThrow('ECONNREFUSED')
  await upstream.idle()
})

it('while it drains it is alive, but not ready', async () => {
  const { upstream, go } = await waitingUpstream(CHAT)
  await using _ = upstream
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  for (const path of ['/healthz', '/readyz']) expect((await get(gateway.url + path)).status).toBe(200)
  await using connection = await openRaw(gateway.url)
  connection.send(rawRequest(CHAT, true))
  await connection.until('hello')
  connection.send(
    'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
  )
  const stopped = gateway.stop()
  go()
  await connection.closed
  expect(connection.received).toMatch(/\{"status":"ok"\}[\s\S]*HTTP\/1\.1 503 [\s\S]*\{"status":"stopping"\}/)
  expect(await stopped).toBe(0)
})

it('stopping twice is stopping once', async () => {
  await using upstream = await startUpstream()
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  expect(await Promise.all([gateway.stop(), gateway.stop()])).toEqual([0, 0])
})

const MAIN = fileURLToPath(new URL('../../src/sluice.js', import.meta.url))

/** The command itself, with a configuration of its own. */
async function runCommand(toml: string): Promise<{ child: ChildProcess; url: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
  writeFileSync(join(folder, 'config.toml'), toml)
  const args = [MAIN, 'run', '--config', join(folder, 'config.toml'), '--port', '0']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (http:\/\/[\d.:]+)/.exec(line)?.[1]
    if (url !== undefined) return { child, url, folder }
  }
  throw new Error('the command ended without listening')
}

it.each(['SIGTERM', 'SIGINT'] as const)('the process lets a stream finish on %s and exits with 0', async signal => {
  const { upstream, go } = await waitingUpstream(CHAT)
  await using _ = upstream
  const { child, url, folder } = await runCommand(gatewayFor(CHAT, { provider: upstream.url }))
  try {
    const reply = await post(url + CHAT.path(true), CHAT.request(true))
    await reply.until('hello')
    const exited = once(child, 'exit')
    child.kill(signal)
    go()
    expect(CHAT.isFinished(await reply.text())).toBe(true)
    expect(await exited).toEqual([0, null])
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
})
