/** Whatever becomes of calls — answers, failures, retries, fallbacks, hedges, clients that leave — what was reserved is back. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { redisMissing, startRedis } from '../support/redis.ts'
import { startPost } from '../support/sse-client.ts'
import { type Act, startUpstream, type Upstream, type UpstreamRequest } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, type Dialect, seriesOf, wholeStream } from './dialects.ts'

const CALLS = 400
const AT_ONCE = 40
const SEATS = 200
const TOKENS = 1_000_000
const DOLLARS = 1000
/** 365 days in ms: so long that hardly anything refills meanwhile. */
const YEAR = 365 * 86_400_000

function config(one: string, two: string, redis: string | undefined): string {
  const places = '[{ provider = "one" }, { provider = "two" }]'
  const limits = [
    `{ of = "tokens", amount = ${TOKENS}, every = "365d", per = "pipeline" }`,
    `{ of = "dollars", amount = ${DOLLARS}, every = "365d", per = "pipeline" }`,
    `{ of = "concurrent", amount = ${SEATS}, per = "pipeline" }`,
  ]
  const steps = [
    `use = "rate-limit"\nlimits = [${limits.join(', ')}]`,
    `use = "budget"\ndollars = ${DOLLARS}\nper = "pipeline"`,
    `use = "balance"\ntargets = ${places}`,
    `use = "fallback"\nto = ${places}`,
    'use = "hedge"\nafter = "30ms"\nprovider = "two"\nbudget = 1',
    'use = "convert"',
    'use = "retry"\nattempts = 2\nbase_delay = "1ms"\nbudget_per_minute = 100_000',
    'use = "breaker"\nkeep = true\nopen_for = "10ms"',
  ]
  return `
${redis === undefined ? '' : `[store]\ndriver = "redis"\nurl = "${redis}"\ninstances = 2`}

[prices."*"]
input = 1000
output = 1000

[providers.one]
client = "openai-chat"
base_url = "${one}/v1"
api_key = "k"
timeouts = { first_token = "500ms" }

[providers.two]
client = "anthropic-messages"
base_url = "${two}/v1"
api_key = "k"

[pipelines.main]
parsers = ["openai-chat", "anthropic-messages"]
provider = "one"

${steps.map(step => `[[pipelines.main.processors]]\n${step}\n`).join('\n')}`
}

/** What a provider's answers say that they have cost: nothing. So all that is reserved comes back. */
function free(text: string): string {
  return text.replaceAll(/"(\w*tokens)":\d+/g, '"$1":0')
}

/** What becomes of a call at a provider: told by the prompt, the same for every run. */
function actFor({ body }: UpstreamRequest, dialect: Dialect): Act {
  const text = body.toString()
  const stream = text.includes('"stream":true')
  const [, index, who] = /call-(\d+) (leaves|stays)/.exec(text) ?? []
  const dice = Math.imul(Number(index) * 2 + (dialect === CHAT ? 1 : 2), 2654435761) >>> 16
  const headers = { connection: 'close' }
  if (dice % 10 === 0) return { status: 500, json: dialect.error('no'), headers }
  if (dice % 10 === 1) return { refuse: 'reset' }
  if (dice % 10 === 2) return { status: 429, json: dialect.error('no'), headers: { ...headers, 'retry-after-ms': '5' } }
  // Where it is a stream that stays, it is hedged.
  if (dice % 10 === 3 && dialect === CHAT && (stream || who === 'leaves')) return { hang: true }
  if (who === 'leaves') return { chunks: [dialect.preamble + dialect.piece('he')], ending: 'stall', headers }
  if (stream) return { chunks: [usageTold(wholeStream(dialect, 'hello'), dialect)], headers }
  return {
    body: free(JSON.stringify(dialect.reply('hello'))),
    headers: { ...headers, 'content-type': 'application/json' },
  }
}

/** OpenAI tells the usage in a chunk of its own. */
function usageTold(stream: string, { name }: Dialect): string {
  if (name !== 'openai-chat') return free(stream)
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage }
  return stream.replace('data: [DONE]', `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]`)
}

