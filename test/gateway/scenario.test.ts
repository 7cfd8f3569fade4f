/** What people run together, in one chain: keys, limits, money, a cache, a guard, prompts, names of models, failover. */
import { expect, test, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ClientReply, post } from '../support/sse-client.ts'
import { startUpstream, type UpstreamRequest } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, DIALECTS, type Dialect, GEMINI, seriesOf, wholeStream } from './dialects.ts'

const PROVIDERS = [
  { name: 'alpha', dialect: CHAT },
  { name: 'beta', dialect: ANTHROPIC },
  { name: 'gamma', dialect: GEMINI },
] as const
type Name = (typeof PROVIDERS)[number]['name']

const SECRET = 'sk-proj-0123456789abcdefghijklmnop'
const HEADERS = { authorization: 'Bearer alices-long-random-key' }
const TOKENS = 100_000
const DOLLARS = 100
const SEATS = 5
/** 365 days in ms: so long that nothing refills meanwhile. */
const YEAR = 365 * 86_400_000
/** Of every answer, by all providers: three tokens in, two out. */
const USED = 5

function config(urls: readonly string[]): string {
  const places = `[${PROVIDERS.map(({ name }) => `{ provider = "${name}" }`).join(', ')}]`
  const limits = [
    '{ of = "requests", amount = 10_000, every = "24h" }',
    `{ of = "tokens", amount = ${TOKENS}, every = "365d", per = "team" }`,
    `{ of = "concurrent", amount = ${SEATS}, per = "team" }`,
  ]
  const steps = [
    'use = "auth"\nkeys = [{ name = "alice", key = "alices-long-random-key", team = "red" }]',
    `use = "rate-limit"\nlimits = [${limits.join(', ')}]`,
    `use = "budget"\ndollars = ${DOLLARS}\nper = "team"`,
    'use = "cache"',
    'use = "guard"\ndetect = ["credential"]\naction = "mask"',
    'use = "prompt"\nappend = "House rule for {{key}}: be brief."',
    'use = "models"\naliases = { m = "big" }\non_unknown = "refuse"',
    `use = "balance"\ntargets = ${places}`,
    `use = "fallback"\nto = ${places}`,
    'use = "convert"',
    'use = "retry"\nattempts = 2\nbase_delay = "1ms"\nbudget_per_minute = 1_000',
    'use = "breaker"\nfailures = 6\nerror_rate = 1\nopen_for = "1m"',
  ]
  const tables = PROVIDERS.map(
    ({ name, dialect }, index) =>
      `[providers.${name}]\nclient = "${dialect.name}"\nbase_url = "${urls[index]}"\napi_key = "k"\n`,
  )
  return `
[prices."*"]
input = 1000
output = 1000

${tables.join('\n')}
[pipelines.main]
parsers = [${DIALECTS.map(({ name }) => `"${name}"`).join(', ')}]
provider = "alpha"

${steps.map(step => `[[pipelines.main.processors]]\n${step}\n`).join('\n')}`
}

/** The providers of a test: all fail but one. */
class Stage implements AsyncDisposable {
  /** Who was asked, in this order. */
  readonly asked: Name[] = []
  readonly requests: UpstreamRequest[] = []
  readonly #upstreams: readonly AsyncDisposable[]
  readonly gateway: TestGateway
  /** Who answers; `undefined`: nobody. */
  able: Name | undefined = 'alpha'

  private constructor(upstreams: readonly AsyncDisposable[], gateway: TestGateway) {
    this.#upstreams = upstreams
    this.gateway = gateway
  }

  static async start(): Promise<Stage> {
    const upstreams = await Promise.all(PROVIDERS.map(() => startUpstream()))
    const stage = new Stage(upstreams, await startTestGateway(config(upstreams.map(({ url }) => url))))
    for (const [index, { name, dialect }] of PROVIDERS.entries()) {
      upstreams[index]?.otherwise(request => {
        stage.asked.push(name)
        stage.requests.push(request)
        if (stage.able !== name) return { status: 500, json: dialect.error('no') }
        const isStream = /"stream":true|streamGenerate/.test(request.url + request.body)
        if (!isStream) return { json: dialect.reply(`Use ${SECRET} now.`) }
        return { chunks: [streamOf(dialect)], pace: 'tick' }
      })
    }
    return stage
  }

