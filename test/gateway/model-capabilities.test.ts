/** What an operator says of a model decides what is sent for it, whatever the catalogue believes. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, type Dialect, GEMINI, RESPONSES } from './dialects.ts'

const TOOL = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }
const ASKED = {
  messages: [{ role: 'user', content: 'hi' }],
  max_completion_tokens: 9000,
  temperature: 0.5,
  tools: [TOOL, { ...TOOL, function: { ...TOOL.function, name: 'other' } }],
  tool_choice: 'required',
}

/** A gateway that takes Chat Completions and asks two providers in the other format. */
function gatewayTo(to: Dialect, url: string, tables: string): Promise<TestGateway> {
  const base = to.name === 'gemini' ? `${url}/v1beta` : `${url}/v1`
  const provider = `client = "${to.name}"\nbase_url = "${base}"\napi_key = "k"`
  return startTestGateway(`
${tables}
[providers.main]
${provider}
[providers.other]
${provider}
[pipelines.main]
parsers = ["openai-chat"]
provider = "main"
[[pipelines.main.processors]]
use = "models"
rules = [{ match = "elsewhere", provider = "other", model = "mine" }]
[[pipelines.main.processors]]
use = "convert"
`)
}

async function sentFor(model: string, to: Dialect, tables: string, more: object = {}) {
  await using upstream = await startUpstream({ json: to.reply('hello') })
  await using gateway = await gatewayTo(to, upstream.url, tables)
  const reply = await post(gateway.url + CHAT.path(false), { model, ...ASKED, ...more })
  expect(reply.status, await reply.text()).toBe(200)
  return {
    body: upstream.requests[0]?.json() as Record<string, unknown>,
    losses: String(reply.headers['x-sluice-losses'] ?? ''),
  }
}

describe('behind Anthropic’s format', () => {
  test('a model of another maker is given what the client says', async () => {
    const { body } = await sentFor('mine', ANTHROPIC, '')
    expect(body).toMatchObject({ max_tokens: 9000, temperature: 0.5, tool_choice: { type: 'any' } })
  })

  test('what the operator says of it holds', async () => {
    const { body, losses } = await sentFor(
      'mine',
      ANTHROPIC,
      '[[model_capabilities]]\nmatch = "mine"\nmax_output_tokens = 4096\nsampling = "never"\nforced_tools = false',
    )
    expect(body).toMatchObject({ max_tokens: 4096, tool_choice: { type: 'auto' } })
    expect(body).not.toHaveProperty('temperature')
    for (const path of ['maxOutputTokens', 'sampling.temperature', 'toolChoice']) expect(losses).toContain(path)
  })

  test('another model can be what it is like', async () => {
    const like = '[[model_capabilities]]\nmatch = ["mi*"]\nlike = "claude-opus-4-8"\nthinking_off = "never"\n'
    const { body } = await sentFor('mine', ANTHROPIC, like, { reasoning_effort: 'xhigh', tool_choice: 'auto' })
    expect(body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } })
    const off = await sentFor('mine', ANTHROPIC, like, { reasoning_effort: 'none', tool_choice: 'auto' })
    expect(off.body).toMatchObject({ output_config: { effort: 'low' } })
  })

  test('a model of the catalogue is corrected', async () => {
    const rule = '[[model_capabilities]]\nmatch = "claude-opus-4-8"\nmax_output_tokens = 8000'
    expect((await sentFor('claude-opus-4-8', ANTHROPIC, rule)).body.max_tokens).toBe(8000)
    expect((await sentFor('claude-opus-4-7', ANTHROPIC, rule)).body.max_tokens).toBe(9000)
  })

  test('an entry for one provider leaves the others alone', async () => {
    const rule = '[[model_capabilities]]\nmatch = "mine"\nprovider = "other"\nmax_output_tokens = 100'
    expect((await sentFor('mine', ANTHROPIC, rule)).body.max_tokens).toBe(9000)
    expect((await sentFor('elsewhere', ANTHROPIC, rule)).body.max_tokens).toBe(100)
  })
})

test('behind the Responses API the same entries hold', async () => {
  const rule = `[[model_capabilities]]
match = "mine"
max_output_tokens = 4096
sampling = "never"
forced_tools = false
efforts = ["high", "low"]`
  const { body, losses } = await sentFor('mine', RESPONSES, rule, { reasoning_effort: 'medium' })
  expect(body).toMatchObject({ max_output_tokens: 4096, tool_choice: 'auto', reasoning: { effort: 'low' } })
  expect(body).not.toHaveProperty('temperature')
  for (const path of ['maxOutputTokens', 'sampling.temperature', 'toolChoice', 'reasoning.effort'])
    expect(losses).toContain(path)
})

test('behind Gemini the same entries hold', async () => {
  const rule = `[[model_capabilities]]
match = "mine"
max_output_tokens = 4096
sampling = "never"
forced_tools = false
stop = false
thinking = ["budget"]
thinking_budget_max = 1000`
  const { body, losses } = await sentFor('mine', GEMINI, rule, { reasoning_effort: 'max', stop: ['END'] })
  expect(body).toMatchObject({
    generationConfig: { maxOutputTokens: 4096, thinkingConfig: { thinkingBudget: 1000 } },
    toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
  })
  expect(body.generationConfig).not.toHaveProperty('temperature')
  expect(body.generationConfig).not.toHaveProperty('stopSequences')
  for (const path of ['maxOutputTokens', 'sampling.temperature', 'toolChoice', 'stop']) expect(losses).toContain(path)
})

test('a forced tool that a model does not take is the only one that is offered', async () => {
  const rule = '[[model_capabilities]]\nmatch = "mine"\nforced_tools = false'
  const named = { tool_choice: { type: 'function', function: { name: 'look' } } }
  const { body } = await sentFor('mine', RESPONSES, rule, named)
  expect(body.tool_choice).toEqual({ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'look' }] })
})

test('the entries on the page about it run', async () => {
  const page = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8')
  const [, toml = ''] = /```toml\n([\s\S]*?)```/.exec(page) ?? []
  const { body } = await sentFor('my-claude-1', ANTHROPIC, toml.replace('"local"', '"other"'), { temperature: 1 })
  expect(toml).toContain('[[model_capabilities]]')
  expect(body).toMatchObject({ model: 'my-claude-1', max_tokens: 9000 })
  expect(body).not.toHaveProperty('temperature')
})
