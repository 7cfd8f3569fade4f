/** What a call may ask for is cut to size in its bytes, or refused in the words of its format. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, DIALECTS, gatewayFor } from './dialects.ts'

const step = (options: string): string => `
[[pipelines.main.processors]]
use = "limits"
${options}
`

test.each(DIALECTS)('$name: a cap reaches the provider, and the client hears of it', async dialect => {
  await using upstream = await startUpstream({ json: dialect.reply('hello') })
  const steps = step('max_output_tokens = 7')
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps }))
  const reply = await post(gateway.url + dialect.path(false), dialect.request(false))
  expect([reply.status, reply.headers['x-sluice-max-output-tokens']], await reply.text()).toEqual([200, '7'])
  expect(upstream.requests[0]?.body.toString()).toMatch(/"(max_\w*tokens|maxOutputTokens)": ?7\b/)
})

test('nothing else in the bytes changes', async () => {
  await using upstream = await startUpstream({ json: ANTHROPIC.reply('hello') })
  const steps = step('max_output_tokens = 7')
  await using gateway = await startTestGateway(gatewayFor(ANTHROPIC, { provider: upstream.url, steps }))
  const body = '{ "model":"m",  "max_tokens" : 1e2 , "messages":[{"role":"user","content":"h\\u0069"}], "x":1.0 }'
  await (await post(gateway.url + ANTHROPIC.path(false), body)).text()
  expect(upstream.requests[0]?.body.toString()).toBe(body.replace('1e2', '7'))
})

test.each(DIALECTS)('$name: what is too large is refused, and nobody is asked', async dialect => {
  await using upstream = await startUpstream()
  const steps = step('max_input_bytes = "200B"')
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps }))
  const reply = await post(gateway.url + dialect.path(false), dialect.request(false, 'x'.repeat(300)))
  expect(reply.status).toBe(413)
  expect(dialect.messageOf(await reply.json())).toContain('at most 200 are allowed')
})

test('too many messages', async () => {
  await using upstream = await startUpstream()
  const steps = step('max_messages = 1')
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps }))
  const message = { role: 'user', content: 'x' }
  const reply = await post(gateway.url + CHAT.path(false), { model: 'm', messages: [message, message] })
  expect([reply.status, CHAT.messageOf(await reply.json())]).toEqual([400, expect.stringContaining('2 messages')])
})