  ask(dialect: Dialect, stream: boolean, prompt: string, headers: Readonly<Record<string, string>> = HEADERS) {
    return post(this.gateway.url + dialect.path(stream), dialect.request(stream, prompt), headers)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    for (const upstream of this.#upstreams) await upstream[Symbol.asyncDispose]()
  }
}

/** The secret comes in two events, and OpenAI tells the usage in a chunk of its own. */
function streamOf(dialect: Dialect): string {
  const stream = wholeStream(dialect, 'Use ', SECRET.slice(0, 9), SECRET.slice(9), ' now.')
  if (dialect !== CHAT) return stream
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage }
  return stream.replace('data: [DONE]', `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]`)
}

/** Whom a call asks that balance sent to `chosen`: each twice, until one answers. */
function attemptsFrom(chosen: Name, able: Name): readonly Name[] {
  const order = [chosen, ...PROVIDERS.map(({ name }) => name).filter(name => name !== chosen)]
  return [...order.slice(0, order.indexOf(able)).flatMap(name => [name, name]), able]
}

async function expectAnswer(dialect: Dialect, stream: boolean, reply: ClientReply): Promise<void> {
  const text = await reply.text()
  expect(reply.status, text).toBe(200)
  expect(text).not.toContain(SECRET.slice(8))
  if (!stream) return expect(text).toContain('Use [removed] now.')
  expect(dialect.textOf(text)).toBe('Use [removed] now.')
  expect(dialect.isFinished(text)).toBe(true)
}

/** A limit that stands in the headers which the SDK of the format reads. */
function limitTold(dialect: Dialect, { headers }: ClientReply): unknown {
  return headers[dialect === ANTHROPIC ? 'anthropic-ratelimit-tokens-limit' : 'x-ratelimit-limit-tokens']
}

test('every client gets its answer from whoever can give it, within its limits, and all counts add up', async () => {
  await using stage = await Stage.start()
  const { gateway } = stage
  let misses = 0
  for (const client of DIALECTS) {
    for (const stream of [false, true]) {
      for (const { name: able, dialect } of PROVIDERS) {
        stage.able = able
        const chosen = PROVIDERS[misses++ % PROVIDERS.length]?.name ?? 'alpha'
        const what = `${client.name} ${stream} ${able}`
        const prompt = `My ${SECRET}, ${what}`
        const before = stage.asked.length
        const first = await stage.ask(client, stream, prompt)
        await expectAnswer(client, stream, first)
        expect(stage.asked.slice(before), what).toEqual(attemptsFrom(chosen, able))
        expect(first.headers['x-sluice-fallback'], what).toBe(chosen === able ? undefined : able)
        expect(first.headers['x-sluice-cache'], what).toBe('miss')
        if (client !== GEMINI) expect(limitTold(client, first), what).toBe(String(TOKENS))
        expect(Number(first.headers['x-sluice-budget-remaining']), what).toBeGreaterThan(0)

        const sent = stage.requests.at(-1)
        const body = sent?.body.toString() ?? ''
        expect(body, what).toContain('My [removed]')
        expect(body, what).toContain('House rule for alice: be brief.')
        expect(body + sent?.headers.authorization, what).not.toMatch(/sk-proj-0|alices/)
        expect(dialect === GEMINI ? sent?.url : body, what).toContain('big')

        // The same again: nobody is asked, and it has the words and the shape of the first.
        const second = await stage.ask(client, stream, prompt)
        await expectAnswer(client, stream, second)
        expect(second.headers['x-sluice-cache'], what).toBe('hit')
        expect(stage.asked.length, what).toBe(before + attemptsFrom(chosen, able).length)
      }
    }
  }
  expect(misses).toBe(24)

  const stranger = await stage.ask(ANTHROPIC, false, 'x', { 'x-api-key': 'a key of nobody' })
  expect([stranger.status, ANTHROPIC.messageOf(await stranger.json())]).toEqual([401, expect.any(String)])
  const unknown = await post(gateway.url + CHAT.path(false), { ...CHAT.request(false), model: 'other' }, HEADERS)
  expect([unknown.status, CHAT.messageOf(await unknown.json())]).toEqual([404, expect.any(String)])

  // Each step saw the calls that the steps before it let through, and no other; a refusal passes all before it.
  const metrics = await gateway.metrics()
  const passed = (processor: string, outcome: string): number =>
    seriesOf(metrics, 'sluice_processor_outcomes_total', { processor, outcome })
  expect([passed('auth', 'refused'), passed('auth', 'passed')]).toEqual([2, 48])
  expect([passed('cache', 'answered'), passed('cache', 'passed')]).toEqual([24, 24])
  expect([passed('models', 'refused'), passed('models', 'passed')]).toEqual([1, 24])
  await expectSums(stage, metrics)
})

