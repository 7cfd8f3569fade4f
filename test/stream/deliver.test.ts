import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Channel } from '../../src/stream/channel.ts'
import { type DeliverOptions, type DeliveryStats, deliver } from '../../src/stream/deliver.ts'
import { flowFromAsync, flowOf } from '../../src/stream/flow.ts'
import { Roster } from '../../src/stream/roster.ts'
import { ManualFlow } from '../support/manual-flow.ts'
import { type ResponseServer, readChunked, startResponseServer } from '../support/response-server.ts'

const OPTIONS: DeliverOptions = { bufferEvents: 64, bufferBytes: 256 * 1024, stallTimeoutMs: 60_000 }
const failure = new Error('upstream broke')

describe('deliver', () => {
  let server: ResponseServer
  beforeAll(async () => {
    server = await startResponseServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('delivers a flow whole, in order, and says so', async () => {
    const { client, response } = await server.exchange()
    const items = Array.from({ length: 500 }, (_, index) =>
      index % 2 ? `data: ${index}\n\n` : Buffer.from(`${index};`),
    )
    const received = readChunked(client)
    expect(await deliver(flowFromAsync(items), response, OPTIONS)).toBe('completed')
    expect(await received).toMatchObject({ body: items.join(''), whole: true })
  })

  it('puts everything that arrives in one tick into one write', async () => {
    const { client, response } = await server.exchange()
    const { options, stats } = withStats()
    const received = readChunked(client)
    await deliver(flowOf(['a', 'b', Buffer.from('c')]), response, options)
    expect(await received).toEqual({ body: 'abc', whole: true, chunks: 1 })
    expect(await stats).toMatchObject({ bytes: 3, writes: 1, heartbeats: 0, stalled: false })
  })

  it('does not hold an item back longer than its tick', async () => {
    const { client, response } = await server.exchange()
    const flow = new ManualFlow<string>()
    const delivered = deliver(flow, response, OPTIONS)
    for (const item of ['first', 'second']) {
      flow.push(item)
      const [bytes] = (await once(client, 'data')) as [Buffer]
      expect(bytes.toString()).toContain(item)
    }
    flow.end()
    client.resume()
    expect(await delivered).toBe('completed')
  })

  it('delivers a megabyte that comes as one item, and an empty flow', async () => {
    for (const body of ['x'.repeat(1024 * 1024), '']) {
      const { client, response } = await server.exchange()
      const received = readChunked(client)
      expect(await deliver(flowOf([body]), response, OPTIONS)).toBe('completed')
      expect((await received).body).toBe(body)
    }
  })

  it('pauses the flow when the client does not read, holds a bounded amount, and loses nothing', async () => {
    const { client, response } = await server.exchange()
    client.pause()
    const { options, stats } = withStats()
    const channels = new Roster<Channel>()
    const flow = new ManualFlow<Buffer>()
    const delivered = deliver(flow, response, { ...options, channels })
    const chunk = Buffer.alloc(32 * 1024, 'x')
    let pushed = 0
    while (!flow.paused) {
      flow.push(chunk)
      pushed++
      await turn()
    }
    const [channel] = channels.all()
    expect(channel?.bytes).toBeLessThanOrEqual(OPTIONS.bufferBytes + chunk.length)
    expect(response.writableLength).toBeLessThan(128 * 1024)
    flow.onResume = () => flow.end()
    const received = readChunked(client)
    client.resume()
    expect(await delivered).toBe('completed')
    expect((await received).body.length).toBe(pushed * chunk.length)
    expect(channels.isEmpty).toBe(true)
    expect((await stats).waits).toBe(1)
    expect((await stats).pausedMs).toBeGreaterThan(0)
  })

  it('cancels the flow as soon as the client leaves', async () => {
    const { client, response } = await server.exchange()
    const flow = new ManualFlow<string>()
    const delivered = deliver(flow, response, OPTIONS)
    flow.push('data: 1\n\n')
    await once(client, 'data')
    client.destroy()
    await flow.cancellation
    expect(await delivered).toBe('abandoned')
    expect(flow.reason?.message).toBe('the client left')
    expectNothingLeft(response)
  })

  it('takes a client that left before the start for what it is', async () => {
    const { client, response } = await server.exchange()
    client.destroy()
    await once(response, 'close')
    const flow = new ManualFlow<string>()
    expect(await deliver(flow, response, OPTIONS)).toBe('abandoned')
    expect(flow).toMatchObject({ cancelled: true, sink: undefined })
  })

  it('counts a client that leaves after the last byte as served', async () => {
    const { client, response } = await server.exchange()
    const delivered = deliver(flowOf(['all of it']), response, OPTIONS)
    await once(client, 'data')
    client.destroy()
    expect(await delivered).toBe('completed')
  })

  it('sends heartbeats while nothing else is sent', async () => {
    const { client, response } = await server.exchange()
    const flow = new ManualFlow<string>()
    const { options, stats } = withStats({ heartbeat: { everyMs: 5, frame: ': ping\n\n' } })
    const delivered = deliver(flow, response, options)
    flow.push('data: a frame\n\n')
    let text = ''
    while (!text.includes(': ping\n\n')) text += (await once(client, 'data'))[0]
    expect(text.indexOf(': ping')).toBeGreaterThan(text.indexOf('data: a frame\n\n'))
    flow.end()
    client.resume()
    expect(await delivered).toBe('completed')
    expect((await stats).heartbeats).toBeGreaterThan(0)
  })

  it('sends no heartbeat into a stream that is busy', async () => {
    const { client, response } = await server.exchange()
    const { options, stats } = withStats({ heartbeat: { everyMs: 60_000, frame: ': ping\n\n' } })
    const received = readChunked(client)
    await deliver(flowOf(['data: 1\n\n']), response, options)
    expect((await received).body).toBe('data: 1\n\n')
    expect((await stats).heartbeats).toBe(0)
  })

  it.each(['in the middle', 'after the end'])('cuts off a client that stops reading %s', async when => {
    const { client, response } = await server.exchange()
    client.pause()
    const flow = new ManualFlow<Buffer>()
    const { options, stats } = withStats({ stallTimeoutMs: 20 })
    const delivered = deliver(flow, response, options)
    flow.push(Buffer.alloc(16 * 1024 * 1024))
    if (when === 'after the end') flow.end()
    expect(await delivered).toBe('abandoned')
    expect(await stats).toMatchObject({ stalled: true })
    expect(flow.cancelled).toBe(when === 'in the middle')
    expect(response.destroyed).toBe(true)
    expectNothingLeft(response)
  })

  it('does not take a silent upstream for a client that stopped reading', async () => {
    const { client, response } = await server.exchange()
    const flow = new ManualFlow<string>()
    const { options, stats } = withStats({ stallTimeoutMs: 10, heartbeat: { everyMs: 30, frame: ':\n\n' } })
    const delivered = deliver(flow, response, options)
    await once(client, 'data')
    flow.end()
    client.resume()
    expect(await delivered).toBe('completed')
    expect((await stats).stalled).toBe(false)
  })

  it('tells the client of a failure, after all that came before it, and ends well-formed', async () => {
    const { client, response } = await server.exchange()
    const flow = new ManualFlow<string>()
    const received = readChunked(client)
    const onFail = (error: Error) => `event: error\ndata: ${error.message}\n\n`
    const delivered = deliver(flow, response, { ...OPTIONS, onFail })
    flow.push('data: 1\n\n')
    flow.fail(failure)
    expect(await delivered).toBe('failed')
    const body = 'data: 1\n\nevent: error\ndata: upstream broke\n\n'
    expect(await received).toMatchObject({ body, whole: true })
    expectNothingLeft(response)
  })

  it.each([
    ['there is nothing to say', () => undefined],
    [
      'saying it fails, too',
      () => {
        throw new Error('no words')
      },
    ],
  ])('breaks the response off when %s, after what was good has gone out', async (_, onFail) => {
    const { client, response } = await server.exchange()
    const flow = new ManualFlow<string>()
    const received = readChunked(client)
    const delivered = deliver(flow, response, { ...OPTIONS, onFail })
    flow.push('data: 1\n\n')
    flow.fail(failure)
    expect(await delivered).toBe('failed')
    expect(await received).toMatchObject({ body: 'data: 1\n\n', whole: false })
    expectNothingLeft(response)
  })

  it('destroys a response that failed before anything was written', async () => {
    const { client, response } = await server.exchange()
    const closed = once(client, 'close')
    const flow = new ManualFlow<string>()
    const delivered = deliver(flow, response, OPTIONS)
    flow.fail(failure)
    expect(await delivered).toBe('failed')
    client.resume()
    await closed
    expect(client.bytesRead).toBe(0)
  })

  it('leaves no listener and no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const response = new PassThrough()
    response.resume()
    const listeners = response.eventNames().map(name => [name, response.listenerCount(name)])
    const options = { ...OPTIONS, heartbeat: { everyMs: 60_000, frame: ':\n\n' } }
    const delivered = deliver(flowOf(['a']), response, options)
    expect(vi.getTimerCount()).toBe(1)
    expect(await delivered).toBe('completed')
    expect(vi.getTimerCount()).toBe(0)
    expect(response.listenerCount('drain') + response.listenerCount('error')).toBe(0)
    expect(response.eventNames().map(name => [name, response.listenerCount(name)])).toEqual(listeners)
  })
})

function withStats(more: Partial<DeliverOptions> = {}): { options: DeliverOptions; stats: Promise<DeliveryStats> } {
  const { promise, resolve } = Promise.withResolvers<DeliveryStats>()
  return { options: { ...OPTIONS, ...more, onStats: resolve }, stats: promise }
}

function expectNothingLeft(response: NodeJS.EventEmitter): void {
  for (const name of ['drain', 'error']) expect(response.listenerCount(name)).toBe(0)
}
