/** What the gateway tells of itself: ids, times, metrics from closed lists, a log of every call, and no secret anywhere. */
import { expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { exchangeRaw, get, post } from '../support/sse-client.ts'
import { type Act, startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, DIALECTS, GEMINI, gatewayFor, seriesOf, UPSTREAM_KEY, wholeStream } from './dialects.ts'

const CLIENT_KEY = 'canary-client-key-0123456789'
const AUTH = `[[pipelines.main.processors]]
use = "auth"
keys = [{ name = "alice", key = "${CLIENT_KEY}" }]
`

it('every answer carries the id of its request', async () => {
  await using upstream = await startUpstream()
  upstream.otherwise({ json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  const { url } = gateway
  const replies = [
    await post(url + CHAT.path(false), CHAT.request(false)),
    await post(url + CHAT.path(false), '{'),
    await post(`${url}/nothing`, {}),
    await get(url + CHAT.path(false)),
    await get(`${url}/healthz`),
    await get(`${url}/readyz`),
    await get(`${url}/metrics`),
  ]
  const ids = replies.map(({ headers }) => headers['x-request-id'])
  expect(ids.every(id => typeof id === 'string' && id !== '')).toBe(true)
  expect(new Set(ids).size).toBe(ids.length)
})

it.each([
  ['mine-1_A', 'mine-1_A'],
  ['x'.repeat(64), 'x'.repeat(64)],
  ['x'.repeat(65), undefined],
  ['a b', undefined],
  ['"}\u001b[31m', undefined],
  ['', undefined],
])('an id that a client brings is kept if it may stand in a log: %j', async (theirs, kept) => {
  await using upstream = await startUpstream({ json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  const body = JSON.stringify(CHAT.request(false))
  const head = `POST ${CHAT.path(false)} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-request-id: ${theirs}`
  const answer = await exchangeRaw(gateway.url, `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  const id = /x-request-id: (\S+)/.exec(answer)?.[1]
  if (kept === undefined) expect(id).toMatch(/^req_/)
  else expect(id).toBe(kept)
})

it('every line of the log about a call carries its id, and there is one for its end', async () => {
  const lines: Record<string, unknown>[] = []
  await using upstream = await startUpstream(
    { status: 500, json: CHAT.error('again') },
    { chunks: [wholeStream(CHAT, 'hello')] },
  )
  const steps = `${AUTH}[[pipelines.main.processors]]\nuse = "retry"\nbase_delay = "1ms"`
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps }), {
    log: line => void lines.push(JSON.parse(line)),
  })
  const headers = { authorization: `Bearer ${CLIENT_KEY}` }
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true), headers)
  await reply.text()
  await gateway.stop()
  const about = lines.filter(({ id }) => id === reply.headers['x-request-id'])
  expect(about.map(({ message }) => message)).toEqual(['trying again', 'call'])
  expect(about.at(-1)).toMatchObject({
    pipeline: 'main',
    format: 'openai-chat',
    key: 'alice',
    provider: 'up',
    status: 200,
    outcome: 'completed',
    stream: true,
    attempts: 2,
    model: 'm',
  })
})

it('server-timing tells where the time went', async () => {
  await using upstream = await startUpstream({ json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: AUTH }))
  const headers = { authorization: `Bearer ${CLIENT_KEY}` }
  const reply = await post(gateway.url + CHAT.path(false), CHAT.request(false), headers)
  const names = String(reply.headers['server-timing'])
    .split(', ')
    .map(span => span.split(';')[0])
  expect(names).toEqual(expect.arrayContaining(['intake', 'auth', 'upstream', 'total']))
})

const NAMES = [
  'gen_ai_client_token_usage',
  'gen_ai_client_operation_duration_seconds',
  'gen_ai_server_request_duration_seconds',
  'gen_ai_server_time_to_first_token_seconds',
  'gen_ai_server_time_per_output_token_seconds',
  'sluice_requests_total',
  'sluice_request_duration_seconds',
  'sluice_overhead_seconds',
  'sluice_upstream_attempts_total',
  'sluice_processor_duration_seconds',
  'sluice_inflight_requests',
  'sluice_stream_buffer_bytes',
  'sluice_build_info',
]

it('metrics have the usual names, and a unit in them', async () => {
  await using upstream = await startUpstream({ chunks: [wholeStream(GEMINI, 'hello')] })
  await using gateway = await startTestGateway(gatewayFor(GEMINI, { provider: upstream.url, steps: AUTH }))
  const headers = { 'x-goog-api-key': CLIENT_KEY }
  await (await post(gateway.url + GEMINI.path(true), GEMINI.request(true), headers)).text()
  const text = await gateway.metrics()
  for (const name of NAMES) expect(text).toContain(`# TYPE ${name} `)
  const counted = { gen_ai_token_type: 'output' }
  expect(seriesOf(text, 'gen_ai_client_token_usage_sum', counted)).toBe(2)
})

function seriesIn(metrics: string): number {
  return metrics.split('\n').filter(line => line !== '' && !line.startsWith('#')).length
}

it('nothing that clients send makes a new series', async () => {
  await using upstream = await startUpstream()
  upstream.otherwise({ json: CHAT.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  const send = (index: number): Promise<unknown>[] => [
    post(
      gateway.url + CHAT.path(false),
      { ...CHAT.request(false), model: `model-${index}` },
      { authorization: `Bearer key-${index}` },
    ),
    post(`${gateway.url}/v1/path-${index}`, {}),
    post(`${gateway.url}${CHAT.path(false)}?q=${index}`, `not JSON ${index}`, { 'x-request-id': `id-${index}` }),
  ]
  await Promise.all(send(0))
  await gateway.metrics()
  const before = await gateway.metrics()
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => send(1 + batch * 50 + index)).flat())
  }
  const after = await gateway.metrics()
  expect(after).not.toMatch(/model-\d|key-\d|path-\d|id-\d/)
  // Node's own kinds of handles and requests come and go.
  const own = (text: string): string => text.replaceAll(/^(nodejs|process)_.*$/gm, '')
  expect(seriesIn(own(after))).toBe(seriesIn(own(before)))
})

/** What a provider may do with the key that it was asked with: say it again, everywhere. */
function echoing(dialect: (typeof DIALECTS)[number], keys: readonly string[]): readonly Act[] {
  const said = keys.join(' ')
  const headers = {
    'x-key': said,
    authorization: `Bearer ${keys[0]}`,
    'set-cookie': `key=${keys[0]}`,
    'www-authenticate': said,
  }
  return [
    ...[400, 401, 403, 404, 429, 500, 503].map(status => ({ status, headers, json: dialect.error(`bad key ${said}`) })),
    { status: 500, headers, body: `<html>${said}</html>` },
    { headers, json: dialect.error(`bad key ${said}`) },
    {
      headers: { ...headers, 'content-type': 'text/event-stream' },
      chunks: [frameOf(dialect.error(`bad key ${said}`))],
    },
    { headers, raw: `HTTP/1.1 200 OK\r\nx: ${said}\r\ncontent-length: zz\r\n\r\n` },
    { headers: { location: `http://x/?key=${keys[0]}` }, status: 302, body: said },
  ]
}

function frameOf(json: Readonly<Record<string, unknown>>): string {
  return `event: error\ndata: ${JSON.stringify(json)}\n\n`
}

it.each(DIALECTS)('$name: no key appears anywhere, whatever a provider says', async dialect => {
  const lines: string[] = []
  const header = 'canary-configured-header-987654'
  const acts = echoing(dialect, [UPSTREAM_KEY, header])
  await using upstream = await startUpstream(...acts.flatMap(act => [act, act]))
  const setting = { provider: upstream.url, steps: AUTH, ofProvider: `headers = { x-extra = "${header}" }` }
  await using gateway = await startTestGateway(gatewayFor(dialect, setting), { log: line => void lines.push(line) })
  const seen: string[] = []
  for (const _ of acts) {
    for (const stream of [false, true]) {
      const separator = dialect.path(stream).includes('?') ? '&' : '?'
      const reply = await post(
        `${gateway.url}${dialect.path(stream)}${separator}key=${CLIENT_KEY}`,
        dialect.request(stream),
      )
      seen.push(JSON.stringify(reply.headers), await reply.text())
    }
  }
  seen.push(await gateway.metrics(), ...lines)
  for (const text of seen) {
    expect(text).not.toContain(UPSTREAM_KEY)
    expect(text).not.toContain(CLIENT_KEY)
    expect(text).not.toContain(header)
  }
  // The provider got its key and not the client's, neither as a header nor in the address.
  for (const { url, rawHeaders } of upstream.requests) {
    expect(url + rawHeaders.join()).not.toContain(CLIENT_KEY)
    expect(rawHeaders.join()).toContain(UPSTREAM_KEY)
  }
})

it.each(DIALECTS)('$name: a provider that quotes our key in the middle of a stream is not repeated', async dialect => {
  const lines: string[] = []
  const quote = `in the stream: key ${UPSTREAM_KEY}, and Bearer abcdefghijklmnop too`
  const error = dialect.errorFrame.replace('in the stream', quote)
  await using upstream = await startUpstream()
  upstream.otherwise({ chunks: [dialect.preamble + dialect.piece('hel'), error] })
  const convert = '[[pipelines.main.processors]]\nuse = "convert"\n'
  const toml = gatewayFor(dialect, { provider: upstream.url, steps: convert })
  const other = dialect === CHAT ? ANTHROPIC : CHAT
  const both = toml.replace(`parsers = ["${dialect.name}"]`, `parsers = ["${dialect.name}", "${other.name}"]`)
  await using gateway = await startTestGateway(both, { log: line => void lines.push(line) })
  for (const client of [dialect, other]) {
    const reply = await post(gateway.url + client.path(true), client.request(true))
    const words = await reply.text()
    expect(client.textOf(words)).toBe('hel')
    expect(client.errorIn(words)).toContain('in the stream: key [secret], and [secret] too')
    expect(words).not.toContain(UPSTREAM_KEY)
  }
  expect((await told(gateway, lines)).join('\n')).not.toContain(UPSTREAM_KEY)
})

it('a wrong key is nowhere to be read either', async () => {
  const lines: string[] = []
  await using upstream = await startUpstream()
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps: AUTH }), {
    log: line => void lines.push(line),
  })
  const wrong = 'canary-wrong-key-55555'
  const replies = [
    await post(gateway.url + CHAT.path(false), CHAT.request(false), { authorization: `Bearer ${wrong}` }),
    await post(`${gateway.url}${CHAT.path(false)}?key=${wrong}`, CHAT.request(false)),
  ]
  for (const reply of replies) {
    expect(reply.status).toBe(401)
    expect(JSON.stringify(reply.headers) + (await reply.text())).not.toContain(wrong)
  }
  expect((await told(gateway, lines)).join('\n')).not.toContain(wrong)
})

async function told(gateway: TestGateway, lines: readonly string[]): Promise<readonly string[]> {
  return [await gateway.metrics(), ...lines]
}
