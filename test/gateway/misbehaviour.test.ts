/** Processors that break the contract in every way they can: contained, named in the log, and the gateway lives on. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { get, post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { CHAT, DIALECTS, type Dialect, gatewayFor } from './dialects.ts'

const stray: unknown[] = []
const onStray = (reason: unknown): void => void stray.push(reason)
beforeEach(() => {
  stray.length = 0
})
afterEach(() => {
  expect(stray).toEqual([])
})
process.on('unhandledRejection', onStray)

function processor(handle: string): string {
  return `import { Refusal } from 'sluice'
    export default {
      summary: 'Misbehaves.', examples: [], options: { type: 'object', properties: {}, additionalProperties: false },
      setup: () => ({ ${handle} }),
    }`
}

interface Misdeed {
  readonly name: string
  readonly handle: string
  /** What the log says of it. */
  readonly says: RegExp
  readonly deadline?: string
}

const SECRET = 'an-inner-secret'

const TRAP = `new Proxy({}, { get() { throw new Error('${SECRET}') }, getPrototypeOf() { throw 1 } })`
const TRAPPED_ERROR = `Object.defineProperty(new Error(), 'message', { get() { throw 1 } })`

const MISDEEDS: readonly Misdeed[] = [
  { name: 'throws undefined', handle: 'handle() { throw undefined }', says: /threw a bare undefined/ },
  { name: 'rejects with undefined', handle: 'async handle() { throw undefined }', says: /threw a bare undefined/ },
  { name: 'throws a string', handle: `handle() { throw '${SECRET}' }`, says: /threw a bare string/ },
  { name: 'throws null', handle: 'async handle() { throw null }', says: /threw null/ },
  { name: 'throws an error', handle: `async handle() { throw new TypeError('${SECRET}') }`, says: /threw TypeError/ },
  {
    name: 'throws an object full of traps',
    handle: `async handle() { throw ${TRAP} }`,
    says: /throws when it is looked at/,
  },
  {
    name: 'throws an error with a trap for a message',
    handle: `async handle() { throw ${TRAPPED_ERROR} }`,
    says: /threw Error|looked at/,
  },
  { name: 'returns nothing', handle: 'async handle(call, next) { await next(call) }', says: /did not return a reply/ },
  { name: 'returns at once without a promise', handle: 'handle() {}', says: /did not return a reply/ },
  {
    name: 'returns something else',
    handle: 'async handle() { return { status: 200, body: "hi" } }',
    says: /did not return a reply/,
  },
  {
    name: 'returns a promise of its own kind that throws',
    handle: `handle() { return { get then() { throw new Error('${SECRET}') } } }`,
    says: /threw Error/,
  },
  {
    name: 'answers while next runs',
    handle: 'async handle(call, next) { next(call); return call.answer({ text: "early" }) }',
    says: /answered while next/,
  },
  {
    name: 'never answers',
    handle: 'handle: () => new Promise(() => {})',
    says: /longer than its deadline/,
    deadline: '50ms',
  },
  {
    name: 'gives next something else',
    handle: 'handle: (call, next) => next({ ...call })',
    says: /something else than a call/,
  },
  { name: 'gives next nothing', handle: 'handle: (call, next) => next()', says: /something else than a call/ },
  {
    name: 'changes the call',
    handle: 'async handle(call, next) { call.model = "other"; return next(call) }',
    says: /threw TypeError/,
  },
  {
    name: 'answers with events that throw',
    handle: `async handle(call) { return call.answer({ events: (function* () { throw new Error('${SECRET}') })() }) }`,
    says: /threw Error/,
  },
  {
    name: 'asks for headers that are none',
    handle: `async handle(call, next) { return (await next(call)).with({ headers: { 'x-a': 'a\\r\\nset-cookie: ${SECRET}' } }) }`,
    says: /Invalid character in header/,
  },
  {
    name: 'refuses with headers that are none',
    handle: `async handle() { throw new Refusal(429, 'no', 'No.', { headers: { 'x-a': 'a\\r\\nb: c' } }) }`,
    says: /Invalid character in header/,
  },
  {
    name: 'refuses with a status that is none',
    handle: `async handle() { throw new Refusal(42, 'no', '${SECRET}') }`,
    says: /./,
  },
  { name: 'refuses with a success', handle: `async handle() { throw new Refusal(200, 'no', '${SECRET}') }`, says: /./ },
  {
    name: 'maps events to an object full of traps',
    handle: `async handle(call, next) { return (await next(call)).map(() => { throw ${TRAP} }) }`,
    says: /./,
  },
  {
    name: 'maps events to an error with a trap for a message',
    handle: `async handle(call, next) { return (await next(call)).map(() => { throw ${TRAPPED_ERROR} }) }`,
    says: /./,
  },
  {
    name: 'maps events to nonsense',
    handle: `async handle(call, next) { return (await next(call)).map(() => { throw new Error('${SECRET}') }) }`,
    says: /./,
  },
]

