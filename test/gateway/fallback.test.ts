import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, seriesOf, wholeStream } from './dialects.ts'

/** Calls go to `first`, which speaks OpenAI Chat, and from there to `keyless`, which has no key, and `second`. */
function config(first: string, second: string): string {
  return `
[providers.first]
client = "openai-chat"
base_url = "${first}/v1"
api_key = "k1"

[providers.keyless]
client = "openai-chat"
base_url = "${first}/v1"
api_key = "\${NO_SUCH_KEY:-}"

[providers.second]
client = "anthropic-messages"
base_url = "${second}/v1"
api_key = "k2"

[pipelines.main]
parsers = ["openai-chat", "anthropic-messages"]
provider = "first"

[[pipelines.main.processors]]
use = "fallback"
to = [{ provider = "keyless" }, { provider = "second", model = "claude" }]

[[pipelines.main.processors]]
use = "convert"
`
}

for (const dialect of [CHAT, ANTHROPIC]) {
  it(`a client of ${dialect.name} is answered by a provider of another format, whole and streamed`, async () => {
    await using first = await startUpstream({ status: 500, json: CHAT.error('no') }, { chunks: [CHAT.errorFrame] })
    await using second = await startUpstream(
      { json: ANTHROPIC.reply('hello') },
      { chunks: [wholeStream(ANTHROPIC, 'hel', 'lo')] },
    )
    await using gateway = await startTestGateway(config(first.url, second.url))

    const whole = await post(gateway.url + dialect.path(false), dialect.request(false))
    expect([whole.status, whole.headers['x-sluice-fallback']]).toEqual([200, 'second'])
    expect(await whole.text()).toContain('hello')

    const streamed = await post(gateway.url + dialect.path(true), dialect.request(true))
    expect([streamed.status, streamed.headers['x-sluice-fallback']]).toEqual([200, 'second'])
    const stream = await streamed.text()
    expect([dialect.textOf(stream), dialect.isFinished(stream)]).toEqual(['hello', true])

    const metrics = await gateway.metrics()
    const labels = { pipeline: 'main', processor: 'fallback', provider: 'second' }
    expect(seriesOf(metrics, 'sluice_fallbacks_total', { ...labels, failure: 'status_500' })).toBe(1)
    expect(seriesOf(metrics, 'sluice_fallbacks_total', { ...labels, failure: 'error_in_200' })).toBe(1)
    expect(second.requests.map(request => request.json())).toMatchObject([{ model: 'claude' }, { model: 'claude' }])
  })
}

it('a call is not sent on once the client has had a byte', async () => {
  await using first = await startUpstream({ chunks: [CHAT.preamble, CHAT.piece('half')], ending: 'cut' })
  await using second = await startUpstream()
  await using gateway = await startTestGateway(config(first.url, second.url))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  const stream = await reply.text()
  expect([CHAT.textOf(stream), CHAT.isFinished(stream)]).toEqual(['half', false])
  expect(CHAT.errorIn(stream)).toBeTruthy()
  expect(second.requests).toHaveLength(0)
})

const TO = 'to = [{ provider = "second", model = "claude" }, { provider = "first" }]'

it('the first provider has no key: the next one answers', async () => {
  await using second = await startUpstream({ json: ANTHROPIC.reply('hello') })
  const toml = config(second.url, second.url).replace('provider = "first"', 'provider = "keyless"')
  await using gateway = await startTestGateway(toml.replace(/^to = .*$/m, TO))
  const reply = await post(gateway.url + CHAT.path(false), CHAT.request(false))
  expect([reply.status, reply.headers['x-sluice-fallback']]).toEqual([200, 'second'])
})
