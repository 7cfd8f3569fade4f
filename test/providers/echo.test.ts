import { describe, expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'

const CONFIG = `
[providers.echo]
client = "echo"
pace = "0s"
[pipelines.main]
parsers = ["anthropic-messages", "openai-chat", "openai-responses", "gemini", "openai-embeddings", "chat"]
provider = "echo"
`
const PROMPT = 'Hello,  Sluice!\nHow are you?'

const CALLS: Readonly<Record<string, { readonly path: string; readonly body: object }>> = {
  'anthropic-messages': {
    path: '/v1/messages',
    body: { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: PROMPT }] },
  },
  'openai-chat': { path: '/v1/chat/completions', body: { model: 'm', messages: [{ role: 'user', content: PROMPT }] } },
  'openai-responses': { path: '/v1/responses', body: { model: 'm', input: PROMPT } },
  gemini: { path: '/v1beta/models/m:generateContent', body: { contents: [{ parts: [{ text: PROMPT }] }] } },
  chat: { path: '/chat', body: { provider: 'echo', model: 'm', prompt: PROMPT } },
}

async function post(url: string, body: object): Promise<{ status: number; text: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

/** All strings in a JSON value. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : []
}

describe('echo', () => {
  test.each(Object.entries(CALLS))('says the prompt again to %s', async (_, { path, body }) => {
    await using gateway = await startTestGateway(CONFIG)
    const { status, text } = await post(gateway.url + path, body)
    expect(status).toBe(200)
    expect(strings(JSON.parse(text))).toContain(PROMPT)
  })

  test.each(['anthropic-messages', 'openai-chat', 'openai-responses'])('streams it to %s', async format => {
    const { path = '', body = {} } = CALLS[format] ?? {}
    await using gateway = await startTestGateway(CONFIG)
    const { text } = await post(gateway.url + path, { ...body, stream: true })
    const data = text.split('\n').filter(line => line.startsWith('data: {'))
    const words = data
      .map(line => JSON.parse(line.slice(6)))
      .flatMap(
        event =>
          event.delta?.text ??
          event.choices?.[0]?.delta?.content ??
          (typeof event.delta === 'string' ? event.delta : []),
      )
    expect(words.join('')).toBe(PROMPT)
    expect(words.length).toBeGreaterThan(3)
  })

  test('gives the same vector for the same text, and another for another', async () => {
    await using gateway = await startTestGateway(CONFIG)
    const { status, text } = await post(`${gateway.url}/v1/embeddings`, {
      model: 'm',
      input: ['one', 'two', 'one'],
      encoding_format: 'float',
    })
    expect(status).toBe(200)
    const [first, second, third] = JSON.parse(text).data.map((each: { embedding: number[] }) => each.embedding)
    expect(first).toEqual(third)
    expect(first).not.toEqual(second)
    expect(first.length).toBeGreaterThan(0)
  })
})
