/** A provider may answer before it has read a large body: the answer counts, whether the body goes out whole or in pieces. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { CHAT, gatewayFor } from './dialects.ts'

const RENAMED = `
[[pipelines.main.processors]]
use = "models"
rules = [{ match = "*", model = "another" }]`

it.each([
  ['whole', ''],
  ['in pieces', RENAMED],
])('a refusal of a body that goes out %s reaches the client', async (_, steps) => {
  let requests = 0
  const provider = createServer((_request, response) => {
    requests++
    response.writeHead(413, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message: 'too large for me', type: 'invalid_request_error' } }))
  })
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/base`
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: url, steps }))
  for (let round = 1; round <= 3; round++) {
    const messages = [{ role: 'user', content: 'x'.repeat(4_000_000) }]
    const reply = await post(gateway.url + CHAT.path(false), JSON.stringify({ model: 'm', messages }))
    expect([reply.status, JSON.parse(await reply.text()).error.message, requests]).toEqual([
      413,
      'too large for me',
      round,
    ])
  }
  provider.closeAllConnections()
  provider.close()
})
