/** Where clients put their credential, and that it stays here. */
import { describe, expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream, type UpstreamRequest } from '../support/upstream.ts'
import { CHAT, DIALECTS, gatewayFor, UPSTREAM_KEY } from './dialects.ts'

const KEY = 'canary-alice-0123456789'
const AUTH = `[[pipelines.main.processors]]
use = "auth"
keys = [{ name = "alice", key = "${KEY}" }]
`

/** Every place that the gateway reads a key from. */
const PLACES: readonly (readonly [name: string, headers: Readonly<Record<string, string>>, query: string])[] = [
  ['authorization', { authorization: `Bearer ${KEY}` }, ''],
  ['authorization in other letters', { Authorization: `bearer  ${KEY} ` }, ''],
  ['x-api-key', { 'x-api-key': KEY }, ''],
  ['x-goog-api-key', { 'x-goog-api-key': KEY }, ''],
  ['api-key', { 'api-key': KEY }, ''],
  ['the query', {}, `key=${KEY}`],
]

/** Places that it does not read: a key there opens nothing, and goes nowhere. */
const OTHER_PLACES: Readonly<Record<string, string>> = {
  cookie: `key=${KEY}`,
  'proxy-authorization': `Bearer ${KEY}`,
  'x-auth-token': KEY,
  'x-amz-security-token': KEY,
  'x-goog-iam-authorization-token': KEY,
  'openai-organization': KEY,
  'openai-project': KEY,
  'cf-access-client-secret': KEY,
  'x-forwarded-authorization': `Bearer ${KEY}`,
  'x-original-authorization': KEY,
  'x-litellm-api-key': KEY,
  'x-portkey-api-key': KEY,
  referer: `https://a.example/?key=${KEY}`,
  forwarded: `for=${KEY}`,
  'x-forwarded-for': KEY,
  connection: 'x-api-key, authorization',
  baggage: `key=${KEY}`,
}

function everything({ url, rawHeaders, body }: UpstreamRequest): string {
  return `${url} ${rawHeaders.join(' ')} ${body}`
}

describe.each(DIALECTS)('$name', dialect => {
  it('lets a known key in from wherever it stands, and passes none of it on', async () => {
    await using upstream = await startUpstream()
    upstream.otherwise({ json: dialect.reply('hello') })
    await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: AUTH }))
    for (const [name, headers, query] of PLACES) {
      const url = `${gateway.url}${dialect.path(false)}${query === '' ? '' : `?${query}`}`
      const reply = await post(url, dialect.request(false), { ...OTHER_PLACES, ...headers, connection: 'close' })
      expect([name, reply.status]).toEqual([name, 200])
    }
    expect(upstream.requests).toHaveLength(PLACES.length)
    for (const request of upstream.requests) {
      expect(everything(request)).not.toContain(KEY)
      expect(request.rawHeaders.filter(value => value.includes(UPSTREAM_KEY))).toHaveLength(1)
    }
  })

  it('answers a missing, a wrong, a long and a misplaced key alike, and asks nobody', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: AUTH }))
    const wrong: Readonly<Record<string, string>>[] = [
      {},
      OTHER_PLACES,
      { authorization: KEY },
      { authorization: `Basic ${KEY}` },
      { authorization: 'Bearer' },
      { 'x-api-key': KEY.slice(0, -1) },
      { 'x-api-key': `${KEY}x` },
      { 'x-api-key': KEY.toUpperCase() },
      { 'x-api-key': '' },
      { 'x-api-key': "' OR 1=1 --" },
      { 'x-api-key': '__proto__' },
      { 'x-api-key': 'x'.repeat(10_000) },
    ]
    const answers = new Set<string>()
    for (const headers of wrong) {
      const reply = await post(gateway.url + dialect.path(false), dialect.request(false), headers)
      expect(reply.status).toBe(401)
      const body = (await reply.json()) as Record<string, unknown>
      dialect.messageOf(body)
      answers.add(JSON.stringify({ ...body, request_id: '' }).replaceAll(String(reply.headers['x-request-id']), ''))
    }
    expect([...answers]).toHaveLength(1)
    expect(upstream.requests).toEqual([])
  })

  it('with api_key = "client" passes the key on to where the provider wants it, and only that', async () => {
    await using upstream = await startUpstream()
    upstream.otherwise({ json: dialect.reply('hello') })
    const toml = gatewayFor(dialect, { provider: upstream.url }).replace(`"${UPSTREAM_KEY}"`, '"client"')
    await using gateway = await startTestGateway(toml)
    for (const [, headers, query] of PLACES) {
      const url = `${gateway.url}${dialect.path(false)}${query === '' ? '' : `?${query}`}`
      expect((await post(url, dialect.request(false), headers)).status).toBe(200)
    }
    for (const { url, rawHeaders } of upstream.requests) {
      expect(url).not.toContain(KEY)
      expect(rawHeaders.filter(value => value.includes(KEY))).toHaveLength(1)
    }
    const without = await post(gateway.url + dialect.path(false), dialect.request(false))
    expect(without.status).toBe(401)
    dialect.messageOf(await without.json())
    expect(upstream.requests).toHaveLength(PLACES.length)
  })

  it('with api_key = "client" tells the client of a key that the provider rejects, without saying it', async () => {
    await using upstream = await startUpstream({ status: 401, json: dialect.error(`wrong key: ${KEY}`) })
    const toml = gatewayFor(dialect, { provider: upstream.url }).replace(`"${UPSTREAM_KEY}"`, '"client"')
    await using gateway = await startTestGateway(toml)
    const reply = await post(gateway.url + dialect.path(false), dialect.request(false), { 'x-api-key': KEY })
    expect(reply.status).toBe(401)
    const text = await reply.text()
    expect(dialect.messageOf(JSON.parse(text))).toBe('wrong key: [secret]')
  })
})

it('two keys that begin alike are two keys', async () => {
  const [first, second] = [`${'a'.repeat(60)}1`, `${'a'.repeat(60)}2`]
  const steps = `[[pipelines.main.processors]]
use = "auth"
keys = [{ name = "one", key = "${first}" }, { name = "two", key = "${second}", models = ["other"] }]`
  await using upstream = await startUpstream({ json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps }))
  const ask = (key: string) => post(gateway.url + CHAT.path(false), CHAT.request(false), { 'x-api-key': key })
  expect([(await ask(first)).status, (await ask(second)).status, (await ask('a'.repeat(60))).status]).toEqual([
    200, 404, 401,
  ])
})

it('nothing in a request chooses where it goes', async () => {
  await using canary = await startUpstream()
  await using upstream = await startUpstream()
  upstream.otherwise({ json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  const names = [
    'base_url',
    'api_base',
    'baseUrl',
    'host',
    'url',
    'endpoint',
    'proxy',
    'provider',
    'custom_host',
    'target',
  ]
  const body = { ...CHAT.request(false), ...Object.fromEntries(names.map(name => [name, canary.url])), api_key: 'x' }
  const headers = Object.fromEntries(
    [
      'x-portkey-custom-host',
      'x-base-url',
      'x-forwarded-host',
      'x-upstream',
      'x-target-url',
      'helicone-target-url',
    ].map(name => [name, canary.url]),
  )
  const query = names.map(name => `${name}=${encodeURIComponent(canary.url)}`).join('&')
  const reply = await post(`${gateway.url}${CHAT.path(false)}?${query}`, body, {
    ...headers,
    host: new URL(canary.url).host,
  })
  expect(reply.status).toBe(200)
  expect(upstream.requests).toHaveLength(1)
  expect(canary.requests).toHaveLength(0)
})
