/** OpenAI's own SDK reads what the encoder writes. */
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import type { Part } from '../../../src/formats/conversation.ts'
import type { ErrorView } from '../../../src/formats/error-view.ts'
import format from '../../../src/formats/openai-responses/format.ts'
import type { ReplyEvent } from '../../../src/formats/reply-events.ts'
import { recordedCases } from '../../support/traffic.ts'
import { eventsOfStream, gathered, replyContext, streamOf } from './exchange.ts'

/** A client whose every request is answered with `body`. */
function client(body: string, status = 200, type = 'text/event-stream'): OpenAI {
  const fetch = async () => new Response(body, { status, headers: { 'content-type': type, 'x-request-id': 'req-1' } })
  return new OpenAI({ apiKey: 'test', fetch, maxRetries: 0 })
}

const ask = { model: 'asked-model', input: 'Hi' }

async function streamed(body: string): Promise<Awaited<ReturnType<OpenAI['responses']['parse']>>> {
  return await client(body).responses.stream(ask).finalResponse()
}

function reply(parts: readonly Part[], deltas: readonly ReplyEvent[] = []): readonly ReplyEvent[] {
  const calls = parts.some(part => part.type === 'tool-call')
  return [
    { type: 'start', id: 'msg_01abc', model: 'upstream-model' },
    ...between(parts, deltas),
    { type: 'usage', usage: { input: 7, output: 5 } },
    { type: 'finish', candidate: 0, reason: calls ? 'tool-calls' : 'stop' },
    { type: 'end' },
  ]
}

/** Parts one after another, or, with deltas, all open at once. */
function between(parts: readonly Part[], deltas: readonly ReplyEvent[]): readonly ReplyEvent[] {
  const starts = parts.map((part, index): ReplyEvent => ({ type: 'part-start', index, candidate: 0, part }))
  const ends = parts.map((_, index): ReplyEvent => ({ type: 'part-end', index }))
  if (deltas.length > 0) return [...starts, ...deltas, ...ends]
  return starts.flatMap((start, index) => [start, ends[index] ?? start])
}

describe('streams', () => {
  test('text, thinking and calls that interleave arrive whole', async () => {
    const events = reply(
      [
        { type: 'reasoning', visibility: 'summary', chunks: [] },
        { type: 'text', text: '' },
        { type: 'tool-call', callId: 'toolu_1', name: 'a', kind: 'function', arguments: '' },
        { type: 'tool-call', callId: 'toolu_2', name: 'b', kind: 'function', arguments: '' },
      ],
      [
        { type: 'text-delta', index: 0, text: 'Hm' },
        { type: 'section-break', index: 0 },
        { type: 'text-delta', index: 0, text: 'so' },
        { type: 'arguments-delta', index: 3, text: '{"y":' },
        { type: 'text-delta', index: 1, text: 'Hello' },
        { type: 'arguments-delta', index: 2, text: '{}' },
        { type: 'ping' },
        { type: 'arguments-delta', index: 3, text: '2}' },
        { type: 'text-delta', index: 1, text: ' there' },
      ],
    )
    const response = await streamed(streamOf(events))
    expect(response.output_text).toBe('Hello there')
    expect(response.output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'Hm' }, { text: 'so' }] },
      { type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'Hello there' }] },
      { type: 'function_call', call_id: 'toolu_1', name: 'a', arguments: '{}' },
      { type: 'function_call', call_id: 'toolu_2', name: 'b', arguments: '{"y":2}' },
    ])
    expect(response.usage).toMatchObject({ input_tokens: 7, output_tokens: 5, total_tokens: 12 })
  })

  test('the snapshot that the SDK builds up is what the last event holds', async () => {
    const events = reply([
      { type: 'text', text: 'A', citations: [{ kind: 'url', url: 'https://a', format: 'x', json: '{}' }] },
      { type: 'refusal', text: 'No.' },
      { type: 'tool-call', callId: 'c', name: 'n', kind: 'custom', arguments: 'free text' },
    ])
    const stream = client(streamOf(events)).responses.stream(ask)
    const deltas: string[] = []
    stream.on('response.output_text.delta', event => deltas.push(event.snapshot))
    const response = await stream.finalResponse()
    expect(deltas).toEqual(['A'])
    expect(response.output).toMatchObject([
      {
        content: [
          { type: 'output_text', annotations: [{ url: 'https://a' }] },
          { type: 'refusal', refusal: 'No.' },
        ],
      },
      { type: 'custom_tool_call', input: 'free text' },
    ])
  })

  const streams = recordedCases('openai-responses').filter(each => each.responseIsStream && each.status === 200)
  test.each(streams)('$name', async each => {
    const events = eventsOfStream(each.responseText)
    const { candidates, model } = gathered(events)
    const response = await streamed(streamOf(events, replyContext(JSON.parse(each.requestText), model)))
    const texts = candidates[0]?.parts.flatMap(part => (part.type === 'text' ? [part.text] : [])) ?? []
    expect(response.output_text).toBe(texts.join(''))
    expect(response.model).toBe(model)
  })
})

describe('errors', () => {
  const overloaded: ErrorView = { kind: 'overloaded', status: 529, code: 'overloaded', message: 'Try again later.' }

  test('an error in the middle of a stream reaches the caller as one', async () => {
    const begun = reply([{ type: 'text', text: 'Hel' }]).slice(0, 2)
    const body = streamOf([...begun, { type: 'error', error: overloaded }])
    await expect(streamed(body)).rejects.toThrow('Try again later.')
  })

  test('an error in a stream that passed by unread reaches the caller as one', async () => {
    const [first = ''] = streamOf(reply([{ type: 'text', text: 'Hel' }])).split('event: response.output_item')
    await expect(streamed(first + format.encodeStreamError(overloaded, 'req-1'))).rejects.toThrow('Try again later.')
  })

  test.each([
    [401, 'authentication', OpenAI.AuthenticationError],
    [429, 'rate-limit', OpenAI.RateLimitError],
    [400, 'context-length', OpenAI.BadRequestError],
    [529, 'overloaded', OpenAI.InternalServerError],
  ] as const)('%i is thrown as the class that callers catch', async (status, kind, type) => {
    const encoded = format.encodeError({ kind, status, code: 'some_code', message: 'No.', param: 'input' }, 'req-1')
    const thrown = await client(encoded.body, encoded.status, 'application/json')
      .responses.create(ask)
      .catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(type)
    expect(thrown).toMatchObject({ param: 'input', requestID: 'req-1' })
  })
})

test('a whole reply, a token count and a model list are read', async () => {
  const { body } = format.encodeReply(gathered(reply([{ type: 'text', text: 'Hello' }])), replyContext())
  const response = await client(body, 200, 'application/json').responses.create(ask)
  expect(response.output_text).toBe('Hello')
  const counted = client(format.encodeTokenCount(12), 200, 'application/json')
  expect((await counted.responses.inputTokens.count(ask)).input_tokens).toBe(12)
  const listed = client(format.encodeModels([{ id: 'a' }, { id: 'b', created: 5 }]), 200, 'application/json')
  const ids: string[] = []
  for await (const model of listed.models.list()) ids.push(model.id)
  expect(ids).toEqual(['a', 'b'])
})
