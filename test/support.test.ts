import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { exchangeRaw, get, openRaw, post, startPost } from './support/sse-client.ts'
import { type Act, closedPort, startUpstream } from './support/upstream.ts'

describe('the scripted upstream', () => {
  it('plays one act for each request, in order, and records what it was sent', async () => {
    await using upstream = await startUpstream(
      { status: 429, json: { error: 1 }, headers: { 'retry-after': '0' } },
      { body: 'plain', headers: { 'x-a': ['1', '2'] } },
    )
    const first = await post(`${upstream.url}/a?b=1`, { model: 'é' }, { 'X-Key': 'k' })
    expect([first.status, first.headers['retry-after'], await first.json()]).toEqual([429, '0', { error: 1 }])
    const second = await get(upstream.url)
    expect([second.status, second.headers['x-a'], await second.text()]).toEqual([200, '1, 2', 'plain'])
    expect(upstream.requests[0]).toMatchObject({ method: 'POST', url: '/a?b=1', headers: { 'x-key': 'k' } })
    expect(upstream.requests[0]?.rawHeaders).toContain('X-Key')
    expect(upstream.requests[0]?.json()).toEqual({ model: 'é' })
    await upstream.requests[0]?.closed
  })

  it('answers 599 and throws when it is disposed of, if a request was not expected', async () => {
    const upstream = await startUpstream()
    expect((await post(`${upstream.url}/x`, '')).status).toBe(599)
    await expect(upstream[Symbol.asyncDispose]()).rejects.toThrow('unexpected POST /x')
  })

  it('takes more acts later, a default, and functions that look at the request', async () => {
    await using upstream = await startUpstream()
    upstream.add(request => ({ json: { path: request.url } }))
    upstream.otherwise({ json: 'default' })
    const answers = []
    for (const path of ['/a', '/b', '/c']) answers.push(await (await get(upstream.url + path)).json())
    expect(answers).toEqual([{ path: '/a' }, 'default', 'default'])
  })

  it.each([
    ['complete', 'whole', 'ab'],
    ['cut', 'broken', 'ab'],
    ['close', 'broken', 'ab'],
  ] as const)('ends chunks with %s, which a client sees as %s', async (ending, seen, text) => {
    await using upstream = await startUpstream({ chunks: ['a', Buffer.from('b')], ending })
    const reply = await post(upstream.url, '')
    expect(reply.headers['content-type']).toBe('text/event-stream')
    expect(await reply.ended).toBe(seen)
    expect(reply.received).toBe(text)
  })

  it('tells when a client leaves a stalled answer', async () => {
    await using upstream = await startUpstream({ chunks: ['data: 1\n\n'], ending: 'stall' })
    const reply = await post(upstream.url, '')
    await reply.until('data: 1')
    reply.abort()
    await upstream.requests[0]?.aborted
    expect(await reply.ended).toBe('broken')
    await upstream.idle()
    expect(upstream.openSockets()).toBe(0)
  })

  it('paces chunks by ticks or by a hook of the test', async () => {
    const gate = Promise.withResolvers<void>()
    const pace = (index: number) => (index === 1 ? gate.promise : undefined)
    await using upstream = await startUpstream({ chunks: ['a', 'b'], pace }, { chunks: ['a', 'b'], pace: 'tick' })
    const reply = await post(upstream.url, '')
    await reply.until('a')
    expect(reply.received).toBe('a')
    gate.resolve()
    expect(await reply.text()).toBe('ab')
    expect(await (await post(upstream.url, '')).text()).toBe('ab')
  })

  it('slices a body, and each slice is a chunk of its own', async () => {
    const text = 'data: é\r\n\r\n'
    await using upstream = await startUpstream({ sliced: text, at: 'every-byte' }, { sliced: text, at: [3, 7] })
    const bytes = await exchangeRaw(upstream.url, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(bytes.match(/\r\n1\r\n/g)).toHaveLength(Buffer.byteLength(text))
    expect(await (await get(upstream.url)).text()).toBe(text)
  })

  it('never answers when it hangs, and hears when the client gives up', async () => {
    await using upstream = await startUpstream({ hang: true })
    const controller = new AbortController()
    const answer = startPost(upstream.url, 'x', controller.signal)
    const request = await upstream.request(0)
    controller.abort()
    await expect(answer).rejects.toThrow('abort')
    await request.aborted
  })

  it.each([true, 'reset'] as const)('refuses (%s)', async refuse => {
    await using upstream = await startUpstream({ refuse })
    await expect(post(upstream.url, '')).rejects.toThrow(/socket hang up|ECONNRESET/)
  })

  it('writes raw bytes to the socket', async () => {
    const garbage: Act = { raw: 'this is not HTTP\r\n\r\n' }
    const smuggled: Act = { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n', ending: 'cut' }
    await using upstream = await startUpstream(garbage, smuggled, { raw: 'HTTP/1.1 200 OK\r\n\r\nuntil the end' })
    await expect(get(upstream.url)).rejects.toThrow('Parse Error')
    expect(await (await get(upstream.url)).text()).toBe('a')
    expect(await (await get(upstream.url)).text()).toBe('until the end')
  })

  it('floods a client until it leaves', async () => {
    await using upstream = await startUpstream({ flood: { chunk: 'x'.repeat(10_000) } })
    const reply = await post(upstream.url, '')
    await reply.until('x'.repeat(200_000))
    expect(upstream.requests[0]?.sent).toBeGreaterThan(200_000)
    reply.abort()
    await upstream.requests[0]?.aborted
  })

  it('reports an act that cannot be played', async () => {
    const upstream = await startUpstream(() => {
      throw new Error('no idea')
    })
    await expect(post(upstream.url, '')).rejects.toThrow()
    await expect(upstream[Symbol.asyncDispose]()).rejects.toThrow('no idea')
  })

  it('names a port where nobody listens', async () => {
    const socket = connect(await closedPort(), '127.0.0.1')
    await expect(once(socket, 'connect')).rejects.toThrow('ECONNREFUSED')
  })
})

describe('the client', () => {
  it('gives frames as they come', async () => {
    const gate = Promise.withResolvers<void>()
    const pace = (index: number) => (index === 1 ? gate.promise : undefined)
    await using upstream = await startUpstream({ chunks: ['event: a\ndata: 1\n\n', 'data: 2\n\ndata: 3\n\n'], pace })
    const reply = await post(upstream.url, '')
    const frames = reply.frames()
    expect(await frames.next()).toEqual({ done: false, value: { event: 'a', data: '1' } })
    gate.resolve()
    expect(await Array.fromAsync(frames)).toEqual([{ data: '2' }, { data: '3' }])
    expect(await reply.firstByte).toBeLessThanOrEqual(performance.now())
  })

  it('does not take a broken body for a whole one', async () => {
    await using upstream = await startUpstream(
      { chunks: ['data: 1\n\n'], ending: 'cut' },
      { chunks: ['data: 1\n\n'], ending: 'close' },
    )
    const [first, second] = [await post(upstream.url, ''), await post(upstream.url, '')]
    await expect(Array.fromAsync(first.frames())).rejects.toThrow('the connection broke')
    await expect(second.text()).rejects.toThrow('the connection broke after "data: 1\\n\\n"')
    await expect(second.until('data: 2')).rejects.toThrow('ended without')
  })

  it('speaks raw bytes, also in several goes', async () => {
    await using upstream = await startUpstream({ json: 1 }, { json: 2 })
    await using connection = await openRaw(upstream.url)
    connection.send('GET / HTTP/1.1\r\n')
    connection.send('Host: a\r\n\r\n')
    await connection.until('\r\n\r\n1')
    connection.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await connection.closed
    expect(connection.received.endsWith('\r\n\r\n2')).toBe(true)
    await expect(connection.until('a third answer')).rejects.toThrow('closed without')
  })
})
