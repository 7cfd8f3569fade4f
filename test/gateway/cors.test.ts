/** A page in a browser asks first, and may then read the answer, an error too. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, gatewayFor } from './dialects.ts'

const STEPS = `
[[pipelines.main.processors]]
use = "cors"
origins = ["https://app.example.com"]
max_age = "1h"

[[pipelines.main.processors]]
use = "auth"
keys = [{ name = "alice", key = "alices-long-random-key" }]
`
const PAGE = { origin: 'https://app.example.com' }

test('the page that is named, and no other', async () => {
  await using upstream = await startUpstream({ json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: STEPS }))
  const url = gateway.url + CHAT.path(false)
  const asks = (origin: string): Promise<Response> =>
    fetch(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })

  const allowed = await asks(PAGE.origin)
  expect(allowed.status).toBe(204)
  expect(Object.fromEntries(allowed.headers)).toMatchObject({
    'access-control-allow-origin': PAGE.origin,
    'access-control-allow-headers': 'authorization',
    'access-control-max-age': '3600',
    vary: 'Origin',
  })
  expect((await asks('https://evil.example.com')).headers.get('access-control-allow-origin')).toBeNull()

  const headers = { ...PAGE, authorization: 'Bearer alices-long-random-key' }
  const reply = await post(url, CHAT.request(false), headers)
  expect([reply.status, reply.headers['access-control-allow-origin']], await reply.text()).toEqual([200, PAGE.origin])
  const refused = await post(url, CHAT.request(false), PAGE)
  expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, PAGE.origin])
  const broken = await post(url, '{', PAGE)
  expect([broken.status, broken.headers['access-control-allow-origin']]).toEqual([400, PAGE.origin])
})
