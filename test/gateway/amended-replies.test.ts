/** Replies that are put right on their way out, because their request could not be said as it was meant. */
import { describe, expect, test } from 'vitest'
import { framesOf } from '../support/frames.ts'
import { startTestGateway } from '../support/gateway.ts'
import { startUpstream } from '../support/upstream.ts'
import { ANTHROPIC, CHAT, RESPONSES } from './dialects.ts'

function config(client: string, upstream: string): string {
  return `
[providers.there]
client = "${client}"
base_url = "${upstream}/v1"
api_key = "sk-upstream"
${client === 'openai-chat' ? 'dialect = "openai"' : ''}

[pipelines.main]
parsers = ["anthropic-messages", "openai-chat", "openai-responses"]
provider = "there"

[[pipelines.main.processors]]
use = "convert"
`
}

async function post(url: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

function typed(json: Readonly<Record<string, unknown>>): string {
  return `event: ${json.type}\ndata: ${JSON.stringify(json)}\n\n`
}

const EVENTS = { 'content-type': 'text/event-stream' }

describe('a stop sequence that the provider has no field for', () => {
  const asked = { ...ANTHROPIC.request(true), stop_sequences: ['STOP'] }

  test.each([
    ['openai-responses', RESPONSES, 'm'],
    ['openai-chat', CHAT, 'o3'],
  ] as const)('ends a stream of %s, and the upstream is let go of', async (client, dialect, model) => {
    const chunks = [dialect.preamble, dialect.piece('one ST'), dialect.piece('OP two')]
    await using upstream = await startUpstream({ headers: EVENTS, chunks, ending: 'stall' })
    await using gateway = await startTestGateway(config(client, upstream.url))
    const reply = await post(`${gateway.url}/v1/messages`, { ...asked, model })
    expect(reply.headers.get('x-sluice-losses')).toContain('stop;approximated')
    const text = await reply.text()
    expect(ANTHROPIC.textOf(text)).toBe('one ')
    expect(text).toContain('"stop_reason":"stop_sequence","stop_sequence":"STOP"')
    expect(ANTHROPIC.isFinished(text)).toBe(true)
    await upstream.requests[0]?.aborted
    expect(upstream.requests[0]?.json()).not.toHaveProperty('stop')
  })

  test('ends a whole reply, with the usage that the provider told', async () => {
    await using upstream = await startUpstream({ json: RESPONSES.reply('one STOP two') })
    await using gateway = await startTestGateway(config('openai-responses', upstream.url))
    const reply = await post(`${gateway.url}/v1/messages`, { ...asked, stream: false })
    expect(await reply.json()).toMatchObject({
      content: [{ type: 'text', text: 'one ' }],
      stop_reason: 'stop_sequence',
      stop_sequence: 'STOP',
      usage: { input_tokens: 3, output_tokens: 2 },
    })
  })
})

describe('a schema for a model without structured outputs', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } }
  const asked = {
    ...CHAT.request(false),
    model: 'claude-sonnet-4',
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  }
  const call = { type: 'tool_use', id: 'toolu_1', name: 'final_answer', input: {} }
  const answer = { ...ANTHROPIC.reply(''), content: [{ ...call, input: { a: 'b' } }], stop_reason: 'tool_use' }
  const [start = ''] = ANTHROPIC.preamble.split(/(?<=\n\n)/)

  test('is answered with a text, whole', async () => {
    await using upstream = await startUpstream({ json: answer })
    await using gateway = await startTestGateway(config('anthropic-messages', upstream.url))
    const reply = await post(`${gateway.url}/v1/chat/completions`, asked)
    expect(await reply.json()).toMatchObject({
      choices: [{ message: { content: '{"a":"b"}' }, finish_reason: 'stop' }],
    })
    expect(upstream.requests[0]?.json()).toMatchObject({ tool_choice: { type: 'tool', name: 'final_answer' } })
  })

  test('is answered with a text, streamed', async () => {
    const chunks = [
      start,
      typed({ type: 'content_block_start', index: 0, content_block: call }),
      ...['{"a":', '"b"}'].map(partial_json =>
        typed({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json } }),
      ),
      ANTHROPIC.terminal.replace('end_turn', 'tool_use'),
    ]
    await using upstream = await startUpstream({ headers: EVENTS, chunks })
    await using gateway = await startTestGateway(config('anthropic-messages', upstream.url))
    const text = await (await post(`${gateway.url}/v1/chat/completions`, { ...asked, stream: true })).text()
    expect(CHAT.textOf(text)).toBe('{"a":"b"}')
    expect(framesOf(text).some(({ data }) => data.includes('"finish_reason":"stop"'))).toBe(true)
    expect(text).not.toContain('tool_calls')
  })
})
