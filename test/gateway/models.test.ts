/** Names of models: routed to providers of other formats, listed as each format lists them, unknown ones refused. */
import { expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { get, post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, DIALECTS } from './dialects.ts'

function start(one: string, two: string): Promise<TestGateway> {
  return startTestGateway(`
[providers.one]
client = "openai-chat"
base_url = "${one}"
api_key = "k1"

[providers.two]
client = "anthropic-messages"
base_url = "${two}"
api_key = "k2"

[pipelines.main]
parsers = ["anthropic-messages", "openai-chat", "openai-responses", "gemini"]
provider = "one"

[[pipelines.main.processors]]
use = "models"
aliases = { m = "claude-big" }
rules = [{ match = "claude-*", provider = "two", model = "anthropic/claude-*" }]
list = ["gpt-5"]
on_unknown = "refuse"

[[pipelines.main.processors]]
use = "convert"
`)
}

test.each(DIALECTS)('$name: an alias goes to the provider of its rule', async dialect => {
  await using one = await startUpstream()
  await using two = await startUpstream({ json: ANTHROPIC.reply('hello') })
  await using gateway = await start(one.url, two.url)
  const reply = await post(gateway.url + dialect.path(false), dialect.request(false))
  expect(reply.status, await reply.text()).toBe(200)
  expect(reply.received).toContain('hello')
  expect(two.requests[0]?.json()).toMatchObject({ model: 'anthropic/claude-big' })
})

test('what is listed is what can be asked for', async () => {
  await using one = await startUpstream({ json: CHAT.reply('hello') })
  await using two = await startUpstream()
  await using gateway = await start(one.url, two.url)
  const listed = await (await get(`${gateway.url}/v1/models`)).json()
  expect(listed).toMatchObject({ data: [{ id: 'm' }, { id: 'gpt-5' }] })
  expect(await (await get(`${gateway.url}/v1beta/models`)).json()).toMatchObject({
    models: [{ name: 'models/m' }, { name: 'models/gpt-5' }],
  })
  const known = await post(gateway.url + CHAT.path(false), { ...CHAT.request(false), model: 'gpt-5' })
  expect(known.status, await known.text()).toBe(200)
  const unknown = await post(gateway.url + CHAT.path(false), { ...CHAT.request(false), model: 'gpt-4' })
  expect([unknown.status, CHAT.messageOf(await unknown.json())]).toEqual([404, expect.stringContaining('gpt-4')])
})
