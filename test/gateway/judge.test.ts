/** What a judge denies reaches neither provider nor client, in every format; streams wait for it with a heartbeat. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { startJudge } from '../support/judge-server.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, gatewayFor, seriesOf, wholeStream } from './dialects.ts'

const step = (url: string, more = ''): string => `
[[pipelines.main.processors]]
use = "judge"
url = "${url}"
${more}
`

test.each(DIALECTS)('$name: allows, masks and denies calls and replies', async dialect => {
  await using judge = await startJudge()
  await using upstream = await startUpstream()
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: step(judge.url) }))
  const ask = (isStream: boolean, words = 'Hello') =>
    post(gateway.url + dialect.path(isStream), dialect.request(isStream, words))

  upstream.add({ json: dialect.reply('hello NAME') })
  const masked = await ask(false, 'I am NAME')
  expect(masked.status, await masked.text()).toBe(200)
  expect(masked.received).toContain('hello ***')
  expect(upstream.requests[0]?.body.toString()).toContain('I am ***')

  upstream.add({ sliced: wholeStream(dialect, 'hello N', 'AME'), at: 'every-byte' })
  const stream = await ask(true)
  expect(dialect.textOf(await stream.text())).toBe('hello ***')
  expect(dialect.isFinished(stream.received)).toBe(true)

  const refused = await ask(false, 'RUDE')
  expect(refused.status).toBe(403)
  expect(dialect.messageOf(await refused.json())).toContain('Be polite.')
  expect(upstream.requests).toHaveLength(2)

  upstream.add({ json: dialect.reply('a FORBIDDEN word') }, { chunks: [wholeStream(dialect, 'a FORB', 'IDDEN word')] })
  const whole = await ask(false)
  expect([whole.status, dialect.messageOf(await whole.json())]).toEqual([403, 'The reply is not allowed here.'])
  const late = await ask(true)
  expect(dialect.errorIn(await late.text())).toContain('The reply is not allowed here.')
  expect(late.received).not.toContain('FORB')
  expect(dialect.isFinished(late.received)).toBe(false)
  const labels = { side: 'reply', verdict: 'deny' }
  expect(seriesOf(await gateway.metrics(), 'sluice_judge_verdicts_total', labels)).toBe(2)
})

test('while a stream is held the client hears that it lives, and the provider is let go when the client leaves', async () => {
  await using judge = await startJudge()
  await using upstream = await startUpstream({ chunks: [CHAT.preamble, CHAT.piece('secret')], ending: 'stall' })
  const ofPipeline = 'stream = { heartbeat = "50ms" }'
  const toml = gatewayFor(CHAT, { provider: upstream.url, steps: step(judge.url), ofPipeline })
  await using gateway = await startTestGateway(toml)
  const leaving = new AbortController()
  const response = await fetch(gateway.url + CHAT.path(true), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CHAT.request(true)),
    signal: leaving.signal,
  })
  const reader = response.body?.getReader()
  const first = await reader?.read()
  expect(Buffer.from(first?.value ?? []).toString()).toMatch(/^:/)
  leaving.abort()
  await upstream.requests[0]?.aborted
  expect(judge.asked.map(({ body }) => body.side)).toEqual(['call'])
})

test('a judge that is down closes the gate, or opens it where it was told so', async () => {
  await using upstream = await startUpstream()
  upstream.otherwise({ json: CHAT.reply('hello') })
  for (const [more, status] of [
    ['', 503],
    ['on_error = "open"', 200],
  ] as const) {
    const steps = step('http://127.0.0.1:9/judge', more)
    await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps }))
    const reply = await post(gateway.url + CHAT.path(false), CHAT.request(false))
    expect([reply.status, reply.headers['retry-after']]).toEqual([status, status === 503 ? '5' : undefined])
  }
  expect(upstream.requests).toHaveLength(1)
})

test('a stream that is too long to be judged ends with an error, and its provider is let go', async () => {
  await using judge = await startJudge()
  const chunks = [CHAT.preamble, CHAT.piece('x'.repeat(2000))]
  await using upstream = await startUpstream({ chunks, ending: 'stall' })
  const steps = step(judge.url, 'on = ["output"]\nmax_text = "1KiB"')
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps }))
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  expect(CHAT.errorIn(await reply.text())).toContain('nothing passes here unchecked')
  expect(CHAT.textOf(reply.received)).toBe('')
  await upstream.requests[0]?.aborted
  expect(judge.asked).toEqual([])
})
