import { describe, expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, type Dialect, gatewayFor, seriesOf, wholeStream } from './dialects.ts'

const steps = (options: string): string => `[[pipelines.main.processors]]\nuse = "timeout"\n${options}`

function settingOf(provider: string, options: string) {
  return { provider, steps: steps(options) }
}

/** Waits without anything to wait for: only time itself makes a stream too slow. */
const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

interface Slow {
  readonly name: string
  readonly options: string
  readonly limit: string
  readonly chunks: (dialect: Dialect) => readonly string[]
  readonly message: string
}

const SLOW: readonly Slow[] = [
  {
    name: 'falls silent',
    options: 'idle = "40ms"',
    limit: 'idle',
    chunks: ({ preamble, piece }) => [preamble, piece('hello')],
    message: 'The provider "up" stopped answering.',
  },
  {
    name: 'does not end',
    options: 'total = "80ms"',
    limit: 'total',
    chunks: ({ preamble, piece }) => [preamble, piece('hello')],
    message: 'The provider "up" took longer than it may in all.',
  },
  {
    name: 'sends nothing but comments',
    options: 'idle = "60ms"',
    limit: 'idle',
    chunks: ({ preamble, piece }) => [preamble, piece('hello'), ...Array<string>(400).fill(': still here\n\n')],
    message: 'The provider "up" stopped answering.',
  },
  {
    name: 'trickles',
    options: 'min_events = 1000\nmin_events_over = "50ms"',
    limit: 'min_events',
    chunks: ({ preamble, piece }) => [preamble, piece('hello'), ...Array<string>(400).fill(piece(''))],
    message: 'The provider "up" answered too slowly.',
  },
]

describe.each([CHAT, ANTHROPIC])('$name', dialect => {
  it.each(SLOW)('a stream that $name ends with an error', async ({ options, limit, chunks, message }) => {
    const pace = (index: number): Promise<void> => pause(index < 2 ? 0 : 10)
    await using upstream = await startUpstream({ chunks: chunks(dialect), ending: 'stall', pace })
    await using gateway = await startTestGateway(gatewayFor(dialect, settingOf(upstream.url, options)))
    const reply = await post(gateway.url + dialect.path(true), dialect.request(true))
    expect(reply.status).toBe(200)
    const stream = await reply.text()
    expect([dialect.textOf(stream), dialect.isFinished(stream)]).toEqual(['hello', false])
    expect(dialect.errorIn(stream)).toBe(message)
    await upstream.idle()
    expect(seriesOf(await gateway.metrics(), 'sluice_timeouts_total', { processor: 'timeout', limit })).toBe(1)
  })
})

it('a stream that passes keeps its bytes', async () => {
  const bytes = wholeStream(CHAT, 'hel', 'lo')
  await using upstream = await startUpstream({ chunks: [bytes] })
  const options = 'first_token = "1m"\nidle = "1m"\nmin_events = 0.001\ntotal = "1m"'
  await using gateway = await startTestGateway(gatewayFor(CHAT, settingOf(upstream.url, options)))
  const reply = await post(gateway.url + CHAT.path(true), { ...CHAT.request(true), stream_options: INCLUDE })
  expect(await reply.text()).toBe(bytes)
})

const INCLUDE = { include_usage: true }

it('a stream that does not begin is tried again', async () => {
  await using upstream = await startUpstream({ hang: true }, { chunks: [wholeStream(CHAT, 'hello')] })
  const chain = `[[pipelines.main.processors]]\nuse = "retry"\nbase_delay = "0s"\n\n${steps('first_token = "60ms"')}`
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: chain }))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  expect([reply.status, CHAT.textOf(await reply.text())]).toEqual([200, 'hello'])
  const labels = { provider: 'up', result: 'first_token_timeout' }
  expect(seriesOf(await gateway.metrics(), 'sluice_upstream_attempts_total', labels)).toBe(1)
})

it('a client that does not read is not the fault of the provider', async () => {
  const piece = CHAT.piece('x'.repeat(64 * 1024))
  const chunks = [CHAT.preamble, ...Array<string>(200).fill(piece), CHAT.terminal]
  await using upstream = await startUpstream({ chunks })
  await using gateway = await startTestGateway(gatewayFor(CHAT, settingOf(upstream.url, 'idle = "100ms"')))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  reply.pause()
  await pause(300)
  reply.resume()
  const stream = await reply.text()
  expect([CHAT.isFinished(stream), CHAT.errorIn(stream)]).toEqual([true, undefined])
})
