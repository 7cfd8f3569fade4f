/** A thousand calls at once, limits of a hundred, whichever store keeps them: no call more gets through, and none less. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { startGatewayCommand } from '../support/gateway-command.ts'
import { type RedisServer, redisMissing, startRedis } from '../support/redis.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { CHAT } from './dialects.ts'

const CALLS = 1000
const LIMIT = 100
const OUTPUT = 10

/** What each limit would be used up by, were it not for the others. A day: nothing refills meanwhile. */
const LIMITS: Readonly<Record<string, string>> = {
  requests: `{ of = "requests", amount = ${LIMIT}, every = "24h", per = "model" }`,
  output_tokens: `{ of = "output_tokens", amount = ${LIMIT * OUTPUT}, every = "24h", per = "model" }`,
  dollars: `{ of = "dollars", amount = ${LIMIT * OUTPUT * 0.001}, every = "24h", per = "model" }`,
  concurrent: `{ of = "concurrent", amount = ${LIMIT}, per = "model" }`,
}

function config(limit: string, upstream: string, redis: string | undefined, instances: number): string {
  return `
${redis === undefined ? '' : `[store]\ndriver = "redis"\nurl = "${redis}"\ninstances = ${instances}`}

[prices."*"]
input = 0
output = 1000

[providers.main]
client = "openai-chat"
base_url = "${upstream}/v1"
api_key = "k"

[pipelines.main]
parsers = ["openai-chat"]
provider = "main"

[[pipelines.main.processors]]
use = "rate-limit"
limits = [${limit}]
`
}

/** A provider that answers nobody before all calls are either with it or refused. What it answers costs nothing. */
class HoldingProvider {
  readonly #waiting: (() => void)[] = []
  #missing = 0

  constructor(upstream: Upstream) {
    upstream.otherwise(async () => {
      await new Promise<void>(resolve => {
        this.#waiting.push(resolve)
        this.settled()
      })
      return { json: { ...CHAT.reply('hello'), usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } } }
    })
  }

  expect(calls: number): void {
    this.#missing = calls
  }

  /** Of one more call it is known what becomes of it. */
  settled(): void {
    if (--this.#missing > 0) return
    for (const answer of this.#waiting.splice(0)) answer()
  }
}

interface Stage {
  readonly urls: readonly string[]
  readonly provider: HoldingProvider
}

/** @returns how many of the calls were let through; all others were refused with 429 */
async function fire({ urls, provider }: Stage, model: string): Promise<number> {
  provider.expect(CALLS)
  const statuses = await Promise.all(
    Array.from({ length: CALLS }, async (_, index) => {
      const url = `${urls[index % urls.length]}/v1/chat/completions`
      const reply = await post(url, { ...CHAT.request(false), model, max_tokens: OUTPUT })
      if (reply.status !== 200) provider.settled()
      await reply.ended
      return reply.status
    }),
  )
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
  return statuses.filter(status => status === 200).length
}

/** What instances decided by themselves, because Redis was silent for too long: on a machine with too much to do. */
async function decidedLocally({ urls }: Stage): Promise<number> {
  const pages = await Promise.all(urls.map(async url => (await fetch(`${url}/metrics`)).text()))
  const counts = pages.join('\n').matchAll(/^sluice_store_fallbacks_total\{.*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Each round has a limit of its own. The first in which Redis always answered in time has to be exact. */
async function exactRound(stage: Stage): Promise<string> {
  for (let round = 0; round < 5; round++) {
    const before = await decidedLocally(stage)
    const model = randomUUID()
    const admitted = await fire(stage, model)
    const local = (await decidedLocally(stage)) - before
    expect(Math.abs(admitted - LIMIT)).toBeLessThanOrEqual(local)
    if (local === 0) return model
  }
  throw new Error('Redis was late in every round')
}

/** Starts gateways for one test. @returns their addresses */
type Start = (limit: string, upstream: Upstream) => Promise<readonly string[]>

async function startHere(toml: string): Promise<readonly string[]> {
  const gateway = await startTestGateway(toml)
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return [gateway.url]
}

async function startTwoProcesses(toml: string): Promise<readonly string[]> {
  const gateways = await Promise.all([startGatewayCommand(toml), startGatewayCommand(toml)])
  return gateways.map(({ url }) => url)
}

function testLimits(start: Start): void {
  test.each(Object.keys(LIMITS))(
    `of ${CALLS} calls at once a limit of ${LIMIT} %s admits ${LIMIT}`,
    async kind => {
      await using upstream = await startUpstream()
      const stage = { urls: await start(LIMITS[kind] ?? '', upstream), provider: new HoldingProvider(upstream) }
      const model = await exactRound(stage)
      if (kind === 'requests') return
      // What was reserved was not used, and what was taken is back.
      const before = await decidedLocally(stage)
      const again = await fire(stage, model)
      expect(Math.abs(again - LIMIT)).toBeLessThanOrEqual((await decidedLocally(stage)) - before)
    },
    60_000,
  )
}

describe('in memory', () => {
  testLimits((limit, { url }) => startHere(config(limit, url, undefined, 1)))
})

const missing = redisMissing()

if (missing !== undefined) test.skip(`limits in Redis under fire: ${missing}`, () => {})
else {
  describe('in Redis', () => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis[Symbol.asyncDispose]())

    describe('of one process', () => {
      testLimits((limit, { url }) => startHere(config(limit, url, redis.url, 1)))
    })

    describe('between two processes', () => {
      testLimits((limit, { url }) => startTwoProcesses(config(limit, url, redis.url, 2)))
    })
  })
}
