/** Drills: what the policies before it do when a provider fails can be seen without one that fails. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, gatewayFor, seriesOf, wholeStream } from './dialects.ts'

const drill = (options: string): string => `
[[pipelines.main.processors]]
use = "inject-fault"
share = 1
header = "x-drill"
${options}
`
const headers = { 'x-drill': 'yes' }

test.each(DIALECTS)('$name: a stream that breaks off ends with an error of the format', async dialect => {
  await using upstream = await startUpstream({ chunks: [wholeStream(dialect, 'one', 'two', 'three')] })
  const steps = drill('cut = true\nafter_events = 3')
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps }))
  const reply = await post(gateway.url + dialect.path(true), dialect.request(true), headers)
  expect(reply.status).toBe(200)
  expect(dialect.errorIn(await reply.text())).toContain('injected for a drill')
  expect(dialect.isFinished(reply.received)).toBe(false)
  expect(reply.received).toContain('one')
  expect(reply.received).not.toContain('three')
})

test('retry acts on it as on any failure', async () => {
  await using upstream = await startUpstream()
  const retry = '[[pipelines.main.processors]]\nuse = "retry"\nattempts = 3\nbase_delay = "1ms"\n'
  const steps = retry + drill('error = 503')
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps }))
  const reply = await post(gateway.url + CHAT.path(false), CHAT.request(false), headers)
  expect(reply.status).toBe(503)
  expect(CHAT.messageOf(await reply.json())).toContain('injected for a drill')
  expect(seriesOf(await gateway.metrics(), 'sluice_injected_faults_total', { processor: 'inject-fault' })).toBe(3)
})

test('a client that leaves ends a stall', async () => {
  await using upstream = await startUpstream({ chunks: [wholeStream(CHAT, 'one', 'two')] })
  const steps = drill('stall = "1h"\nafter_events = 3')
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps }))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true), headers)
  await reply.until('one')
  reply.abort()
  expect(await gateway.stop()).toBe(0)
})