async function expectFailure(dialect: Dialect, misdeed: Misdeed, stream: boolean): Promise<void> {
  const lines: string[] = []
  await using upstream = await startUpstream()
  upstream.otherwise({ json: dialect.reply('hello') })
  const steps = `[[pipelines.main.processors]]
use = "bad"
label = "culprit"
${misdeed.deadline === undefined ? '' : `deadline = "${misdeed.deadline}"`}`
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps }), {
    files: { 'processors/bad.js': processor(misdeed.handle) },
    log: line => void lines.push(line),
  })
  const reply = await post(gateway.url + dialect.path(stream), dialect.request(stream))
  const body = await reply.text()
  const id = String(reply.headers['x-request-id'])
  if (reply.status === 200) {
    expect(dialect.errorIn(body)).toContain(id)
    expect(dialect.isFinished(body)).toBe(false)
  } else {
    expect(reply.status).toBe(500)
    expect(dialect.messageOf(JSON.parse(body))).toBe(`The gateway failed. Its log has more under the call id ${id}.`)
  }
  expect(body + JSON.stringify(reply.headers)).not.toMatch(/an-inner-secret|set-cookie|\.js|node:|at /)
  const told = lines.map(line => JSON.parse(line)).filter(line => line.level === 'error')
  expect(told).toHaveLength(1)
  expect(told[0].id).toBe(id)
  expect(JSON.stringify(told[0])).toMatch(misdeed.says)
  expect((await get(`${gateway.url}/healthz`)).status).toBe(200)
  expect(await gateway.stop()).toBe(0)
}

it.each(MISDEEDS)('a processor that $name', async misdeed => {
  for (const stream of [false, true]) await expectFailure(CHAT, misdeed, stream)
})

it.each(DIALECTS)('$name: the client is told in its own format', async dialect => {
  const misdeed = { name: 'throws', handle: 'async handle() { throw new Error() }', says: /threw Error/ }
  for (const stream of [false, true]) await expectFailure(dialect, misdeed, stream)
})

/** What breaks nothing for the client. */
it.each([
  [
    'calls next twice and returns the second reply',
    'async handle(call, next) { await next(call); return next(call) }',
    2,
  ],
  [
    'calls next twice and returns the first reply',
    'async handle(call, next) { const first = await next(call); await next(call); return first }',
    2,
  ],
  [
    'calls next after it has answered',
    'async handle(call, next) { const reply = await next(call); setImmediate(() => next(call)); return reply }',
    1,
  ],
  ['has a preflight that throws', 'handle: (call, next) => next(call), preflight() { throw undefined }', 1],
  ['closes with a failure', 'handle: (call, next) => next(call), async close() { throw undefined }', 1],
  ['forgets a reply', 'async handle(call, next) { await next(call); return call.answer({ text: "hello" }) }', 1],
])('a processor that %s', async (_, handle, requests) => {
  await using upstream = await startUpstream()
  upstream.otherwise({ chunks: [CHAT.preamble, CHAT.piece('hello'), CHAT.terminal] })
  const steps = '[[pipelines.main.processors]]\nuse = "bad"'
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream.url, steps }), {
    files: { 'processors/bad.js': processor(handle) },
  })
  const reply = await post(gateway.url + CHAT.path(true), CHAT.request(true))
  expect(CHAT.textOf(await reply.text())).toBe('hello')
  const preflight = await fetch(gateway.url + CHAT.path(true), {
    method: 'OPTIONS',
    headers: { 'access-control-request-method': 'POST', origin: 'https://a.example' },
  })
  expect([403, 500]).toContain(preflight.status)
  expect(upstream.requests).toHaveLength(requests)
  expect(await gateway.stop()).toBe(0)
  await upstream.idle()
})
