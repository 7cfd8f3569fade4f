import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, seriesOf, wholeStream } from './dialects.ts'
import { twoProviders } from './two-providers.ts'

function config(one: string, two: string, options: string): string {
  const hedge = `use = "hedge"\nprovider = "two"\nbudget = 1\n${options}`
  return twoProviders({ one, two, steps: [hedge, 'use = "convert"'] })
}

it('the second attempt wins: the first is cut, and the client gets one answer', async () => {
  await using one = await startUpstream({ hang: true })
  await using two = await startUpstream({ chunks: [wholeStream(ANTHROPIC, 'hel', 'lo')] })
  await using gateway = await startTestGateway(config(one.url, two.url, 'after = "20ms"'))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  const stream = await reply.text()
  expect([reply.status, CHAT.textOf(stream), CHAT.isFinished(stream)]).toEqual([200, 'hello', true])
  await (await one.request(0)).aborted
  const metrics = await gateway.metrics()
  expect(seriesOf(metrics, 'sluice_hedges_total', { processor: 'hedge', result: 'won' })).toBe(1)
  expect(seriesOf(metrics, 'sluice_upstream_attempts_total', { provider: 'one', result: 'canceled' })).toBe(1)
  expect(seriesOf(metrics, 'sluice_requests_total', { provider: 'two' })).toBe(1)
})

it('the first attempt wins after all: the second is cut', async () => {
  await using two = await startUpstream({ hang: true })
  await using one = await startUpstream(async () => {
    await two.request(0)
    return { chunks: [wholeStream(CHAT, 'hello')] }
  })
  await using gateway = await startTestGateway(config(one.url, two.url, 'after = "20ms"'))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  expect(CHAT.textOf(await reply.text())).toBe('hello')
  await (await two.request(0)).aborted
  const metrics = await gateway.metrics()
  expect(seriesOf(metrics, 'sluice_hedges_total', { processor: 'hedge', result: 'lost' })).toBe(1)
  expect(seriesOf(metrics, 'sluice_requests_total', { provider: 'one' })).toBe(1)
})

it('what is slow is learned from what was not', async () => {
  await using one = await startUpstream()
  one.otherwise({ chunks: [wholeStream(CHAT, 'quick')] })
  await using two = await startUpstream({ chunks: [wholeStream(ANTHROPIC, 'hedged')] })
  await using gateway = await startTestGateway(config(one.url, two.url, 'min_samples = 5'))
  const ask = async (): Promise<string> => {
    const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
    return CHAT.textOf(await reply.text())
  }
  for (let index = 0; index < 5; index++) expect(await ask()).toBe('quick')
  one.otherwise({ hang: true })
  expect(await ask()).toBe('hedged')
})

it('both attempts end with the client', async () => {
  await using one = await startUpstream({ hang: true })
  await using two = await startUpstream({ hang: true })
  await using gateway = await startTestGateway(config(one.url, two.url, 'after = "1ms"'))
  const client = new AbortController()
  const left = fetch(gateway.url + CHAT.path(true), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CHAT.request(true)),
    signal: client.signal,
  })
  const attempts = [await one.request(0), await two.request(0)]
  client.abort()
  await expect(left).rejects.toThrow()
  await Promise.all(attempts.map(({ aborted }) => aborted))
})
