/** The first reply passes as it came and is kept; the next call like it gets the same without the provider. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post, startPost } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, gatewayFor, wholeStream } from './dialects.ts'

const STEP = `
[[pipelines.main.processors]]
use = "cache"
`

test.each(DIALECTS)('$name: whole replies and streams', async dialect => {
  const stream = wholeStream(dialect, 'he', 'llo')
  await using upstream = await startUpstream({ json: dialect.reply('hello') }, { chunks: [stream] })
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: STEP }))
  const ask = (isStream: boolean) => post(gateway.url + dialect.path(isStream), dialect.request(isStream))

  const [whole, again] = [await ask(false), await ask(false)]
  expect(JSON.parse(await whole.text())).toEqual(dialect.reply('hello'))
  expect(again.headers['x-sluice-cache'], await again.text()).toBe('hit')
  expect(again.status).toBe(200)
  expect(again.received).toContain('hello')

  const [first, second] = [await ask(true), await ask(true)]
  expect(first.headers['x-sluice-cache']).toBe('miss')
  expect(await first.text()).toBe(stream)
  expect(second.headers['x-sluice-cache']).toBe('hit')
  expect(dialect.textOf(await second.text())).toBe('hello')
  expect(dialect.isFinished(second.received)).toBe(true)
  expect(upstream.requests).toHaveLength(2)
})

test('calls at the same time wait for one reply', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  await using upstream = await startUpstream(async () => {
    await promise
    return { json: CHAT.reply('hello') }
  })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: STEP }))
  const replies = Array.from({ length: 5 }, () => post(gateway.url + CHAT.path(false), CHAT.request(false)))
  await upstream.request(0)
  resolve()
  const results = await Promise.all(replies)
  expect(results.map(({ headers }) => headers['x-sluice-cache']).sort()).toEqual(['hit', 'hit', 'hit', 'hit', 'miss'])
  expect(upstream.requests).toHaveLength(1)
})

test('when the one that they wait for leaves, another asks', async () => {
  await using upstream = await startUpstream({ hang: true }, { json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: STEP }))
  const url = gateway.url + CHAT.path(false)
  const leaving = new AbortController()
  const first = startPost(url, CHAT.request(false), leaving.signal).catch(() => 'left')
  await upstream.request(0)
  const others = [post(url, CHAT.request(false)), post(url, CHAT.request(false))]
  leaving.abort()
  expect(await first).toBe('left')
  const results = await Promise.all(others)
  expect(results.map(({ status }) => status)).toEqual([200, 200])
  expect(results.map(({ headers }) => headers['x-sluice-cache']).sort()).toEqual(['hit', 'miss'])
  expect(upstream.requests).toHaveLength(2)
})

test('vectors are kept too', async () => {
  const body = {
    object: 'list',
    model: 'm',
    data: [{ object: 'embedding', index: 0, embedding: [0.5, -1e-7] }],
    usage: { prompt_tokens: 1, total_tokens: 1 },
  }
  await using upstream = await startUpstream({ json: body })
  const embeddings = { ...CHAT, name: 'openai-embeddings' }
  await using gateway = await startTestGateway(gatewayFor(embeddings, { provider: upstream.url, steps: STEP }))
  const ask = () => post(`${gateway.url}/v1/embeddings`, { model: 'm', input: 'water' })
  const [first, second] = [await ask(), await ask()]
  expect(await first.json()).toEqual(body)
  expect(second.headers['x-sluice-cache']).toBe('hit')
  expect(await second.json()).toEqual(body)
})
