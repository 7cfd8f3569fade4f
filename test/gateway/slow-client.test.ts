/** A client that does not read: it holds up its own provider and nobody else, and not for ever. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { openRaw, post, type RawConnection } from '../support/sse-client.ts'
import { startUpstream, type UpstreamRequest } from '../support/upstream.ts'
import { CHAT, DIALECTS, type Dialect, gatewayFor, seriesOf, wholeStream } from './dialects.ts'

const connections: RawConnection[] = []
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection[Symbol.asyncDispose]()
})

/** A client that has asked and reads nothing of the answer. */
async function deafClient(url: string, dialect: Dialect, stream: boolean): Promise<RawConnection> {
  const connection = await openRaw(url)
  connections.push(connection)
  connection.socket.pause()
  const body = JSON.stringify(dialect.request(stream))
  const head = `POST ${dialect.path(stream)} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json`
  connection.send(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  return connection
}

/** Resolves when the provider has not got rid of a byte for many turns of the loop. @returns the bytes it sent */
async function stuck(request: UpstreamRequest): Promise<number> {
  let sent = -1
  for (let quiet = 0; quiet < 2_000; quiet++) {
    await turn()
    if (request.sent === sent) continue
    sent = request.sent
    quiet = 0
  }
  return sent
}

const FLOOD_BYTES = 64 * 1024

it.each(DIALECTS)(
  '$name: the provider is paused, others go on, and the client is cut off in the end',
  async dialect => {
    const piece = dialect.piece('x'.repeat(FLOOD_BYTES))
    await using upstream = await startUpstream(
      { flood: { chunk: dialect.preamble === '' ? piece : dialect.preamble + piece } },
      { chunks: [wholeStream(dialect, 'hello')] },
    )
    const setting = { provider: upstream.url, ofPipeline: 'stream = { stall_timeout = "700ms" }' }
    await using gateway = await startTestGateway(gatewayFor(dialect, setting))
    const client = await deafClient(gateway.url, dialect, true)
    const flood = await upstream.request(0)
    const sent = await stuck(flood)
    // What the system's socket buffers hold on both sides, and what the channel may hold; far from what was on offer.
    expect(sent).toBeLessThan(32 * 1024 * 1024)
    const waiting = Number(/^sluice_stream_buffer_bytes (\d+)/m.exec(await gateway.metrics())?.[1])
    expect(waiting).toBeGreaterThan(0)
    expect(waiting).toBeLessThan(256 * 1024 + 2 * piece.length)

    const other = await post(gateway.url + dialect.path(true), dialect.request(true))
    expect(dialect.textOf(await other.text())).toBe('hello')

    await flood.aborted
    client.socket.resume()
    await client.closed
    expect(client.received).not.toContain('\r\n0\r\n\r\n')
    expect(await gateway.stop()).toBe(0)
    const metrics = await gateway.services.metrics.render()
    expect(metrics).toMatch(/sluice_stream_stalls_total\{pipeline="main"\} 1/)
    expect(metrics).toMatch(/sluice_stream_buffer_bytes 0/)
    expect(seriesOf(metrics, 'sluice_requests_total', { error: 'client_gone' })).toBe(1)
  },
)

it('a client that reads again gets everything that waited', async () => {
  const count = 300
  const texts = Array.from({ length: count }, (_, index) => `${index};`.padEnd(30_000, 'x'))
  await using upstream = await startUpstream({ chunks: [CHAT.preamble, ...texts.map(CHAT.piece), CHAT.terminal] })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  reply.pause()
  await stuck(await upstream.request(0))
  reply.resume()
  const stream = await reply.text()
  expect(CHAT.textOf(stream)).toBe(texts.join(''))
  expect(CHAT.isFinished(stream)).toBe(true)
})

it('a client that does not read a whole answer is cut off too', async () => {
  await using upstream = await startUpstream({ json: CHAT.reply('x'.repeat(30 * 1024 * 1024)) })
  const setting = { provider: upstream.url, ofPipeline: 'stream = { stall_timeout = "300ms" }' }
  await using gateway = await startTestGateway(gatewayFor(CHAT, setting))
  const client = await deafClient(gateway.url, CHAT, false)
  await (await upstream.request(0)).closed
  // Drains only when the client was cut off: nothing else ends this call.
  expect(await gateway.stop()).toBe(0)
  client.socket.resume()
  await client.closed
  expect(client.received.length).toBeLessThan(30 * 1024 * 1024)
})
