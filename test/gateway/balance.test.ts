import { expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { type ClientReply, post } from '../support/sse-client.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, seriesOf, wholeStream } from './dialects.ts'
import { twoProviders } from './two-providers.ts'

function config(one: string, two: string, options: string): string {
  const targets = 'targets = [{ provider = "one" }, { provider = "two", model = "claude" }]'
  return twoProviders({ one, two, steps: [`use = "balance"\n${targets}\n${options}`, 'use = "convert"'] })
}

async function startBoth(): Promise<readonly [Upstream, Upstream]> {
  const one = await startUpstream()
  one.otherwise({ json: CHAT.reply('one') })
  const two = await startUpstream()
  two.otherwise({ json: ANTHROPIC.reply('two') })
  return [one, two]
}

it('calls are spread over providers of different formats', async () => {
  const [one, two] = await startBoth()
  await using _one = one
  await using _two = two
  await using gateway = await startTestGateway(config(one.url, two.url, ''))
  for (let index = 0; index < 4; index++) {
    const reply = await post(gateway.url + CHAT.path(false), CHAT.request(false))
    expect(await reply.text()).toContain(index % 2 === 0 ? '"one"' : '"two"')
  }
  const labels = { processor: 'balance', by: 'strategy', provider: 'two' }
  expect(seriesOf(await gateway.metrics(), 'sluice_balance_choices_total', labels)).toBe(2)
})

it('a session stays where it is', async () => {
  const [one, two] = await startBoth()
  await using _one = one
  await using _two = two
  await using gateway = await startTestGateway(config(one.url, two.url, 'affinity = "header:x-session-id"'))
  const ask = (session: string): Promise<ClientReply> =>
    post(gateway.url + CHAT.path(false), CHAT.request(false), { 'x-session-id': session })
  const answers = new Map<string, string>()
  for (let round = 0; round < 3; round++) {
    for (const session of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      const text = await (await ask(session)).text()
      const where = text.includes('"one"') ? 'one' : 'two'
      expect(answers.get(session) ?? where).toBe(where)
      answers.set(session, where)
    }
  }
  expect(new Set(answers.values()).size).toBe(2)
})

it('a provider that is busy with a stream is left alone', async () => {
  const held = Promise.withResolvers<void>()
  await using one = await startUpstream({
    chunks: [CHAT.preamble + CHAT.piece('hel'), CHAT.piece('lo') + CHAT.terminal],
    pace: index => (index === 0 ? undefined : held.promise),
  })
  await using two = await startUpstream()
  two.otherwise({ chunks: [wholeStream(ANTHROPIC, 'two')] })
  await using gateway = await startTestGateway(config(one.url, two.url, 'strategy = "least-busy"'))
  const ask = (): Promise<ClientReply> => post(gateway.url + CHAT.path(true), CHAT.request(true))
  const first = await ask()
  await first.until('hel')
  for (let index = 0; index < 3; index++) expect(CHAT.textOf(await (await ask()).text())).toBe('two')
  held.resolve()
  expect(CHAT.textOf(await first.text())).toBe('hello')
})
