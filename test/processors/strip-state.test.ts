import { testProcessor } from 'sluice/testing'
import { describe, expect, test } from 'vitest'
import stripState from '../../processors/strip-state.ts'
import { startTestGateway } from '../support/gateway.ts'
import { startUpstream } from '../support/upstream.ts'

testProcessor(test, 'strip-state', stripState, {
  accepts: [''],
  rejects: { 'when = "always"': 'when' },
  calls: {
    'leaves a call alone that succeeds': {
      expect: ({ reply, decoded }) => expect([reply?.status, decoded]).toEqual([200, 0]),
    },
    'leaves other failures as they are': {
      replies: [{ failure: 'status_400', status: 400 }],
      expect({ failure, sent, decoded }) {
        expect(failure).toMatchObject({ failure: 'status_400' })
        expect([sent.length, decoded]).toEqual([1, 0])
      },
    },
  },
})

type Json = Record<string, unknown>

function config(client: string, upstream: string): string {
  return `
[providers.there]
client = "${client}"
base_url = "${upstream}/v1"
api_key = "sk-upstream"

[pipelines.main]
parsers = ["${client}"]
provider = "there"

[[pipelines.main.processors]]
use = "strip-state"
`
}

async function post(url: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

const CALL = { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 1 } }
const CLAUDE = {
  model: 'claude-opus-4-6',
  max_tokens: 100,
  tools: [{ name: 'look', input_schema: { type: 'object' } }],
  messages: [
    { role: 'user', content: 'Look.' },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hmm.', signature: 'EqQBforeign' },
        { type: 'redacted_thinking', data: 'EmwKforeign' },
        CALL,
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'seen' }] },
  ],
}
const CLAUDE_REPLY = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-6',
  content: [{ type: 'text', text: 'ok' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 },
}

function claudeRefuses(message: string): { status: number; json: Json } {
  return { status: 400, json: { type: 'error', error: { type: 'invalid_request_error', message } } }
}

const SIGNATURE = 'messages.1.content.0: Invalid `signature` in `thinking` block'

describe('state that the provider refuses', () => {
  test('of Claude: the call goes again without its thinking, and the reply says so', async () => {
    await using upstream = await startUpstream(claudeRefuses(SIGNATURE), { json: CLAUDE_REPLY })
    await using gateway = await startTestGateway(config('anthropic-messages', upstream.url))
    const reply = await post(`${gateway.url}/v1/messages`, CLAUDE)
    expect(await reply.json()).toMatchObject({ content: CLAUDE_REPLY.content })
    expect(reply.headers.get('x-sluice-reasoning-state')).toBe('stripped')
    expect(upstream.requests[1]?.json()).toMatchObject({ messages: [{}, { content: [CALL] }, {}] })
  })

  test('of OpenAI: known by its code', async () => {
    const refused = { status: 400, json: { error: { code: 'invalid_encrypted_content', message: 'No.', type: 'x' } } }
    const json = { id: 'resp_1', object: 'response', status: 'completed', model: 'gpt-5', output: [] }
    await using upstream = await startUpstream(refused, { json })
    await using gateway = await startTestGateway(config('openai-responses', upstream.url))
    const question = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }
    const input = [question, { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAforeign' }]
    const reply = await post(`${gateway.url}/v1/responses`, { model: 'gpt-5', store: false, input })
    expect(reply.status).toBe(200)
    const sent = JSON.stringify(upstream.requests[1]?.json())
    expect(sent).toContain('"Hi"')
    expect(sent).not.toContain('foreign')
  })

  test('is taken away once: a second refusal goes to the client', async () => {
    await using upstream = await startUpstream(claudeRefuses(SIGNATURE), claudeRefuses(SIGNATURE))
    await using gateway = await startTestGateway(config('anthropic-messages', upstream.url))
    const reply = await post(`${gateway.url}/v1/messages`, CLAUDE)
    expect([reply.status, upstream.requests.length]).toEqual([400, 2])
  })

  test('is not looked for when the provider refuses something else, or there is none', async () => {
    await using upstream = await startUpstream(claudeRefuses('max_tokens: too large'), claudeRefuses(SIGNATURE))
    await using gateway = await startTestGateway(config('anthropic-messages', upstream.url))
    expect((await post(`${gateway.url}/v1/messages`, CLAUDE)).status).toBe(400)
    const bare = { ...CLAUDE, messages: CLAUDE.messages.slice(0, 1) }
    expect((await post(`${gateway.url}/v1/messages`, bare)).status).toBe(400)
    expect(upstream.requests.length).toBe(2)
  })
})
