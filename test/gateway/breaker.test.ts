import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { type ClientReply, post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, gatewayFor, seriesOf } from './dialects.ts'

const steps = (options: string): string => `[[pipelines.main.processors]]\nuse = "breaker"\n${options}`

it('a provider that fails is left alone, asked once when its time is up, and then by everybody', async () => {
  await using upstream = await startUpstream({ refuse: true }, { status: 500, json: CHAT.error('no') })
  const options = 'failures = 2\nopen_for = "20ms"'
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: steps(options) }))
  const ask = (): Promise<ClientReply> => post(gateway.url + CHAT.path(false), CHAT.request(false))

  expect([(await ask()).status, (await ask()).status]).toEqual([502, 500])
  const refused = await ask()
  expect(refused.status).toBe(503)
  expect(refused.headers['retry-after']).toBe('1')
  expect(CHAT.messageOf(await refused.json())).toMatch(/left alone/)
  expect(upstream.requests).toHaveLength(2)
  const labels = { processor: 'breaker', provider: 'up' }
  expect(seriesOf(await gateway.metrics(), 'sluice_breaker_state', labels)).toBe(2)

  upstream.otherwise({ json: CHAT.reply('hello') })
  let answered = await ask()
  while (answered.status === 503) answered = await ask()
  expect(answered.status).toBe(200)
  const several = await Promise.all([ask(), ask(), ask()])
  expect(several.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(upstream.requests).toHaveLength(6)
  const metrics = await gateway.metrics()
  expect(seriesOf(metrics, 'sluice_breaker_state', labels)).toBe(0)
  expect(seriesOf(metrics, 'sluice_breaker_opened_total', labels)).toBe(1)
})

it('a probe whose client leaves makes room for the next one', async () => {
  await using upstream = await startUpstream({ refuse: true }, { hang: true }, { json: CHAT.reply('hello') })
  const options = 'failures = 1\nopen_for = "0s"'
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: steps(options) }))
  const ask = (signal = new AbortController().signal): Promise<Response> =>
    fetch(gateway.url + CHAT.path(false), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(CHAT.request(false)),
      signal,
    })
  expect((await ask()).status).toBe(502)

  const client = new AbortController()
  const left = ask(client.signal)
  const probe = await upstream.request(1)
  expect((await ask()).status).toBe(503)
  client.abort()
  await expect(left).rejects.toThrow()
  await probe.aborted
  let answered = await ask()
  while (answered.status === 503) answered = await ask()
  expect(answered.status).toBe(200)
})
