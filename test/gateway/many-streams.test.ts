import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, gatewayFor, seriesOf } from './dialects.ts'

const STREAMS = 1_000
const PIECES = 20

/** A piece of text that tells whose it is and where it stands. */
function piece(stream: string, index: number): string {
  return `<${stream}:${index}>`
}

function expected(stream: string): string {
  return Array.from({ length: PIECES }, (_, index) => piece(stream, index)).join('')
}

it(`${STREAMS} streams at once keep every piece, in order, and each its own`, async () => {
  const all = Promise.withResolvers<void>()
  let arrived = 0
  await using upstream = await startUpstream()
  upstream.otherwise(async request => {
    const { messages } = request.json() as { messages: { content: string }[] }
    const name = messages[0]?.content ?? ''
    // Nobody begins before everybody is there, and from then on each writes a piece in turn.
    if (++arrived === STREAMS) all.resolve()
    await all.promise
    const texts = Array.from({ length: PIECES }, (_, index) => CHAT.piece(piece(name, index)))
    return { chunks: [CHAT.preamble, ...texts, CHAT.terminal], pace: 'tick' }
  })
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url }))
  const names = Array.from({ length: STREAMS }, (_, index) => `s${index}`)
  const streams = await Promise.all(
    names.map(async name => {
      const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true, name))
      return reply.text()
    }),
  )
  const wrong = names.filter((name, index) => CHAT.textOf(streams[index] ?? '') !== expected(name))
  expect(wrong).toEqual([])
  expect(streams.every(stream => stream.trimEnd().endsWith('data: [DONE]'))).toBe(true)
  const metrics = await gateway.metrics()
  expect(seriesOf(metrics, 'sluice_requests_total', { error: '', status_class: '2xx' })).toBe(STREAMS)
  expect(metrics).toMatch(/sluice_inflight_requests 0/)
  expect(metrics).toMatch(/sluice_stream_buffer_bytes 0/)
})

it('streams of all formats at once, converted into each other, keep every piece', async () => {
  const providers = await Promise.all(DIALECTS.map(async dialect => ({ dialect, upstream: await startUpstream() })))
  for (const { dialect, upstream } of providers) {
    upstream.otherwise(request => ({
      chunks: [
        dialect.preamble,
        ...Array.from({ length: PIECES }, (_, index) => dialect.piece(piece(nameIn(request.body.toString()), index))),
        dialect.terminal,
      ],
      pace: () => turn(),
    }))
  }
  const toml = [
    ...providers.map(
      ({ dialect, upstream }) =>
        `[providers.${dialect.name}]\nclient = "${dialect.name}"\nbase_url = "${upstream.url}"`,
    ),
    ...providers.map(
      ({ dialect }) => `[pipelines.${dialect.name}]
prefix = "/${dialect.name}"
parsers = ["anthropic-messages", "openai-chat", "openai-responses", "gemini"]
provider = "${dialect.name}"
[[pipelines.${dialect.name}.processors]]
use = "convert"`,
    ),
  ].join('\n')
  await using gateway = await startTestGateway(toml)
  const pairs = DIALECTS.flatMap(client => DIALECTS.map(provider => ({ client, provider })))
  const runs = Array.from({ length: 5 }, () => pairs).flat()
  const wrong = await Promise.all(
    runs.map(async ({ client, provider }, index) => {
      const name = `s${index}`
      const url = `${gateway.url}/${provider.name}${client.path(true)}`
      const stream = await (await post(url, client.request(true, name))).text()
      return client.textOf(stream) === expected(name) && client.isFinished(stream)
        ? undefined
        : `${provider.name} → ${client.name}: ${stream.slice(-300)}`
    }),
  )
  expect(wrong.filter(each => each !== undefined)).toEqual([])
  for (const { upstream } of providers) await upstream[Symbol.asyncDispose]()
})

function nameIn(body: string): string {
  return /"(s\d+)"/.exec(body)?.[1] ?? ''
}
