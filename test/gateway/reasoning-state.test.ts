/** Reasoning state through a whole gateway: from a provider, past a client of another format, and back to the provider. */
import { describe, expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { startUpstream } from '../support/upstream.ts'

type Json = Record<string, unknown>

const SIGNATURE = Buffer.from('signature of google').toString('base64')
const GEMINI_CALL = { functionCall: { name: 'look', args: { at: 1 } }, thoughtSignature: SIGNATURE }
const GEMINI_REPLY = {
  responseId: 'r1',
  modelVersion: 'gemini-3-flash',
  candidates: [{ content: { role: 'model', parts: [GEMINI_CALL] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
}

const CLAUDE_REPLY = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-6',
  content: [
    { type: 'thinking', thinking: 'Hmm.', signature: 'EqQBsigned' },
    { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 1 } },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 },
}

const KINDS = { gemini: '/v1beta', 'anthropic-messages': '/v1' } as const

function config(client: keyof typeof KINDS, upstream: string, steps = ''): string {
  return `
[providers.there]
client = "${client}"
base_url = "${upstream}${KINDS[client]}"
api_key = "sk-upstream"

[pipelines.main]
parsers = ["openai-chat", "anthropic-messages", "openai-responses"]
provider = "there"
${steps}
[[pipelines.main.processors]]
use = "convert"
`
}

async function post(url: string, body: unknown, key = 'k'): Promise<Json> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await reply.text()
  expect(reply.status, text).toBe(200)
  return JSON.parse(text)
}

const LOOK = { name: 'look', parameters: { type: 'object', properties: { at: { type: 'number' } } } }
const CHAT = { model: 'gemini-3-flash', tools: [{ type: 'function', function: LOOK }] }
const ASKED = { role: 'user', content: 'Look.' }

interface ChatMessage extends Json {
  readonly tool_calls: readonly { readonly id: string; readonly function: unknown }[]
}

async function askChat(gateway: string, model = CHAT.model, key = 'k'): Promise<ChatMessage> {
  const reply = await post(`${gateway}/v1/chat/completions`, { ...CHAT, model, messages: [ASKED] }, key)
  const [choice] = reply.choices as { message: ChatMessage }[]
  if (choice === undefined) throw new Error('no choice')
  return choice.message
}

/** What OpenAI's own types know of a message. */
function asOpenAiSdk({ role, content, tool_calls }: ChatMessage): Json {
  return {
    role,
    content,
    tool_calls: tool_calls.map(({ id, function: called }) => ({ id, type: 'function', function: called })),
  }
}

function answerChat(gateway: string, message: Json, callId: string | undefined, model = CHAT.model, key = 'k') {
  const messages = [ASKED, message, { role: 'tool', tool_call_id: callId, content: 'seen' }]
  return post(`${gateway}/v1/chat/completions`, { ...CHAT, model, messages }, key)
}

describe('a Chat client that drops what it does not know', () => {
  test('gets the signature of Gemini’s call back to it', async () => {
    await using upstream = await startUpstream({ json: GEMINI_REPLY }, { json: GEMINI_REPLY })
    await using gateway = await startTestGateway(config('gemini', upstream.url))
    const message = await askChat(gateway.url)
    await answerChat(gateway.url, asOpenAiSdk(message), message.tool_calls[0]?.id)
    expect(upstream.requests[1]?.json()).toMatchObject({
      contents: [{}, { role: 'model', parts: [GEMINI_CALL] }, { parts: [{ functionResponse: { name: 'look' } }] }],
    })
  })

  test('gets Claude’s signed thinking back to it', async () => {
    await using upstream = await startUpstream({ json: CLAUDE_REPLY }, { json: CLAUDE_REPLY })
    await using gateway = await startTestGateway(config('anthropic-messages', upstream.url))
    const message = await askChat(gateway.url, 'claude-opus-4-6')
    await answerChat(gateway.url, asOpenAiSdk(message), message.tool_calls[0]?.id, 'claude-opus-4-6')
    expect(upstream.requests[1]?.json()).toMatchObject({ messages: [{}, { content: CLAUDE_REPLY.content }, {}] })
  })

  test('gets the signature back also when it was streamed', async () => {
    const stream = {
      headers: { 'content-type': 'text/event-stream' },
      body: `data: ${JSON.stringify(GEMINI_REPLY)}\n\n`,
    }
    await using upstream = await startUpstream(stream, { json: GEMINI_REPLY })
    await using gateway = await startTestGateway(config('gemini', upstream.url))
    const headers = { 'content-type': 'application/json', authorization: 'Bearer k' }
    const body = JSON.stringify({ ...CHAT, messages: [ASKED], stream: true })
    const reply = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body })
    const [, id] = /"id":"(call_[^"]+)"/.exec(await reply.text()) ?? []
    const called = { id, type: 'function', function: { name: 'look', arguments: '{"at":1}' } }
    await answerChat(gateway.url, { role: 'assistant', content: null, tool_calls: [called] }, id)
    expect(upstream.requests[1]?.json()).toMatchObject({ contents: [{}, { parts: [GEMINI_CALL] }, {}] })
  })

  test('gets nothing of another key’s', async () => {
    const auth = ['alice', 'bob'].map(name => `{ name = "${name}", key = "${name}s-long-random-key" }`).join(', ')
    const steps = `\n[[pipelines.main.processors]]\nuse = "auth"\nkeys = [${auth}]\n`
    await using upstream = await startUpstream({ json: GEMINI_REPLY }, { json: GEMINI_REPLY })
    await using gateway = await startTestGateway(config('gemini', upstream.url, steps))
    const message = await askChat(gateway.url, CHAT.model, 'alices-long-random-key')
    await answerChat(gateway.url, asOpenAiSdk(message), message.tool_calls[0]?.id, CHAT.model, 'bobs-long-random-key')
    expect(upstream.requests[1]?.body.toString()).not.toContain(SIGNATURE)
  })
})

