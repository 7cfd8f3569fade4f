/** A failed attempt is made again before the client hears of it, and never after. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, gatewayFor, seriesOf, wholeStream } from './dialects.ts'

const STEP = `
[[pipelines.main.processors]]
use = "retry"
base_delay = "1ms"
`

/** A connection that was kept alive and turned out to be closed is no attempt: the call is sent again unseen. */
const CLOSE = { connection: 'close' }

test.each(DIALECTS)('$name: whole replies and streams', async dialect => {
  const { error, reply, preamble } = dialect
  await using upstream = await startUpstream(
    { status: 503, json: error('busy'), headers: CLOSE },
    { refuse: 'reset' },
    { json: reply('hello') },
    { status: 500, json: error('no') },
    { chunks: [preamble], ending: 'cut', headers: CLOSE },
    { chunks: [wholeStream(dialect, 'hel', 'lo')] },
  )
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: STEP }))
  const whole = await post(gateway.url + dialect.path(false), dialect.request(false))
  expect([whole.status, await whole.json()]).toEqual([200, reply('hello')])
  const stream = await post(gateway.url + dialect.path(true), dialect.request(true))
  expect(await stream.text()).toBe(wholeStream(dialect, 'hel', 'lo'))
  expect(upstream.requests).toHaveLength(6)
  // Each attempt carries what the client sent.
  expect(new Set(upstream.requests.slice(0, 3).map(({ body }) => body.toString())).size).toBe(1)
  const metrics = await gateway.metrics()
  const retries = (failure: string): number => seriesOf(metrics, 'sluice_retries_total', { provider: 'up', failure })
  expect([retries('status_529'), retries('status_500'), retries('reset')]).toEqual([1, 1, 2])
})

test.each(DIALECTS)('$name: not after the first content', async dialect => {
  await using upstream = await startUpstream({ chunks: [dialect.preamble + dialect.piece('half')], ending: 'cut' })
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: STEP }))
  const stream = await post(gateway.url + dialect.path(true), dialect.request(true))
  expect(dialect.textOf(await stream.text())).toBe('half')
  expect([dialect.errorIn(stream.received), dialect.isFinished(stream.received)]).toEqual([expect.any(String), false])
  expect(upstream.requests).toHaveLength(1)
})

test('in the end the failure is the last one, and the SDK is told to leave it at that', async () => {
  await using upstream = await startUpstream()
  upstream.otherwise({ status: 500, json: CHAT.error('still broken') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: STEP }))
  const reply = await post(gateway.url + CHAT.path(false), CHAT.request(false))
  expect([reply.status, reply.headers['x-should-retry']]).toEqual([500, 'false'])
  expect(CHAT.messageOf(await reply.json())).toContain('still broken')
  expect(upstream.requests).toHaveLength(3)
})
