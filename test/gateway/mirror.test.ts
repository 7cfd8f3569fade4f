/** A second provider gets what the first one gets, and the client notices nothing. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, gatewayFor, seriesOf, wholeStream } from './dialects.ts'

const config = (provider: string, shadow: string): string => `
${gatewayFor(CHAT, { provider })}
[[pipelines.main.processors]]
use = "mirror"
provider = "shadow"
share = 1

[[pipelines.main.processors]]
use = "convert"

[providers.shadow]
client = "anthropic-messages"
base_url = "${shadow}"
api_key = "sk-shadow"
`

test('the copy is translated for its provider, and its answer is dropped', async () => {
  await using upstream = await startUpstream({ chunks: [wholeStream(CHAT, 'mine')] })
  await using shadow = await startUpstream({ chunks: [wholeStream(ANTHROPIC, 'other')] })
  await using gateway = await startTestGateway(config(upstream.url, shadow.url))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true, 'copy me'))
  expect(await reply.text()).toBe(wholeStream(CHAT, 'mine'))
  const copy = await shadow.request(0)
  expect(copy.json()).toMatchObject({ stream: true, messages: [{ role: 'user' }] })
  expect(copy.body.toString()).toContain('copy me')
  await copy.closed
  const [copies, calls] = ['sluice_mirror_copies_total', 'gen_ai_client_operation_duration_seconds_count']
  await expect.poll(async () => seriesOf(await gateway.metrics(), copies ?? '', { result: 'completed' })).toBe(1)
  expect((await gateway.metrics()).split('\n').filter(line => line.startsWith(calls ?? ''))).toHaveLength(1)
})

test('a copy that never ends holds up neither client nor shutdown', async () => {
  await using upstream = await startUpstream({ json: CHAT.reply('mine') })
  await using shadow = await startUpstream({ hang: true })
  await using gateway = await startTestGateway(config(upstream.url, shadow.url))
  const reply = await post(gateway.url + CHAT.path(false), CHAT.request(false))
  expect(await reply.json()).toEqual(CHAT.reply('mine'))
  const copy = await shadow.request(0)
  expect(await gateway.stop()).toBe(0)
  await copy.aborted
})
