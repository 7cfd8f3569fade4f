/** The first reply passes as it came and is kept; the next call like it gets the same without the provider. */
import { Redis } from 'ioredis'
import { expect, test, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type RedisServer, redisMissing, startRedis } from '../support/redis.ts'
import { type ClientReply, post, startPost } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, gatewayFor, seriesOf, wholeStream } from './dialects.ts'

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

const CHARGED = `
[prices."*"]
input = 1000
output = 1000
`

/** A limit of requests, tokens and dollars and a budget in front of a cache. */
const LIMITED = `
[[pipelines.main.processors]]
use = "rate-limit"
requests_per_minute = 10
limits = [{ of = "tokens", amount = 1_000, every = "1h" }, { of = "dollars", amount = 100, every = "1h" }]

[[pipelines.main.processors]]
use = "budget"
dollars = 50
`

test('a reply from the cache counts as a request, and costs neither tokens nor dollars', async () => {
  const answer = { ...CHAT.reply('hello'), usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 } }
  await using upstream = await startUpstream({ json: answer })
  const lines: string[] = []
  const toml = CHARGED + gatewayFor(CHAT, { provider: upstream.url, steps: LIMITED + STEP })
  await using gateway = await startTestGateway(toml, { log: line => void lines.push(line) })
  const ask = () => post(gateway.url + CHAT.path(false), { ...CHAT.request(false), max_tokens: 100 })
  const replies = []
  for (let call = 0; call < 4; call++) {
    const reply = await ask()
    expect(JSON.parse(await reply.text()).usage).toMatchObject(answer.usage)
    await vi.waitFor(() => expect(lines.filter(line => line.includes('"status"'))).toHaveLength(call + 1))
    replies.push(reply.headers)
  }
  expect(replies.map(headers => headers['x-sluice-cache'])).toEqual(['miss', 'hit', 'hit', 'hit'])
  expect(replies.map(headers => headers['x-ratelimit-remaining-requests'])).toEqual(['9', '8', '7', '6'])
  const [, second, third, fourth] = replies
  expect(Number(second?.['x-sluice-budget-remaining'])).toBeGreaterThan(49)
  expect(third?.['x-sluice-budget-remaining']).toBe(second?.['x-sluice-budget-remaining'])
  expect(fourth?.['x-ratelimit-remaining-tokens']).toBe(second?.['x-ratelimit-remaining-tokens'])
  const costs = lines.filter(line => line.includes('"cost_usd"')).map(line => JSON.parse(line).cost_usd)
  expect(costs).toEqual([0.2, 0, 0, 0])
  expect(seriesOf(await gateway.metrics(), 'sluice_cost_usd_total', { provider: 'up' })).toBeCloseTo(0.2)
})

const missing = redisMissing()
const IN_STORE = `${STEP}keep_in = "store"\n`

if (missing !== undefined) test.skip(`a cache in the store: ${missing}`, () => {})
else {
  test.each(DIALECTS)('$name: one instance answers with what another has kept', async dialect => {
    const stream = wholeStream(dialect, 'he', 'llo')
    await using redis = await startRedis()
    await using upstream = await startUpstream({ json: dialect.reply('hello') }, { chunks: [stream] })
    const toml = storeIn(redis) + gatewayFor(dialect, { provider: upstream.url, steps: IN_STORE })
    await using one = await startTestGateway(toml)
    await using other = await startTestGateway(toml)
    const ask = (gateway: TestGateway, isStream: boolean) =>
      post(gateway.url + dialect.path(isStream), dialect.request(isStream))

    expect(JSON.parse(await (await ask(one, false)).text())).toEqual(dialect.reply('hello'))
    const whole = await hitOf(() => ask(other, false))
    expect(whole.received).toContain('hello')
    expect(await (await ask(one, true)).text()).toBe(stream)
    const streamed = await hitOf(() => ask(other, true))
    expect(dialect.textOf(streamed.received)).toBe('hello')
    expect(dialect.isFinished(streamed.received)).toBe(true)
    expect(upstream.requests).toHaveLength(2)
  })

  test('nothing of a call can be read in the store, and what is spoiled there is asked for anew', async () => {
    await using redis = await startRedis()
    await using upstream = await startUpstream()
    upstream.otherwise({ json: CHAT.reply('hello') })
    const toml = storeIn(redis) + gatewayFor(CHAT, { provider: upstream.url, steps: IN_STORE })
    await using gateway = await startTestGateway(toml)
    const ask = () => post(gateway.url + CHAT.path(false), CHAT.request(false))
    await (await ask()).text()
    await hitOf(ask)
    const side = new Redis(redis.url)
    try {
      const keys = await side.keys('*')
      expect(keys.filter(key => !/^sluice:\{[\w-]{22}\}:1:[a-z-]+:[\w-]{22}$/.test(key))).toEqual([])
      const texts = keys.find(key => key.includes('text-texts')) ?? ''
      for (const [field, text] of Object.entries(await side.hgetall(texts))) {
        expect(field).toMatch(/^[\w-]{22}$/)
        await side.hset(texts, field, text.replace('hello', 'hallo'))
      }
    } finally {
      side.disconnect()
    }
    const spoiled = await ask()
    expect([spoiled.headers['x-sluice-cache'], await spoiled.text()]).toEqual([
      'miss',
      expect.stringContaining('hello'),
    ])
    const failures = { reason: 'unreadable' }
    expect(seriesOf(await gateway.metrics(), 'sluice_cache_store_failures_total', failures)).toBe(1)
    await hitOf(ask)
  })

  test('while the store is gone every call is a miss, and it is used again when it is back', async () => {
    await using redis = await startRedis()
    await using upstream = await startUpstream()
    upstream.otherwise({ json: CHAT.reply('hello') })
    const toml = storeIn(redis) + gatewayFor(CHAT, { provider: upstream.url, steps: IN_STORE })
    await using gateway = await startTestGateway(toml)
    const ask = () => post(gateway.url + CHAT.path(false), CHAT.request(false))
    await (await ask()).text()
    await hitOf(ask)
    await redis.kill()
    for (let call = 0; call < 10; call++) {
      const reply = await ask()
      expect([reply.status, reply.headers['x-sluice-cache']]).toEqual([200, 'miss'])
      await reply.text()
    }
    const failed = seriesOf(await gateway.metrics(), 'sluice_cache_store_failures_total', { reason: 'recall' })
    expect(failed).toBe(10)
    await redis.restart()
    await hitOf(ask)
  })
}

function storeIn(redis: RedisServer): string {
  return `[store]\ndriver = "redis"\nurl = "${redis.url}"\ninstances = 2\n`
}

/** The first reply that comes from the cache: a reply is kept a moment after its client has it. */
async function hitOf(ask: () => Promise<ClientReply>): Promise<ClientReply> {
  return vi.waitFor(
    async () => {
      const reply = await ask()
      await reply.text()
      expect(reply.headers['x-sluice-cache']).toBe('hit')
      return reply
    },
    { timeout: 10_000 },
  )
}
