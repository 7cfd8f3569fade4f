/** All pairs of an official SDK and a provider's format, with tools that few formats would take by their names. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { DIALECTS, gatewayFor } from './dialects.ts'
import type { SdkClient } from './sdk/client.ts'
import { CLIENTS } from './sdk/clients.ts'
import { heardBy } from './sdk/heard.ts'
import { sayAs } from './sdk/providers.ts'
import { MODELS, SdkStage, SPOKEN, type Spoken } from './sdk/stage.ts'
import { type Call, type Question, type Said, withoutIds } from './sdk/talk.ts'

let stage: SdkStage
beforeAll(async () => {
  stage = await SdkStage.start()
})
afterAll(() => stage[Symbol.asyncDispose]())

/** Names as MCP servers' tools have them behind several gateways: 90 characters, alike at both ends. */
const SEARCH = 'mcp.acme-platform.production.knowledge-base.eu-west__documents.search_by_semantic_likeness'
const SEARCH_US = SEARCH.replace('eu', 'us')
const READ = 'files/read all'

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const tools = [SEARCH, SEARCH_US, READ, 'get_time'].map(name => ({ name, description: `Does ${name}`, schema }))
const calls: readonly Call[] = tools.map(({ name }, index) => ({
  id: `call_${index}`,
  name,
  input: { city: `City ${index}` },
}))
const asked: Question = {
  tools,
  turns: [
    { user: 'Compare' },
    { assistant: 'Let me look.', calls },
    { results: calls.map((call, index) => ({ call, output: { degrees: index } })) },
  ],
}

/** What the format's provider takes for a name, by its API's description. */
const TAKEN: Readonly<Record<Spoken, RegExp>> = {
  'anthropic-messages': /^[a-zA-Z0-9_-]{1,128}$/,
  'openai-chat': /^[a-zA-Z0-9_-]{1,64}$/,
  'openai-responses': /^[a-zA-Z0-9_-]{1,64}$/,
  gemini: /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/,
}

/** The question with other names for its tools, wherever they stand. */
function withNames(question: Question, nameOf: (name: string) => string): Question {
  const named = (call: Call): Call => ({ ...call, name: nameOf(call.name) })
  return {
    ...question,
    tools: (question.tools ?? []).map(tool => ({ ...tool, name: nameOf(tool.name) })),
    turns: question.turns.map(turn => {
      if ('results' in turn) return { results: turn.results.map(each => ({ ...each, call: named(each.call) })) }
      return 'assistant' in turn && turn.calls ? { ...turn, calls: turn.calls.map(named) } : turn
    }),
  }
}

/** Asks, and has the provider call each tool by the name that it was told. */
async function talk(
  client: SdkClient,
  to: Spoken,
  stream: boolean,
): Promise<{ readonly heard: Question; readonly said: Said }> {
  const index = stage.upstream.requests.length
  const usage = { input: 20, cached: 5, output: 7 }
  stage.upstream.add(request => {
    const names = heardBy(to, request).tools?.map(({ name }) => name) ?? []
    const made = calls.map((call, at) => ({ ...call, name: names[at] ?? '' }))
    return sayAs(to, { text: '', calls: made, finish: 'calls', usage }, stream)
  })
  const said = await client.ask(stage.urlTo(to), MODELS[to], asked, stream)
  return { heard: withoutIds(heardBy(to, await stage.upstream.request(index))), said }
}

const PAIRS = CLIENTS.flatMap(client => SPOKEN.map(to => ({ client, from: client.format, to })))

describe.each(PAIRS)('the SDK for $from and a provider of $to', ({ client, from, to }) => {
  it.each([false, true])('call tools by names that either takes, streamed: %s', async stream => {
    const { heard, said } = await talk(client, to, stream)
    const names = heard.tools?.map(({ name }) => name) ?? []
    if (from === to) expect(names).toEqual(tools.map(({ name }) => name))
    else for (const name of names) expect(name).toMatch(TAKEN[to])
    expect(new Set(names).size).toBe(tools.length)
    const given = new Map(tools.map(({ name }, at) => [name, names[at] ?? '']))
    expect(heard).toEqual(withoutIds(withNames(asked, name => given.get(name) ?? '')))
    expect(said.calls.map(({ name, input }) => ({ name, input }))).toEqual(
      calls.map(({ name, input }) => ({ name, input })),
    )
  })
})

const TOOLS: Readonly<Record<string, readonly object[]>> = {
  'anthropic-messages': [{ name: SEARCH, input_schema: schema }],
  'openai-chat': [{ type: 'function', function: { name: SEARCH, parameters: schema } }],
  'openai-responses': [{ type: 'function', name: SEARCH, parameters: schema }],
  gemini: [{ functionDeclarations: [{ name: READ }] }],
}

it.each(DIALECTS)('$name: a name is its provider’s to judge, also where a step changes the call', async dialect => {
  const steps = '[[pipelines.main.processors]]\nuse = "prompt"\nappend = "LAST"'
  await using upstream = await startUpstream({ json: dialect.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps }))
  const body = { ...dialect.request(false), tools: TOOLS[dialect.name] }
  const reply = await post(gateway.url + dialect.path(false), body)
  expect(reply.status, await reply.text()).toBe(200)
  const sent = upstream.requests[0]?.body.toString() ?? ''
  expect(sent).toContain('LAST')
  expect(sent).toContain(`"${dialect.name === 'gemini' ? READ : SEARCH}"`)
})
