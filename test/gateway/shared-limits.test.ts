/** Limits, budgets and prices of whole gateways, alone and with a Redis between them. */
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type RedisServer, redisMissing, startRedis } from '../support/redis.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, seriesOf, wholeStream } from './dialects.ts'

interface Setting {
  readonly upstream: string
  readonly redis?: string
  readonly instances?: number
  readonly steps: string
  readonly parser?: string
}

function config({ upstream, redis, instances = 1, steps, parser = 'openai-chat' }: Setting): string {
  return `
${redis === undefined ? '' : `[store]\ndriver = "redis"\nurl = "${redis}"\ninstances = ${instances}`}

[prices."*"]
input = 1000
output = 1000

[providers.main]
client = "openai-chat"
base_url = "${upstream}/v1"
api_key = "k"
stream_usage = "leave"

[pipelines.main]
parsers = ["${parser}"]
provider = "main"

${steps}

[[pipelines.main.processors]]
use = "convert"
`
}

const ANSWER = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 },
}

function step(use: string, options: string): string {
  return `[[pipelines.main.processors]]\nuse = "${use}"\n${options}`
}

function ask(gateway: TestGateway): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

async function statuses(gateway: TestGateway, count: number): Promise<readonly number[]> {
  const replies = await Promise.all(Array.from({ length: count }, () => ask(gateway)))
  await Promise.all(replies.map(reply => reply.arrayBuffer()))
  return replies.map(({ status }) => status)
}

it('a call is priced in the log and in a metric', async () => {
  await using upstream = await startUpstream({ json: ANSWER })
  const lines: string[] = []
  await using gateway = await startTestGateway(config({ upstream: upstream.url, steps: '' }), {
    log: line => void lines.push(line),
  })
  expect(await statuses(gateway, 1)).toEqual([200])
  await vi.waitFor(() => expect(lines.find(line => line.includes('"cost_usd"'))).toBeDefined())
  expect(JSON.parse(lines.find(line => line.includes('"cost_usd"')) ?? '{}')).toMatchObject({ cost_usd: 0.2 })
  const labels = { pipeline: 'main', provider: 'main', model: '*' }
  expect(seriesOf(await gateway.metrics(), 'sluice_cost_usd_total', labels)).toBeCloseTo(0.2)
})

it('a slot is held until the last byte of a stream, and free when its client leaves', async () => {
  await using upstream = await startUpstream({ hang: true }, { hang: true })
  upstream.otherwise({ json: ANSWER })
  await using gateway = await startTestGateway(
    config({ upstream: upstream.url, steps: step('rate-limit', 'concurrent = 2') }),
  )
  const leaving = [new AbortController(), new AbortController()]
  const held = leaving.map(({ signal }) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x' }] }),
    }).catch(() => {}),
  )
  await Promise.all([upstream.request(0), upstream.request(1)])
  const refused = await ask(gateway)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('2 calls at a time') } })
  for (const each of leaving) each.abort()
  await Promise.all(held)
  await vi.waitFor(async () => expect(await statuses(gateway, 1)).toEqual([200]))
})

it('a refusal is told in the words and headers of the client', async () => {
  await using upstream = await startUpstream({ chunks: [wholeStream(CHAT, 'hello')] })
  const steps = step(
    'rate-limit',
    'limits = [{ of = "output_tokens", amount = 50, per = "model" }, { of = "requests", amount = 1 }]',
  )
  await using gateway = await startTestGateway(config({ upstream: upstream.url, steps, parser: 'anthropic-messages' }))
  const first = await post(gateway.url + ANTHROPIC.path(true), ANTHROPIC.request(true))
  await first.text()
  expect(first.status).toBe(200)
  expect(first.headers).toMatchObject({ 'anthropic-ratelimit-output-tokens-limit': '50' })
  const second = await post(gateway.url + ANTHROPIC.path(true), ANTHROPIC.request(true))
  expect(second.status).toBe(429)
  expect(JSON.parse(await second.text())).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
  expect(Number(second.headers['retry-after'])).toBeGreaterThan(0)
})

const missing = redisMissing()

