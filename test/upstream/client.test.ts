import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Lifetime } from '../../src/pipeline/lifetime.ts'
import { UpstreamClient, type UpstreamRequest } from '../../src/upstream/client.ts'
import { readWhole } from '../../src/upstream/whole.ts'
import { closedPort, startUpstream } from '../support/upstream.ts'

const TIMEOUTS = { connect: 5_000, firstToken: 5_000, idle: 5_000, total: 10_000 }
const POST: UpstreamRequest = { method: 'POST', path: '/x', headers: {}, body: [Buffer.from('{}')], stream: false }
const WHOLE = { limit: 1_000_000, onLimit: 'refuse' } as const

const clients: UpstreamClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.destroy()
})

function clientOf(origin: string, timeouts: Partial<typeof TIMEOUTS> = {}, maxConnections?: number): UpstreamClient {
  const client = new UpstreamClient({
    provider: 'up',
    origin,
    timeouts: { ...TIMEOUTS, ...timeouts },
    ...(maxConnections === undefined ? {} : { maxConnections }),
  })
  clients.push(client)
  return client
}

describe('UpstreamClient', () => {
  it('uses a connection again once its answer has been read', async () => {
    await using upstream = await startUpstream({ json: 1 }, { status: 500, json: 2 }, { json: 3 })
    const client = clientOf(upstream.url)
    for (const expected of ['1', '2', '3']) {
      const { body } = await client.send(POST, new Lifetime())
      expect((await readWhole(body, 'up', WHOLE)).toString()).toBe(expected)
      expect(upstream.openSockets()).toBe(1)
      // The connection is free in the turn after.
      await turn()
    }
  })

  it('replaces a stale connection once, and reports the second failure', async () => {
    await using upstream = await startUpstream({ json: 1 }, { refuse: 'reset' }, { refuse: 'reset' })
    const client = clientOf(upstream.url)
    await readWhole((await client.send(POST, new Lifetime())).body, 'up', WHOLE)
    await turn()
    await expect(client.send(POST, new Lifetime())).rejects.toMatchObject({ failure: 'reset' })
    expect(upstream.requests).toHaveLength(3)
    await upstream.idle()
  })

  it('does not send again what a fresh connection lost', async () => {
    await using upstream = await startUpstream({ refuse: 'reset' })
    await expect(clientOf(upstream.url).send(POST, new Lifetime())).rejects.toMatchObject({
      failure: 'reset',
      unsent: false,
    })
    expect(upstream.requests).toHaveLength(1)
  })

  it('says when the provider has certainly seen nothing', async () => {
    const client = clientOf(`http://127.0.0.1:${await closedPort()}`)
    await expect(client.send(POST, new Lifetime())).rejects.toMatchObject({ failure: 'connect', unsent: true })
  })

  it('sends nothing for a call that was given up before', async () => {
    await using upstream = await startUpstream()
    const lifetime = new Lifetime()
    lifetime.abort(new Error('gone'))
    await expect(clientOf(upstream.url).send(POST, lifetime)).rejects.toMatchObject({ failure: 'canceled' })
    expect(upstream.requests).toEqual([])
  })

  it('gives a request up that waits for a connection, and serves the next', async () => {
    await using upstream = await startUpstream({ hang: true }, { json: 'next' })
    const client = clientOf(upstream.url, {}, 1)
    const [first, second] = [new Lifetime(), new Lifetime()]
    const running = client.send(POST, first)
    await upstream.request(0)
    const waiting = client.send(POST, second)
    second.abort(new Error('gone'))
    await expect(waiting).rejects.toMatchObject({ failure: 'canceled' })
    first.abort(new Error('gone'))
    await expect(running).rejects.toMatchObject({ failure: 'canceled' })
    const { body } = await client.send(POST, new Lifetime())
    expect((await readWhole(body, 'up', WHOLE)).toString()).toBe('"next"')
    expect(upstream.requests).toHaveLength(2)
  })

  it('fails what undici will not send as its own fault, not the provider’s', async () => {
    await using upstream = await startUpstream()
    const request = { ...POST, headers: { 'x-a': 'a\r\nb: c' } }
    await expect(clientOf(upstream.url).send(request, new Lifetime())).rejects.toMatchObject({ failure: 'internal' })
    expect(upstream.requests).toEqual([])
  })

  it('closes a connection whose answer is not wanted any more', async () => {
    await using upstream = await startUpstream({ chunks: ['a'], ending: 'stall' })
    const { body } = await clientOf(upstream.url).send(POST, new Lifetime())
    body.cancel()
    await upstream.requests[0]?.aborted
    await upstream.idle()
  })

  it('holds no more of an unread answer than it should', async () => {
    await using upstream = await startUpstream({ flood: { chunk: Buffer.alloc(64 * 1024) } })
    const { body } = await clientOf(upstream.url).send(POST, new Lifetime())
    await expect(readWhole(body, 'up', WHOLE)).rejects.toMatchObject({ failure: 'oversize' })
    await upstream.requests[0]?.aborted
  })

  it('cuts an error’s body instead of refusing it, where it is told to', async () => {
    await using upstream = await startUpstream({ status: 500, body: 'x'.repeat(100) })
    const { status, body } = await clientOf(upstream.url).send(POST, new Lifetime())
    expect([status, (await readWhole(body, 'up', { limit: 10, onLimit: 'cut' })).length]).toEqual([500, 10])
  })
})