/** Those that leave do so before there is an answer, with its head, or in the middle of it. */
async function call(url: string, index: number, leaves: boolean): Promise<void> {
  const dialect = index % 3 === 0 ? ANTHROPIC : CHAT
  const stream = index % 2 === 0
  const client = new AbortController()
  const prompt = `call-${index} ${leaves ? 'leaves' : 'stays'}`
  const asked = startPost(url + dialect.path(stream), dialect.request(stream, prompt), client.signal)
  if (leaves) setTimeout(() => client.abort(), index % 60)
  const reply = await asked.catch(() => undefined)
  if (leaves && index % 4 === 0) reply?.abort()
  await reply?.ended
}

async function storm(gateways: readonly TestGateway[], leaves: (index: number) => boolean): Promise<void> {
  let index = 0
  const work = async (): Promise<void> => {
    while (index < CALLS) {
      const own = index++
      await call(gateways[own % gateways.length]?.url ?? '', own, leaves(own))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** What is left of everything, as the store says. */
async function leftIn({ services }: TestGateway) {
  const limits = services.store.forStep('main', 'rate-limit')
  const day = { refill: 0, periodMs: 1, cost: 0 }
  const month = new Date().toISOString().slice(0, 7)
  const seats = await limits.reserve([{ key: 'concurrent:all', slots: SEATS }])
  await seats.settle()
  const spent = await limits.take([
    { ...day, key: `tokens_per_other${YEAR}:all`, capacity: TOKENS },
    { ...day, key: `dollars_per_other${YEAR}:all`, capacity: DOLLARS },
  ])
  const budget = await services.store
    .forStep('main', 'budget')
    .take([{ ...day, key: `${month}:all`, capacity: DOLLARS }])
  const [tokens = 0, dollars = 0, budgeted = 0] = [...spent.buckets, ...budget.buckets].map(
    ({ remaining }) => remaining,
  )
  return { seats: (seats.buckets[0]?.remaining ?? -1) + 1, tokens, dollars, budgeted }
}

type Start = (one: Upstream, two: Upstream) => Promise<readonly TestGateway[]>

function testStorms(start: Start): void {
  test('everything is back', async () => {
    await using one = await startUpstream()
    one.otherwise(request => actFor(request, CHAT))
    await using two = await startUpstream()
    two.otherwise(request => actFor(request, ANTHROPIC))
    const gateways = await start(one, two)
    const [gateway] = gateways
    if (!gateway) throw new Error('there is no gateway')

    await storm(gateways, () => false)
    const all = { seats: SEATS, tokens: TOKENS, dollars: DOLLARS, budgeted: DOLLARS }
    await vi.waitFor(async () => expect(await leftIn(gateway)).toEqual(all), { timeout: 10_000 })
    const metrics = (await Promise.all(gateways.map(each => each.metrics()))).join('\n')
    for (const name of ['sluice_retries_total', 'sluice_fallbacks_total', 'sluice_hedges_total']) {
      expect(metrics, name).toMatch(new RegExp(`^${name}\\{.*\\} [1-9]`, 'm'))
    }

    // Of clients that leave in the middle, what was said by then is charged.
    await storm(gateways, index => index % 3 > 0)
    const most = CALLS * 100
    await vi.waitFor(async () => {
      const left = await leftIn(gateway)
      expect(left.seats).toBe(SEATS)
      expect(left.tokens).toBeGreaterThan(TOKENS - most)
      expect(left.dollars).toBeCloseTo(DOLLARS - (TOKENS - left.tokens) / 1000, 1)
      expect(left.budgeted).toBeCloseTo(left.dollars, 1)
    })
    for (const each of gateways) expect(seriesOf(await each.metrics(), 'sluice_inflight_requests', {})).toBe(0)
    await Promise.all([one.idle(), two.idle()])
  }, 60_000)
}

async function startAll(count: number, toml: string): Promise<readonly TestGateway[]> {
  const gateways = await Promise.all(Array.from({ length: count }, () => startTestGateway(toml)))
  for (const gateway of gateways) onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateways
}

describe('in memory', () => {
  testStorms((one, two) => startAll(1, config(one.url, two.url, undefined)))
})

const missing = redisMissing()

if (missing !== undefined) test.skip(`storms at limits in Redis: ${missing}`, () => {})
else {
  describe('in Redis, between two gateways', () => {
    testStorms(async (one, two) => {
      const redis = await startRedis()
      onTestFinished(() => redis[Symbol.asyncDispose]())
      return startAll(2, config(one.url, two.url, redis.url))
    })
  })
}
