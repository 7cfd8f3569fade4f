/** What a guard finds reaches neither provider nor client, in every format and however a stream is cut. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { DIALECTS, gatewayFor, seriesOf, wholeStream } from './dialects.ts'

const KEY = 'sk-proj-0123456789abcdefghijklmnop'

const step = (action: string): string => `
[[pipelines.main.processors]]
use = "guard"
detect = ["credential"]
action = "${action}"
`

test.each(DIALECTS)('$name: masks a call, a whole reply and a stream', async dialect => {
  await using upstream = await startUpstream({ json: dialect.reply(`Use ${KEY}.`) })
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: step('mask') }))
  const whole = await post(gateway.url + dialect.path(false), dialect.request(false, `My ${KEY}`))
  expect(whole.status, await whole.text()).toBe(200)
  expect(whole.received).toContain('Use [removed].')
  expect(upstream.requests[0]?.body.toString()).toContain('My [removed]')

  upstream.add({ sliced: wholeStream(dialect, 'Use ', KEY.slice(0, 5), KEY.slice(5), '.'), at: 'every-byte' })
  const stream = await post(gateway.url + dialect.path(true), dialect.request(true))
  expect(dialect.textOf(await stream.text())).toBe('Use [removed].')
  expect(dialect.isFinished(stream.received)).toBe(true)
  expect(whole.received + stream.received).not.toContain(KEY.slice(8))
  const labels = { side: 'reply', kind: 'credential' }
  expect(seriesOf(await gateway.metrics(), 'sluice_guard_findings_total', labels)).toBe(2)
})

test.each(DIALECTS)('$name: denies with an error of the format', async dialect => {
  await using upstream = await startUpstream()
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: step('deny') }))
  const call = await post(gateway.url + dialect.path(false), dialect.request(false, KEY))
  expect(call.status).toBe(403)
  expect(dialect.messageOf(await call.json())).toContain('which must not pass here')

  upstream.add({ json: dialect.reply(KEY) })
  const whole = await post(gateway.url + dialect.path(false), dialect.request(false))
  expect(whole.status).toBe(403)
  expect(dialect.messageOf(await whole.json())).toContain('The reply holds what looks like a credential')

  upstream.add({ chunks: [dialect.preamble, dialect.piece('Use '), dialect.piece(KEY)], ending: 'stall' })
  const stream = await post(gateway.url + dialect.path(true), dialect.request(true))
  expect(dialect.errorIn(await stream.text())).toContain('The reply holds what looks like a credential')
  expect(stream.received).not.toContain(KEY.slice(8))
  expect(dialect.isFinished(stream.received)).toBe(false)
  await upstream.requests[1]?.aborted
})
