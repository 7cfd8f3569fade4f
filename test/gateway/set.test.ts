/** Fields are changed in the bytes of the request; what is beside them reaches the provider as it was written. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, gatewayFor } from './dialects.ts'

const STEPS = `
[[pipelines.main.processors]]
use = "auth"
keys = [{ name = "alice", key = "alices-long-random-key" }]

[[pipelines.main.processors]]
use = "set"

[[pipelines.main.processors.fields]]
pointer = "/temperature"
json = "0.20"

[[pipelines.main.processors.fields]]
pointer = "/metadata/user_id"
mode = "force"
from = "key"

[[pipelines.main.processors.fields]]
pointer = "/service_tier"
mode = "remove"
`

const headers = { authorization: 'Bearer alices-long-random-key' }

test('only the named fields change', async () => {
  await using upstream = await startUpstream({ json: ANTHROPIC.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(ANTHROPIC, { provider: upstream.url, steps: STEPS }))
  const body = `{ "model":"m", "max_tokens" : 1e1, "metadata": { "user_id":"me" , "x":9007199254740993 },
  "service_tier":"auto", "messages":[{"role":"user","content":"h\\u0069"}] }`
  const reply = await post(gateway.url + ANTHROPIC.path(false), body, headers)
  expect(reply.status, await reply.text()).toBe(200)
  expect(upstream.requests[0]?.body.toString()).toBe(
    `{ "model":"m", "max_tokens" : 1e1, "metadata": { "user_id":"alice" , "x":9007199254740993 }, "messages":[{"role":"user","content":"h\\u0069"}],"temperature":0.20 }`,
  )
})

test('a client that sends no object where one is needed is told', async () => {
  await using upstream = await startUpstream()
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: STEPS }))
  const reply = await post(gateway.url + CHAT.path(false), { ...CHAT.request(false), metadata: 'me' }, headers)
  expect(reply.status).toBe(400)
  expect(CHAT.messageOf(await reply.json())).toContain('"metadata" must be')
})
