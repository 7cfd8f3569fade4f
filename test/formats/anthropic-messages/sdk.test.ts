import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import { threadUnsupported } from '../../../src/formats/anthropic-messages/threads.ts'
import { eventsOf } from '../../../src/formats/completion.ts'
import type { ReplyEvent, Usage } from '../../../src/formats/reply-events.ts'
import { completionOf, encodeEvents, replyContext } from './exchange.ts'

const NEW = '2026-10-21'
const QUESTION = { model: 'claude-opus-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] }
const USAGE: Usage = { input: 120, output: 30, cacheRead: 100, cacheWrite: 5, reasoning: 12 }

/** A client whose every request is answered with these bytes. */
function client(body: string, contentType: string, status = 200): Anthropic {
  const fetch = async () => new Response(body, { status, headers: { 'content-type': contentType } })
  return new Anthropic({ apiKey: 'key', baseURL: 'http://gateway.invalid', maxRetries: 0, fetch, logLevel: 'off' })
}

function streamed(events: readonly ReplyEvent[]): Anthropic {
  const { text } = encodeEvents(events, replyContext({ version: NEW }))
  return client(text, 'text/event-stream')
}

/** As a Chat upstream tells it: two calls whose pieces interleave, a reason, then the usage. */
const INTERLEAVED: readonly ReplyEvent[] = [
  { type: 'start', id: 'chatcmpl-1', model: 'gpt-6' },
  { type: 'part-start', index: 0, candidate: 0, part: { type: 'reasoning', visibility: 'full', chunks: [] } },
  { type: 'text-delta', index: 0, text: 'Hm' },
  { type: 'part-start', index: 1, candidate: 0, part: { type: 'text', text: '' } },
  { type: 'text-delta', index: 1, text: 'Let me look 🙂' },
  call(2, 'functions.Bash:0', 'bash'),
  call(3, 'call_2', 'read'),
  { type: 'arguments-delta', index: 3, text: '{"path":' },
  { type: 'arguments-delta', index: 2, text: '{"n":9007199254740993,' },
  { type: 'ping' },
  { type: 'arguments-delta', index: 3, text: '"a"}' },
  { type: 'part-end', index: 3 },
  { type: 'arguments-delta', index: 2, text: '"f":1.0}' },
  { type: 'part-end', index: 0 },
  { type: 'part-end', index: 1 },
  { type: 'part-end', index: 2 },
  { type: 'finish', candidate: 0, reason: 'tool-calls' },
  { type: 'usage', usage: USAGE },
  { type: 'end' },
]

function call(index: number, callId: string, name: string): ReplyEvent {
  const part = { type: 'tool-call', callId, name, kind: 'function', arguments: '' } as const
  return { type: 'part-start', index, candidate: 0, part }
}

describe('the official SDK', () => {
  it('gathers a stream whose parts interleaved upstream', async () => {
    const message = await streamed(INTERLEAVED).messages.stream(QUESTION).finalMessage()
    expect(message).toMatchObject({
      id: 'msg_chatcmpl-1',
      model: 'claude-opus-5',
      role: 'assistant',
      stop_reason: 'tool_use',
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
    })
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm', signature: '' },
      { type: 'text', text: 'Let me look 🙂', citations: null },
      { type: 'tool_use', name: 'bash', caller: { type: 'direct' }, input: { f: 1 } },
      { type: 'tool_use', id: 'call_2', name: 'read', input: { path: 'a' } },
    ])
    expect(message.usage).toMatchObject({
      input_tokens: 15,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 5,
      output_tokens: 30,
      output_tokens_details: { thinking_tokens: 12 },
    })
  })

  it('gathers the same message from a stream as from a whole reply', async () => {
    const completion = completionOf(INTERLEAVED)
    const { body } = format.encodeReply(completion, replyContext({ version: NEW }))
    const whole = await client(body, 'application/json').messages.create(QUESTION)
    const stream = await streamed(eventsOf(completion)).messages.stream(QUESTION).finalMessage()
    expect(JSON.parse(JSON.stringify(stream.content))).toEqual(JSON.parse(JSON.stringify(whole.content)))
    expect(stream.stop_reason).toBe(whole.stop_reason)
    expect(stream.usage).toMatchObject({ input_tokens: 15, output_tokens: 30 })
  })

  it('gets a signature and redacted thinking as they are', async () => {
    const state = [{ scheme: 'anthropic.signature', value: 'sig==' }] as const
    const redacted = [{ scheme: 'anthropic.redacted', value: 'blob' }] as const
    const message = await streamed([
      { type: 'start', id: 'msg_1', model: 'claude' },
      {
        type: 'part-start',
        index: 0,
        candidate: 0,
        part: { type: 'reasoning', visibility: 'summary', chunks: [], state },
      },
      { type: 'part-end', index: 0 },
      {
        type: 'part-start',
        index: 1,
        candidate: 0,
        part: { type: 'reasoning', visibility: 'hidden', chunks: [], state: redacted },
      },
      { type: 'part-end', index: 1 },
      { type: 'finish', candidate: 0, reason: 'stop' },
      { type: 'end' },
    ])
      .messages.stream(QUESTION)
      .finalMessage()
    expect(message.content).toEqual([
      { type: 'thinking', thinking: '', signature: 'sig==' },
      { type: 'redacted_thinking', data: 'blob' },
    ])
  })

  it('sees a refusal before any content', async () => {
    const message = await streamed([
      { type: 'start', id: 'x', model: 'm' },
      { type: 'finish', candidate: 0, reason: 'content-filter', explanation: 'not this' },
      { type: 'end' },
    ])
      .messages.stream(QUESTION)
      .finalMessage()
    expect(message).toMatchObject({
      content: [],
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: null, explanation: 'not this' },
    })
  })

  it('fails with a stream that fails, and keeps what came before', async () => {
    const error = { kind: 'overloaded', status: 529, code: 'overloaded', message: 'Busy' } as const
    const stream = streamed([...INTERLEAVED.slice(0, 5), { type: 'error', error }]).messages.stream(QUESTION)
    const texts: string[] = []
    stream.on('text', text => texts.push(text))
    await expect(stream.finalMessage()).rejects.toMatchObject({ type: 'overloaded_error' })
    // Parts wait for those before them: the thinking had not ended.
    expect(texts).toEqual([])
  })

  it('fails with a stream that breaks off', async () => {
    const stream = streamed([...INTERLEAVED.slice(0, 5), { type: 'end' }]).messages.stream(QUESTION)
    await expect(stream.finalMessage()).rejects.toMatchObject({ type: 'api_error' })
  })

  it.each([
    ['bad-request', 400, Anthropic.BadRequestError],
    ['authentication', 401, Anthropic.AuthenticationError],
    ['permission', 403, Anthropic.PermissionDeniedError],
    ['not-found', 404, Anthropic.NotFoundError],
    ['rate-limit', 429, Anthropic.RateLimitError],
    ['overloaded', 503, Anthropic.InternalServerError],
    ['server', 500, Anthropic.InternalServerError],
  ] as const)('throws its own class for an error of kind %s', async (kind, status, expected) => {
    const error = format.encodeError({ kind, status, code: 'x', message: 'Why' }, 'req_7')
    const answer = client(error.body, 'application/json', error.status).messages.create(QUESTION)
    await expect(answer).rejects.toBeInstanceOf(expected)
  })

  it('recognises that threads are not supported, and would send everything again', async () => {
    const { body, status } = format.encodeError(threadUnsupported(), 'req_8')
    const answer = client(body, 'application/json', status).messages.create(QUESTION)
    await expect(answer).rejects.toMatchObject({ errorCode: 'thread_unsupported_request' })
  })

  it('reads token counts and model lists', async () => {
    const counts = client(format.encodeTokenCount(42), 'application/json')
    expect(await counts.messages.countTokens(QUESTION)).toMatchObject({ input_tokens: 42 })
    const body = format.encodeModels([{ id: 'gpt-6', created: 1_700_000_000, contextWindow: 400_000 }, { id: 'b' }])
    const listed = []
    for await (const model of client(body, 'application/json').models.list()) listed.push(model)
    expect(listed).toMatchObject([
      { id: 'gpt-6', created_at: '2023-11-14T22:13:20Z', max_input_tokens: 400_000 },
      { id: 'b', display_name: 'b', created_at: '1970-01-01T00:00:00Z' },
    ])
    const one = client(format.encodeModel({ id: 'b' }), 'application/json')
    expect(await one.models.retrieve('b')).toMatchObject({ id: 'b', type: 'model' })
  })
})
