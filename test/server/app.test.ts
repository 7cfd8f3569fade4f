/** The gateway's own pages, and what is left to the handler. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { ActiveCalls } from '../../src/server/active-calls.ts'
import { type AppParts, createListener } from '../../src/server/app.ts'
import type { Handler } from '../../src/server/handler.ts'

const METRICS = { path: '/metrics', contentType: 'text/plain; version=0.0.4', render: async () => 'up 1\n' }

/** Serves the pages; what reaches the handler is answered with 418. */
async function serve(changes: Partial<AppParts> = {}) {
  const handle = async (_: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.writeHead(418).end()
  }
  const listener = createListener({
    handler: { handle } as unknown as Handler,
    active: new ActiveCalls(),
    metrics: METRICS,
    ...changes,
  })
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url, [Symbol.asyncDispose]: stop }
}

it.each([
  ['/healthz', 'application/json; charset=utf-8', '{"status":"ok"}'],
  ['/healthz?from=probe', 'application/json; charset=utf-8', '{"status":"ok"}'],
  ['/readyz', 'application/json; charset=utf-8', '{"status":"ready"}'],
  ['/metrics', METRICS.contentType, 'up 1\n'],
])('GET %s', async (path, contentType, text) => {
  await using app = await serve()
  const response = await fetch(app.url + path, { headers: { 'x-request-id': 'mine' } })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe(contentType)
  expect(response.headers.get('x-request-id')).toBe('mine')
  expect(await response.text()).toBe(text)
})

it('a gateway that stops is alive and not ready', async () => {
  const active = new ActiveCalls()
  await active.drain(0, 0)
  await using app = await serve({ active })
  expect((await fetch(`${app.url}/healthz`)).status).toBe(200)
  const response = await fetch(`${app.url}/readyz`)
  expect(response.status).toBe(503)
  expect(await response.json()).toEqual({ status: 'stopping' })
})

it.each(['/healthz/', '/nothing', '/v1/models'])('%s is the handler’s', async path => {
  await using app = await serve()
  expect((await fetch(app.url + path)).status).toBe(418)
})

it('other methods are the handler’s', async () => {
  await using app = await serve()
  expect((await fetch(`${app.url}/healthz`, { method: 'POST', body: '{}' })).status).toBe(418)
})

it.each([
  ['a rejection', () => Promise.reject(new Error('password'))],
  [
    'a throw',
    () => {
      throw new Error('password')
    },
  ],
])('metrics that fail with %s are 500 without the reason', async (_, render) => {
  await using app = await serve({ metrics: { ...METRICS, render } })
  const response = await fetch(`${app.url}/metrics`)
  expect(response.status).toBe(500)
  expect(await response.text()).toBe('{"status":"failed"}')
})