/** Attempts, findings, money and tokens are what they were; seats and reservations are back. */
async function expectSums({ gateway, asked }: Stage, metrics: string): Promise<void> {
  for (const { name } of PROVIDERS) {
    const all = asked.filter(each => each === name).length
    const failed = seriesOf(metrics, 'sluice_upstream_attempts_total', { provider: name, result: 'status_500' })
    expect(failed + seriesOf(metrics, 'sluice_upstream_attempts_total', { provider: name, result: 'ok' })).toBe(all)
    expect(seriesOf(metrics, 'sluice_requests_total', { provider: name, status_class: '2xx' })).toBeGreaterThan(0)
  }
  expect(seriesOf(metrics, 'sluice_cache_lookups_total', { result: 'hit' })).toBe(24)
  expect(seriesOf(metrics, 'sluice_guard_findings_total', { side: 'call' })).toBeGreaterThanOrEqual(24)
  expect(seriesOf(metrics, 'sluice_guard_findings_total', { side: 'reply' })).toBeGreaterThanOrEqual(24)
  const limits = gateway.services.store.forStep('main', 'rate-limit')
  const budgets = gateway.services.store.forStep('main', 'budget')
  const day = { refill: 0, periodMs: 1, cost: 0 }
  const month = new Date().toISOString().slice(0, 7)
  await vi.waitFor(async () => {
    const seats = await limits.reserve([{ key: 'concurrent:team:red', slots: SEATS }])
    await seats.settle()
    expect(seats.buckets[0]?.remaining).toBe(SEATS - 1)
    const tokens = await limits.take([{ ...day, key: `tokens_per_other${YEAR}:team:red`, capacity: TOKENS }])
    expect(tokens.buckets[0]?.remaining).toBeCloseTo(TOKENS - 24 * USED, 0)
    const dollars = await budgets.take([{ ...day, key: `${month}:team:red`, capacity: DOLLARS }])
    expect(dollars.buckets[0]?.remaining).toBeCloseTo(DOLLARS - (24 * USED) / 1000, 9)
  })
}

test('when nobody can answer, every client is told so in its own words, and nothing stays reserved', async () => {
  await using stage = await Stage.start()
  stage.able = undefined
  for (const client of DIALECTS) {
    const reply = await stage.ask(client, false, `${client.name}?`)
    expect(reply.status).toBeGreaterThanOrEqual(500)
    expect(client.messageOf(await reply.json())).not.toContain('House rule')
    expect(reply.headers['x-should-retry']).toBe('false')
  }
  // Six failures of each, and it is left alone.
  expect(stage.asked.length).toBe(3 * 6)
  const metrics = await stage.gateway.metrics()
  for (const { name } of PROVIDERS) {
    expect(seriesOf(metrics, 'sluice_breaker_state', { provider: name }), name).toBe(2)
    expect(seriesOf(metrics, 'sluice_breaker_refusals_total', { provider: name }), name).toBeGreaterThan(0)
  }
  const limits = stage.gateway.services.store.forStep('main', 'rate-limit')
  const tokens = { key: `tokens_per_other${YEAR}:team:red`, refill: 0, periodMs: 1, cost: 0, capacity: TOKENS }
  const left = await limits.reserve([tokens, { key: 'concurrent:team:red', slots: SEATS }])
  expect(left.buckets.map(({ remaining }) => remaining)).toEqual([TOKENS, SEATS - 1])
})