test('a client that sends everything back needs nothing to be kept', async () => {
  await using upstream = await startUpstream({ json: GEMINI_REPLY }, { json: GEMINI_REPLY })
  await using gateway = await startTestGateway(config('gemini', upstream.url))
  const tools = [{ name: 'look', input_schema: LOOK.parameters }]
  const asked = { model: 'gemini-3-flash', max_tokens: 99, tools }
  const reply = await post(`${gateway.url}/v1/messages`, { ...asked, messages: [ASKED] })
  const content = reply.content as { type: string; id?: string; data?: string }[]
  expect(content.map(({ type }) => type)).toEqual(['redacted_thinking', 'tool_use'])
  expect(content[0]?.data).toMatch(/^Zgw1\./)
  // A new id, as after a detour through another tool: only the carrier can know.
  const renamed = content.map(block => (block.type === 'tool_use' ? { ...block, id: 'toolu_renamed' } : block))
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_renamed', content: 'seen' }] }
  await post(`${gateway.url}/v1/messages`, {
    ...asked,
    messages: [ASKED, { role: 'assistant', content: renamed }, result],
  })
  expect(upstream.requests[1]?.json()).toMatchObject({
    contents: [{}, { parts: [{ functionCall: { name: 'look' }, thoughtSignature: SIGNATURE }] }, {}],
  })
})

test('a carrier never reaches a provider, even where nothing is converted', async () => {
  await using upstream = await startUpstream({ json: CLAUDE_REPLY })
  await using gateway = await startTestGateway(config('anthropic-messages', upstream.url))
  const content = [
    { type: 'thinking', thinking: 'Of another.', signature: 'Zgw1.eyJhIjoxfQ.AAAA' },
    { type: 'redacted_thinking', data: 'Zgw1.eyJhIjoxfQ.AAAA' },
    { type: 'thinking', thinking: 'Its own.', signature: 'EqQBnative' },
    { type: 'text', text: 'Well.' },
  ]
  const messages = [ASKED, { role: 'assistant', content }, { role: 'user', content: 'Go on.' }]
  await post(`${gateway.url}/v1/messages`, { model: 'claude-opus-4-6', max_tokens: 99, messages })
  const sent = upstream.requests[0]
  expect(sent?.body.toString()).not.toContain('Zgw1.')
  expect(sent?.json()).toMatchObject({ messages: [{}, { content: [content[2], content[3]] }, {}] })
})