if (missing !== undefined) test.skip(`Redis between gateways: ${missing}`, () => {})
else {
  describe('with a Redis between them', () => {
    let redis: RedisServer
    beforeEach(async () => {
      redis = await startRedis()
    })
    afterEach(async () => {
      redis.resume()
      await redis[Symbol.asyncDispose]()
    })

    it('two gateways have one limit', async () => {
      await using upstream = await startUpstream()
      upstream.otherwise({ json: ANSWER })
      const toml = config({
        upstream: upstream.url,
        redis: redis.url,
        steps: step('rate-limit', 'requests_per_hour = 20'),
      })
      await using one = await startTestGateway(toml)
      await using two = await startTestGateway(toml)
      const all = [...(await statuses(one, 15)), ...(await statuses(two, 15))]
      expect((await fallbacks(one)) + (await fallbacks(two))).toBe(0)
      expect(all.filter(status => status === 200)).toHaveLength(20)
    })

    it('a budget outlives a restart', async () => {
      await using upstream = await startUpstream({ json: ANSWER })
      const toml = config({ upstream: upstream.url, redis: redis.url, steps: step('budget', 'dollars = 0.3') })
      {
        await using before = await startTestGateway(toml)
        expect(await statuses(before, 1)).toEqual([200])
        await vi.waitFor(async () =>
          expect(seriesOf(await before.metrics(), 'sluice_cost_usd_total', {})).toBeCloseTo(0.2),
        )
      }
      await using after = await startTestGateway(toml)
      const refused = await ask(after)
      expect(refused.status).toBe(402)
      expect(await refused.json()).toMatchObject({
        error: { code: 'insufficient_quota', message: expect.stringContaining('budget of 0.3 dollars a month') },
      })
    })

    it('no call fails when Redis dies and is restarted under load', async () => {
      await using upstream = await startUpstream()
      upstream.otherwise({ json: ANSWER })
      const steps = step(
        'rate-limit',
        'requests_per_second = 1_000_000\ntokens_per_minute = 1_000_000_000\nconcurrent = 100',
      )
      await using gateway = await startTestGateway(config({ upstream: upstream.url, redis: redis.url, steps }))
      const seen: number[] = []
      let isOver = false
      const callers = Array.from({ length: 4 }, async () => {
        while (!isOver) seen.push(...(await statuses(gateway, 1)))
      })
      await vi.waitFor(() => expect(seen.length).toBeGreaterThan(20))
      await redis.kill()
      const dead = seen.length
      await vi.waitFor(() => expect(seen.length).toBeGreaterThan(dead + 50), { timeout: 10_000 })
      expect(await gateway.metrics()).toContain('\nsluice_store_up 0\n')
      await redis.restart()
      await vi.waitFor(async () => expect(await gateway.metrics()).toContain('\nsluice_store_up 1\n'), {
        timeout: 10_000,
      })
      isOver = true
      await Promise.all(callers)
      expect(new Set(seen)).toEqual(new Set([200]))
    })

    it('while Redis hangs, limits go on by shares, and budgets close when their grace is over', async () => {
      await using upstream = await startUpstream()
      upstream.otherwise({ json: ANSWER })
      const limit = config({
        upstream: upstream.url,
        redis: redis.url,
        instances: 4,
        steps: step('rate-limit', 'requests_per_hour = 40\nper = "pipeline"'),
      })
      const budget = config({
        upstream: upstream.url,
        redis: redis.url,
        steps: step('budget', 'dollars = 99\ngrace = "1ms"'),
      })
      await using limited = await startTestGateway(limit)
      await using budgeted = await startTestGateway(budget)
      expect([await statuses(limited, 1), await statuses(budgeted, 1)]).toEqual([[200], [200]])
      redis.pause()
      const all = await statuses(limited, 30)
      expect(all.filter(status => status === 200)).toHaveLength(10)
      expect(all.filter(status => status === 429)).toHaveLength(20)
      expect(await fallbacks(limited)).toBeGreaterThan(0)
      expect(await limited.metrics()).toContain('\nsluice_store_up 0\n')
      await vi.waitFor(async () => expect(await statuses(budgeted, 1)).toEqual([503]))
      redis.resume()
      await vi.waitFor(async () => expect(await statuses(budgeted, 1)).toEqual([200]), { timeout: 10_000 })
      await vi.waitFor(async () => expect(await statuses(limited, 1)).toEqual([200]), { timeout: 10_000 })
      expect(await limited.metrics()).toContain('\nsluice_store_up 1\n')
    })
  })
}

async function fallbacks(gateway: TestGateway): Promise<number> {
  const text = await gateway.metrics()
  return ['take', 'reserve', 'settle'].reduce(
    (sum, operation) => sum + (seriesOf(text, 'sluice_store_fallbacks_total', { operation }) ?? 0),
    0,
  )
}
