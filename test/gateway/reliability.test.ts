/** All processors of reliability in one chain, in the order in which their pages say that they stand. */
import { expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, seriesOf, wholeStream } from './dialects.ts'
import { twoProviders } from './two-providers.ts'

const PLACES = '[{ provider = "one" }, { provider = "two" }]'

interface Chain {
  readonly ofPipeline?: string
  readonly hedge?: string
  readonly retry?: string
  readonly timeout?: string
}

function startChain(one: string, two: string, options: Chain = {}): Promise<TestGateway> {
  const { ofPipeline = '', hedge = 'after = "1m"', retry = 'base_delay = "1ms"', timeout = 'total = "1m"' } = options
  const steps = [
    'use = "balance"\ntargets = [{ provider = "one" }, { provider = "two", weight = 1e-9 }]',
    `use = "fallback"\nto = ${PLACES}`,
    `use = "hedge"\nprovider = "two"\nbudget = 1\n${hedge}`,
    'use = "convert"',
    `use = "retry"\n${retry}`,
    'use = "breaker"\nfailures = 3\nopen_for = "1m"',
    `use = "timeout"\n${timeout}`,
  ]
  return startTestGateway(twoProviders({ one, two, steps, ofPipeline }))
}

const ask = (gateway: TestGateway, stream = true) => post(gateway.url + CHAT.path(stream), CHAT.request(stream))

it('a provider that is down is tried again, left, and from then on passed over', async () => {
  await using one = await startUpstream()
  one.otherwise({ status: 500, json: CHAT.error('down') })
  await using two = await startUpstream()
  two.otherwise({ chunks: [wholeStream(ANTHROPIC, 'hello')] })
  await using gateway = await startChain(one.url, two.url)
  for (let index = 0; index < 5; index++) {
    const reply = await ask(gateway)
    expect([reply.status, reply.headers['x-sluice-fallback']]).toEqual([200, 'two'])
    expect(CHAT.textOf(await reply.text())).toBe('hello')
  }
  // Three attempts of the first call opened the breaker.
  expect([one.requests.length, two.requests.length]).toEqual([3, 5])
  const metrics = await gateway.metrics()
  expect(seriesOf(metrics, 'sluice_fallbacks_total', { provider: 'two', failure: 'refusal' })).toBe(4)
  expect(seriesOf(metrics, 'sluice_breaker_state', { provider: 'one' })).toBe(2)
})

it('a stream that does not begin is hedged, and what loses opens no breaker', async () => {
  await using one = await startUpstream()
  one.otherwise({ hang: true })
  await using two = await startUpstream()
  two.otherwise({ chunks: [wholeStream(ANTHROPIC, 'hello')] })
  await using gateway = await startChain(one.url, two.url, { hedge: 'after = "5ms"' })
  for (let index = 0; index < 5; index++) expect(CHAT.textOf(await (await ask(gateway)).text())).toBe('hello')
  expect([one.requests.length, two.requests.length]).toEqual([5, 5])
  const metrics = await gateway.metrics()
  expect(seriesOf(metrics, 'sluice_breaker_state', { provider: 'one' })).toBe(0)
  expect(seriesOf(metrics, 'sluice_retries_total', { processor: 'retry' })).toBe(0)
  await one.idle()
})

it('a timeout of an attempt is a failure like any other', async () => {
  await using one = await startUpstream()
  one.otherwise({ hang: true })
  await using two = await startUpstream({ chunks: [wholeStream(ANTHROPIC, 'hello')] })
  const options = { timeout: 'first_token = "150ms"', retry: 'attempts = 2\nbase_delay = "1ms"' }
  await using gateway = await startChain(one.url, two.url, options)
  const reply = await ask(gateway)
  expect([reply.headers['x-sluice-fallback'], CHAT.textOf(await reply.text())]).toEqual(['two', 'hello'])
  expect(one.requests).toHaveLength(2)
  await one.idle()
})

it('nobody waits for a provider when another one can answer', async () => {
  const headers = { 'retry-after': '15' }
  await using one = await startUpstream({ status: 429, json: CHAT.error('slow down'), headers })
  await using two = await startUpstream({ json: ANTHROPIC.reply('hello') })
  await using gateway = await startChain(one.url, two.url)
  expect((await ask(gateway, false)).headers['x-sluice-fallback']).toBe('two')
})

it('nobody waits longer than the call may take', async () => {
  const headers = { 'retry-after': '15' }
  await using one = await startUpstream({ status: 429, json: CHAT.error('slow down'), headers })
  await using two = await startUpstream({ status: 429, json: ANTHROPIC.error('slow down'), headers })
  await using gateway = await startChain(one.url, two.url, { ofPipeline: 'deadline = "10s"' })
  const reply = await ask(gateway, false)
  expect([reply.status, reply.headers['retry-after'], reply.headers['x-should-retry']]).toEqual([429, '15', 'false'])
  expect([one.requests.length, two.requests.length]).toEqual([1, 1])
})

it('when the client leaves, everything ends', async () => {
  await using one = await startUpstream()
  one.otherwise({ hang: true })
  await using two = await startUpstream()
  two.otherwise({ hang: true })
  await using gateway = await startChain(one.url, two.url, { hedge: 'after = "1ms"' })
  const client = new AbortController()
  const left = fetch(gateway.url + CHAT.path(true), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CHAT.request(true)),
    signal: client.signal,
  })
  await Promise.all([one.request(0), two.request(0)])
  client.abort()
  await expect(left).rejects.toThrow()
  await Promise.all([one.idle(), two.idle()])
  const metrics = await gateway.metrics()
  expect(seriesOf(metrics, 'sluice_fallbacks_total', { processor: 'fallback' })).toBe(0)
  expect(seriesOf(metrics, 'sluice_breaker_state', { provider: 'one' })).toBe(0)
})
