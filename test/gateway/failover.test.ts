/** Providers that fail in every way: whatever one of them could serve before the first byte is served, once. */
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, type Dialect, seriesOf } from './dialects.ts'
import { type Attempt, FailingProvider } from './failing-providers.ts'

const CALLS = 10_000
const AT_ONCE = 50

const ledger: Attempt[] = []
const providers = [
  new FailingProvider('alpha', CHAT, 0, ledger),
  new FailingProvider('beta', ANTHROPIC, 1, ledger),
  new FailingProvider('gamma', CHAT, 2, ledger),
]
const NAMES = [...providers.map(({ name }) => name), 'nobody']

/** `nobody`: on the first of all ports nobody listens, and no client ever gets it as its own. */
function config(urls: readonly string[]): string {
  const tables = providers.map(({ name, dialect }, index) => providerTable(name, dialect.name, urls[index] ?? ''))
  const places = NAMES.map(provider => `{ provider = "${provider}" }`)
  const targets = NAMES.map(provider => `{ provider = "${provider}", weight = ${provider === 'nobody' ? 0.1 : 1} }`)
  const steps = [
    `use = "balance"\ntargets = [${targets.join(', ')}]`,
    `use = "fallback"\nto = [${places.join(', ')}]`,
    'use = "convert"',
    'use = "retry"\nattempts = 2\nbase_delay = "1ms"\nmax_retry_after = "1s"\nbudget_per_minute = 1_000_000',
    'use = "breaker"\nkeep = true\nopen_for = "20ms"',
    'use = "timeout"\nfirst_token = "30s"\ntotal = "60s"',
  ]
  const pipeline = '[pipelines.main]\nparsers = ["openai-chat", "anthropic-messages"]\nprovider = "alpha"\n'
  return [
    ...tables,
    providerTable('nobody', 'openai-chat', 'http://127.0.0.1:1'),
    pipeline,
    ...steps.map(step => `[[pipelines.main.processors]]\n${step}\n`),
  ].join('\n')
}

function providerTable(name: string, client: string, url: string): string {
  return `[providers.${name}]\nclient = "${client}"\nbase_url = "${url}/v1"\napi_key = "k"\ntimeouts = { first_token = "2s", total = "3s" }\n`
}

interface Answer {
  readonly call: number
  readonly stream: boolean
  readonly dialect: Dialect
  readonly status: number
  readonly body: string
}

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })

async function ask(url: string, call: number): Promise<Answer> {
  const dialect = call % 3 === 0 ? ANTHROPIC : CHAT
  const stream = call % 2 === 0
  const headers = { 'content-type': 'application/json' }
  const outgoing = request(url + dialect.path(stream), { method: 'POST', agent, headers })
  outgoing.end(JSON.stringify(dialect.request(stream, `call-${call}`)))
  const [message] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { call, stream, dialect, status: message.statusCode ?? 0, body: await text(message) }
}

async function askAll(url: string): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  let call = 0
  const work = async (): Promise<void> => {
    while (call < CALLS) answers.push(await ask(url, call++))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  agent.destroy()
  return answers
}

/** What the client should have been told, by who was asked; what it was told; and that nobody was asked after that. */
function verdictOn({ call, stream, dialect, status, body }: Answer, attempts: readonly Attempt[]): string {
  const last = attempts.at(-1)
  const earlier = attempts.slice(0, -1).filter(({ kind }) => kind !== 'fails')
  if (earlier.length > 0) return 'somebody was asked after the first byte'
  const teller = providers.find(({ name }) => name === last?.provider)
  if (last?.kind === 'answers') {
    if (status !== 200 || (stream && !dialect.isFinished(body))) return 'an answer was lost'
    const said = stream ? dialect.textOf(body) : body
    return said.split(' answers ').length === 2 && said.includes(teller?.textFor(call) ?? '') ? '' : 'not one answer'
  }
  if (last?.kind === 'breaks') {
    const isTold = status === 200 && dialect.errorIn(body) !== undefined && !dialect.isFinished(body)
    return isTold && dialect.textOf(body) === 'half ' ? '' : 'the client was not told that its stream broke'
  }
  const able = providers.filter(provider => provider.atLast(call, stream) === 'answers')
  if (able.length > 0) return `${able.map(({ name }) => name).join(' and ')} could have answered`
  return status >= 400 ? '' : 'an answer of nobody'
}

/** The sum of all series of a metric that have these labels. */
function sumOf(metrics: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return metrics
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) && wanted.every(label => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** How often each key was there. */
function counted(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

it('no call is lost that any provider could have served, none is answered twice, and metrics tell of every attempt', async () => {
  await using alpha = await startUpstream()
  await using beta = await startUpstream()
  await using gamma = await startUpstream()
  const upstreams = [alpha, beta, gamma]
  for (const [index, provider] of providers.entries()) provider.play(upstreams[index] ?? alpha)
  await using gateway = await startTestGateway(config(upstreams.map(({ url }) => url)))

  const answers = await askAll(gateway.url)
  expect(answers).toHaveLength(CALLS)
  const attempts = Map.groupBy(ledger, ({ call }) => call)
  const wrong = answers.flatMap(answer => {
    const asked = attempts.get(answer.call) ?? []
    const verdict = verdictOn(answer, asked)
    return verdict === '' ? [] : [{ verdict, asked, answer }]
  })
  expect(wrong).toEqual([])

  const metrics = await gateway.metrics()
  const told = (name: string, provider: string): number => sumOf(metrics, `sluice_${name}`, { provider })
  // What the gateway counts is what the providers saw.
  for (const [key, count] of counted(ledger.map(({ provider, result }) => `${provider} ${result}`))) {
    const [provider = '', result = ''] = key.split(' ')
    expect(seriesOf(metrics, 'sluice_upstream_attempts_total', { provider, result }), key).toBe(count)
  }
  for (const { name } of providers) {
    const seen = ledger.filter(({ provider }) => provider === name).length
    expect(told('upstream_attempts_total', name), name).toBe(seen)
  }
  expect(sumOf(metrics, 'sluice_upstream_attempts_total', { provider: 'nobody', result: 'connect' })).toBe(
    told('upstream_attempts_total', 'nobody'),
  )
  // Each attempt was somebody's choice: the first, one elsewhere, or one more; the breaker refused the others.
  for (const name of NAMES) {
    const chosen = told('balance_choices_total', name) + told('fallbacks_total', name) + told('retries_total', name)
    expect(told('upstream_attempts_total', name), name).toBe(chosen - told('breaker_refusals_total', name))
    expect(told('breaker_refusals_total', name), name).toBeGreaterThan(0)
  }
  expect(sumOf(metrics, 'sluice_balance_choices_total')).toBe(CALLS)
}, 240_000)
