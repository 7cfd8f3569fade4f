import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fetchBounded, type OutsideService, outsideService } from 'sluice'
import { expect, it } from 'vitest'
import { SecretString } from '../src/config/secret.ts'

const bounds = { timeoutMs: 5000, maxBytes: 1000, signal: new AbortController().signal }

it('gets a text, and posts JSON', async () => {
  await using server = await serve(async (request, response) => {
    const body = await Array.fromAsync(request)
    response.end(`${request.method} ${request.headers['content-type']} ${request.headers['x-key']} ${body.join('')}`)
  })
  expect(await fetchBounded(server, bounds)).toBe('GET undefined undefined ')
  const posted = await fetchBounded({ ...server, headers: { 'x-key': 'k' } }, { ...bounds, json: '{"a":1}' })
  expect(posted).toBe('POST application/json k {"a":1}')
})

it('follows no redirect, not even to itself', async () => {
  let requests = 0
  await using server = await serve((_, response) => {
    requests++
    response.writeHead(307, { location: '/again' }).end()
  })
  await expect(fetchBounded(server, bounds)).rejects.toThrow('redirect')
  expect(requests).toBe(1)
})

it.each([204, 400, 500])('takes no other answer than 200, such as %i', async status => {
  await using server = await serve((_, response) => response.writeHead(status).end())
  await expect(fetchBounded(server, bounds)).rejects.toThrow(`the answer was ${status}`)
})

it('stops reading an answer that is too long', async () => {
  const closed = Promise.withResolvers<void>()
  await using server = await serve((_, response) => {
    response.once('close', closed.resolve)
    const more = (): void =>
      void (response.write('x'.repeat(64 * 1024)) ? setImmediate(more) : response.once('drain', more))
    more()
  })
  await expect(fetchBounded(server, bounds)).rejects.toThrow('the answer is over 1000 bytes')
  await closed.promise
})

it.each([
  ['nothing', () => {}],
  ['half an answer', (_, response) => void response.write('half')],
] as readonly [string, RequestListener][])('waits for %s no longer than it may', async (_, listener) => {
  await using server = await serve(listener)
  await expect(fetchBounded(server, { ...bounds, timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms')
})

it('gives up when it is told to, for the reason that it is told', async () => {
  const leaving = new AbortController()
  const reason = new Error('the client left')
  await using server = await serve(() => leaving.abort(reason))
  await expect(fetchBounded(server, { ...bounds, signal: leaving.signal })).rejects.toBe(reason)
})

it('says that nobody is there', async () => {
  const server = await serve(() => {})
  await server[Symbol.asyncDispose]()
  await expect(fetchBounded(server, bounds)).rejects.toThrow('ECONNREFUSED')
})

it.each([
  [{ 'x-key': 'canary-1\nx: y' }, 'the header "x-key" cannot be sent'],
  [{ 'x key': 'canary-1' }, 'the header "x key" cannot be sent'],
])('sends no headers %j, and does not say what is in them', (headers, words) => {
  const secrets = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, new SecretString(value)]))
  const checked = () => outsideService('https://judge.example.com', secrets)
  expect(checked).toThrow(words)
  expect(checked).not.toThrow('canary')
})

async function serve(listener: RequestListener): Promise<AsyncDisposable & OutsideService> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...outsideService(`http://127.0.0.1:${port}/judge`),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
