/** Redis stopped, paused and killed while gateways are under load: no call fails, each keeps its share, sharing comes back. */
import { Redis } from 'ioredis'
import { describe, expect, test, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type RedisServer, redisMissing, startRedis } from '../support/redis.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT } from './dialects.ts'

const LIMIT = 40
const INSTANCES = 4
const CALLERS = 8

/**
 * Each model has limits of its own: load with a model for each call is never refused. All calls of a round may be under way
 * at a time, so that it is its requests that are counted.
 */
function config(upstream: string, redis: string): string {
  const limits = [
    `{ of = "requests", amount = ${LIMIT}, every = "24h", per = "model" }`,
    '{ of = "tokens", amount = 1_000_000, every = "24h", per = "model" }',
    `{ of = "concurrent", amount = ${2 * LIMIT * INSTANCES}, per = "pipeline" }`,
  ]
  return `
[store]
driver = "redis"
url = "${redis}"
instances = ${INSTANCES}

[providers.main]
client = "openai-chat"
base_url = "${upstream}/v1"
api_key = "k"

[pipelines.main]
parsers = ["openai-chat"]
provider = "main"

[[pipelines.main.processors]]
use = "rate-limit"
limits = [${limits.join(', ')}]

[[pipelines.main.processors]]
use = "budget"
dollars = 1000
per = "pipeline"
grace = "1h"
`
}

async function ask({ url }: TestGateway, model: string): Promise<number> {
  const reply = await post(url + CHAT.path(false), { ...CHAT.request(false), model })
  await reply.text()
  return reply.status
}

/** Of so many calls for one model, how many got through; the others were refused with 429. */
async function admitted(gateways: readonly TestGateway[], count: number, model: string): Promise<number> {
  const calls = Array.from({ length: count }, (_, index) => {
    const gateway = gateways[index % gateways.length]
    if (!gateway) throw new Error('there is no gateway')
    return ask(gateway, model)
  })
  const statuses = await Promise.all(calls)
  expect(statuses.filter(status => status !== 200 && status !== 429)).toEqual([])
  return statuses.filter(status => status === 200).length
}

/** Calls without a pause at all gateways in turn, until it is stopped. */
function startLoad(gateways: readonly TestGateway[], name: string) {
  const load = { statuses: [] as number[], slowestMs: 0, stop }
  let isOver = false
  let calls = 0
  const callers = Array.from({ length: CALLERS }, async () => {
    while (!isOver) {
      const startedAt = performance.now()
      const own = calls++
      load.statuses.push(
        await admitted(
          [gateways[own % gateways.length]].flatMap(each => each ?? []),
          1,
          `${name}-${own}`,
        ),
      )
      load.slowestMs = Math.max(load.slowestMs, performance.now() - startedAt)
    }
  })
  async function stop(): Promise<void> {
    isOver = true
    await Promise.all(callers)
  }
  return load
}

async function isUp(gateway: TestGateway): Promise<boolean> {
  return (await gateway.metrics()).includes('\nsluice_store_up 1\n')
}

async function decidedLocally(gateway: TestGateway): Promise<number> {
  const counts = (await gateway.metrics()).matchAll(/^sluice_store_fallbacks_total\{.*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Between them there is one limit again: exactly so, once Redis is never late. */
async function shareOneLimit(gateways: readonly TestGateway[]): Promise<void> {
  const decided = async (): Promise<number> =>
    (await Promise.all(gateways.map(decidedLocally))).reduce((sum, count) => sum + count, 0)
  for (let round = 0; round < 10; round++) {
    const before = await decided()
    const shared = await admitted(gateways, 2 * LIMIT, `afterwards-${round}`)
    const local = (await decided()) - before
    expect(Math.abs(shared - LIMIT)).toBeLessThanOrEqual(local)
    if (local === 0) return
  }
  throw new Error('Redis was late in every round')
}

interface Outage {
  begin(redis: RedisServer, side: Redis): unknown
  end(redis: RedisServer, side: Redis): unknown
}

const OUTAGES: Readonly<Record<string, Outage>> = {
  'stopped and continued': { begin: redis => redis.pause(), end: redis => redis.resume() },
  'paused for its clients': {
    begin: (_, side) => side.call('CLIENT', 'PAUSE', '60000', 'WRITE'),
    end: (_, side) => side.call('CLIENT', 'UNPAUSE'),
  },
  'killed and started again': { begin: redis => redis.kill(), end: redis => redis.restart() },
}

const missing = redisMissing()

if (missing !== undefined) test.skip(`Redis that fails under gateways: ${missing}`, () => {})
else {
  describe('a Redis that is', () => {
    test.each(Object.keys(OUTAGES))(
      '%s under load',
      async name => {
        const outage = OUTAGES[name]
        if (!outage) throw new Error(name)
        await using redis = await startRedis()
        const side = new Redis(redis.url)
        side.on('error', () => {})
        await using upstream = await startUpstream()
        upstream.otherwise({ json: CHAT.reply('hello') })
        await using one = await startTestGateway(config(upstream.url, redis.url))
        await using two = await startTestGateway(config(upstream.url, redis.url))
        const gateways = [one, two]

        const load = startLoad(gateways, 'load')
        await vi.waitFor(() => expect(load.statuses.length).toBeGreaterThan(200), { timeout: 10_000 })
        load.slowestMs = 0
        await outage.begin(redis, side)
        const before = load.statuses.length
        await vi.waitFor(() => expect(load.statuses.length).toBeGreaterThan(before + 300), { timeout: 15_000 })
        expect(await Promise.all(gateways.map(isUp))).toEqual([false, false])
        for (const gateway of gateways) {
          expect(await decidedLocally(gateway)).toBeGreaterThan(0)
          expect(await admitted([gateway], LIMIT, 'meanwhile')).toBe(LIMIT / INSTANCES)
        }

        await outage.end(redis, side)
        await vi.waitFor(async () => expect(await Promise.all(gateways.map(isUp))).toEqual([true, true]), {
          timeout: 15_000,
        })
        await load.stop()
        await shareOneLimit(gateways)
        expect(load.statuses.filter(count => count !== 1)).toEqual([])
        expect(load.slowestMs).toBeLessThan(3000)
        side.disconnect()
      },
      60_000,
    )
  })
}
