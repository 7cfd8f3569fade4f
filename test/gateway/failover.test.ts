/** Three providers that fail in every way before their first byte: whatever one of them could serve is served, once. */
import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { type Act, startUpstream, type Upstream, type UpstreamRequest } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, type Dialect, wholeStream } from './dialects.ts'

const CALLS = 2000
const AT_ONCE = 20

interface Fault {
  readonly act: (dialect: Dialect, stream: boolean) => Act
  /** Label of the attempt. */
  readonly result: string
}

/** Every connection is used once: one that was kept alive and turned out to be closed would be tried again unseen. */
const CLOSE = { connection: 'close' }

const FAULTS: readonly Fault[] = [
  { result: 'status_500', act: ({ error }) => ({ status: 500, json: error('no'), headers: CLOSE }) },
  { result: 'status_529', act: ({ error }) => ({ status: 503, json: error('no'), headers: CLOSE }) },
  {
    result: 'status_429',
    act: ({ error }) => ({ status: 429, json: error('no'), headers: { ...CLOSE, 'retry-after-ms': '5' } }),
  },
  { result: 'status_401', act: ({ error }) => ({ status: 401, json: error('no'), headers: CLOSE }) },
  { result: 'reset', act: () => ({ refuse: 'reset' }) },
  { result: 'reset', act: () => ({ refuse: true }) },
  { result: 'protocol', act: () => ({ raw: 'this is not HTTP\r\n\r\n' }) },
  {
    result: 'error_in_200',
    act: ({ error, errorFrame }, stream) =>
      stream ? { chunks: [errorFrame], headers: CLOSE } : { json: error('no'), headers: CLOSE },
  },
]

/** The same for every run: what provider `place` does with call `index`; `undefined`: it answers. */
function faultAt(index: number, place: number): Fault | undefined {
  const dice = Math.imul(index * 3 + place + 1, 2654435761) >>> 8
  return dice % 100 < 45 ? FAULTS[Math.floor(dice / 100) % FAULTS.length] : undefined
}

class Provider {
  readonly name: string
  readonly dialect: Dialect
  readonly place: number
  /** How often each call was answered here. */
  readonly answered = new Map<number, number>()
  /** Attempts, by how they ended. */
  readonly results = new Map<string, number>()

  constructor(name: string, dialect: Dialect, place: number) {
    this.name = name
    this.dialect = dialect
    this.place = place
  }

  play(upstream: Upstream): void {
    upstream.otherwise(request => this.#act(request))
  }

  #act(request: UpstreamRequest): Act {
    const body = request.body.toString()
    const index = Number(/call-(\d+)/.exec(body)?.[1])
    const stream = body.includes('"stream":true')
    const fault = faultAt(index, this.place)
    const result = fault?.result ?? 'ok'
    this.results.set(result, (this.results.get(result) ?? 0) + 1)
    if (fault) return fault.act(this.dialect, stream)
    this.answered.set(index, (this.answered.get(index) ?? 0) + 1)
    const text = `${this.name} answers ${index}.`
    return stream
      ? { chunks: [wholeStream(this.dialect, text)], headers: CLOSE }
      : { json: this.dialect.reply(text), headers: CLOSE }
  }
}

const providers = [
  new Provider('alpha', CHAT, 0),
  new Provider('beta', ANTHROPIC, 1),
  new Provider('gamma', CHAT, 2),
] as const

const PLACES = '[{ provider = "alpha" }, { provider = "beta" }, { provider = "gamma" }]'

function config(urls: readonly string[]): string {
  const tables = providers.map(
    ({ name, dialect }, index) =>
      `[providers.${name}]\nclient = "${dialect.name}"\nbase_url = "${urls[index]}/v1"\napi_key = "k"\n`,
  )
  const steps = [
    `use = "balance"\ntargets = ${PLACES}`,
    `use = "fallback"\nto = ${PLACES}`,
    'use = "convert"',
    'use = "retry"\nattempts = 2\nbase_delay = "1ms"',
    'use = "breaker"\nkeep = true\nopen_for = "20ms"',
    'use = "timeout"\nfirst_token = "30s"\ntotal = "60s"',
  ]
  const pipeline = '[pipelines.main]\nparsers = ["openai-chat", "anthropic-messages"]\nprovider = "alpha"\n'
  return [...tables, pipeline, ...steps.map(step => `[[pipelines.main.processors]]\n${step}\n`)].join('\n')
}

interface Answer {
  readonly index: number
  readonly status: number
  readonly text: string
  readonly isWhole: boolean
}

async function ask(url: string, index: number): Promise<Answer> {
  const dialect = index % 3 === 0 ? ANTHROPIC : CHAT
  const stream = index % 2 === 0
  const reply = await post(url + dialect.path(stream), dialect.request(stream, `call-${index}`))
  const text = await reply.text()
  const isWhole = !stream || dialect.isFinished(text)
  return { index, status: reply.status, text: stream && reply.status === 200 ? dialect.textOf(text) : text, isWhole }
}

async function askAll(url: string): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  let index = 0
  const work = async (): Promise<void> => {
    while (index < CALLS) answers.push(await ask(url, index++))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return answers
}

/** The sum of all series of a metric that have these labels. */
function sumOf(metrics: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return metrics
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) && wanted.every(label => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

it('no call is lost that any provider could have served, and none is answered twice', async () => {
  await using alpha = await startUpstream()
  await using beta = await startUpstream()
  await using gamma = await startUpstream()
  const upstreams = [alpha, beta, gamma] as const
  for (const [index, upstream] of upstreams.entries()) providers[index]?.play(upstream)
  await using gateway = await startTestGateway(config(upstreams.map(({ url }) => url)))

  const answers = await askAll(gateway.url)
  expect(answers).toHaveLength(CALLS)
  for (const { index, status, text, isWhole } of answers) {
    const able = providers.filter(({ place }) => faultAt(index, place) === undefined)
    const told = providers.filter(({ answered }) => answered.has(index))
    const what = `call ${index}: ${status} ${text}`
    if (able.length === 0) {
      expect(status, what).toBeGreaterThanOrEqual(400)
      expect(told, what).toEqual([])
      continue
    }
    expect([status, isWhole], what).toEqual([200, true])
    expect(told.length, what).toBe(1)
    expect(told[0]?.answered.get(index), what).toBe(1)
    expect(text, what).toContain(`${told[0]?.name} answers ${index}.`)
  }

  const metrics = await gateway.metrics()
  for (const { name, results } of providers) {
    for (const [result, count] of results) {
      expect(sumOf(metrics, 'sluice_upstream_attempts_total', { provider: name, result }), `${name} ${result}`).toBe(
        count,
      )
    }
  }
  for (const name of ['sluice_fallbacks_total', 'sluice_retries_total', 'sluice_breaker_refusals_total']) {
    expect(sumOf(metrics, name), name).toBeGreaterThan(0)
  }
  // Every attempt began as a call, a fallback or a retry; the breaker refused the others.
  const begun = CALLS + sumOf(metrics, 'sluice_fallbacks_total') + sumOf(metrics, 'sluice_retries_total')
  const attempts = sumOf(metrics, 'sluice_upstream_attempts_total')
  expect(attempts).toBe(begun - sumOf(metrics, 'sluice_breaker_refusals_total'))
  expect(attempts).toBe(upstreams.reduce((sum, { requests }) => sum + requests.length, 0))
}, 120_000)
