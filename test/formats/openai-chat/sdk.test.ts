/** The official SDK reads what the encoders write. */
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { eventsOf } from '../../../src/formats/completion.ts'
import format from '../../../src/formats/openai-chat/format.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { recordedCases } from '../../support/traffic.ts'
import { eventsOfStream, gathered, replyContext, streamOf } from './exchange.ts'

const WITH_USAGE = { stream: true as const, stream_options: { include_usage: true } }

/** An SDK whose every request is answered with this body. */
function sdk(body: string, status = 200, type = 'text/event-stream'): OpenAI {
  return new OpenAI({
    apiKey: 'none',
    baseURL: 'http://127.0.0.1/v1',
    maxRetries: 0,
    fetch: async () => new Response(body, { status, headers: { 'content-type': type } }),
  })
}

async function accumulated(text: string): Promise<OpenAI.ChatCompletion> {
  const stream = sdk(text).chat.completions.stream({ model: 'm', messages: [], ...WITH_USAGE })
  return await stream.finalChatCompletion()
}

const REPLY: Completion = {
  id: 'msg_1',
  model: 'm',
  created: 1_700_000_001,
  candidates: [
    {
      index: 0,
      parts: [
        { type: 'reasoning', visibility: 'full', chunks: ['first', 'second'] },
        { type: 'text', text: 'Héllo 👋' },
        { type: 'tool-call', callId: 'toolu_1', name: 'weather', kind: 'function', arguments: '{"a":1.0}' },
        { type: 'tool-call', callId: 'toolu_2', name: 'nothing', kind: 'function', arguments: '' },
        { type: 'tool-call', callId: 'toolu_3', name: 'calc', kind: 'custom', arguments: '1 + 1' },
      ],
      finish: { type: 'finish', candidate: 0, reason: 'tool-calls' },
    },
  ],
  usage: { input: 10, output: 5, cacheRead: 4, reasoning: 2 },
  raw: [],
}

describe('streams', () => {
  test('a reply of another format reaches the SDK whole', async () => {
    const final = await accumulated(streamOf(eventsOf(REPLY), replyContext(WITH_USAGE, 'm')))
    expect(final).toMatchObject({
      id: 'msg_1',
      created: 1_700_000_001,
      model: 'm',
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_tokens_details: { cached_tokens: 4 } },
    })
    const [choice] = final.choices
    expect(choice?.finish_reason).toBe('tool_calls')
    expect(choice?.message).toMatchObject({
      role: 'assistant',
      content: 'Héllo 👋',
      tool_calls: [
        { id: 'toolu_1', type: 'function', function: { name: 'weather', arguments: '{"a":1.0}' } },
        { id: 'toolu_2', type: 'function', function: { name: 'nothing', arguments: '{}' } },
        { id: 'toolu_3', type: 'custom', custom: { name: 'calc', input: '1 + 1' } },
      ],
    })
  })

  test('the SDK sees the same in a stream and in a whole reply', async () => {
    const context = replyContext(WITH_USAGE, 'm')
    const streamed = await accumulated(streamOf(eventsOf(REPLY), context))
    const { body } = format.encodeReply(REPLY, context)
    const whole = await sdk(body, 200, 'application/json').chat.completions.create({ model: 'm', messages: [] })
    // The SDK keeps only the last piece of a field that it does not know.
    const streamedMessage = { ...streamed.choices[0]?.message, reasoning_content: 'first\n\nsecond' }
    expect(streamedMessage).toEqual({ parsed: null, ...whole.choices[0]?.message })
    expect(streamed.usage).toEqual(whole.usage)
  })

  test('an error in the middle makes the SDK throw, not finish', async () => {
    const events: ReplyEvent[] = [
      { type: 'start', id: 'x', model: 'm' },
      { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
      { type: 'text-delta', index: 0, text: 'half' },
      { type: 'error', error: { kind: 'overloaded', status: 503, code: 'overloaded', message: 'Busy.' } },
    ]
    const text = streamOf(events, replyContext(WITH_USAGE, 'm'))
    await expect(accumulated(text)).rejects.toThrow('Busy.')
    expect(text).not.toContain('finish_reason":"')
  })

  const recorded = [...recordedCases('openai-chat'), ...recordedCases('openai-compatible')].filter(
    each => each.responseIsStream && each.status === 200 && !each.responseText.includes('event: error'),
  )
  test.each(recorded)('$name reaches the SDK once encoded again', async each => {
    const events = eventsOfStream(each.responseText)
    const [candidate] = gathered(events).candidates
    const final = await accumulated(streamOf(events, replyContext(WITH_USAGE, 'm')))
    const text = candidate?.parts.map(part => (part.type === 'text' ? part.text : '')).join('')
    expect(final.choices[0]?.message.content ?? '').toBe(text)
    const calls = candidate?.parts.filter(part => part.type === 'tool-call') ?? []
    expect(final.choices[0]?.message.tool_calls?.map(call => call.id) ?? []).toEqual(calls.map(call => call.callId))
  })
})

describe('errors', () => {
  test.each([
    [400, 'bad-request', OpenAI.BadRequestError, 'some_code'],
    [401, 'authentication', OpenAI.AuthenticationError, 'invalid_api_key'],
    [403, 'permission', OpenAI.PermissionDeniedError, 'some_code'],
    [404, 'not-found', OpenAI.NotFoundError, 'some_code'],
    [429, 'rate-limit', OpenAI.RateLimitError, 'rate_limit_exceeded'],
    [529, 'overloaded', OpenAI.InternalServerError, 'some_code'],
  ] as const)('a refusal of status %i is thrown as its class', async (status, kind, expected, code) => {
    const view = { kind, status, code: 'some_code', message: 'What went wrong.', param: 'model' }
    const { status: answered, body } = format.encodeError(view, 'req-1')
    const call = sdk(body, answered, 'application/json').chat.completions.create({ model: 'm', messages: [] })
    await expect(call).rejects.toBeInstanceOf(expected)
    await expect(call).rejects.toMatchObject({ code, param: 'model' })
  })
})

test('the SDK lists models and finds one', async () => {
  const models = [{ id: 'a/b', ownedBy: 'someone', created: 5 }]
  const listed = await sdk(format.encodeModels(models), 200, 'application/json').models.list()
  expect(listed.data).toEqual([{ id: 'a/b', object: 'model', created: 5, owned_by: 'someone' }])
  const [model] = models
  if (model === undefined) throw new Error('no model')
  const found = await sdk(format.encodeModel(model), 200, 'application/json').models.retrieve('a/b')
  expect(found.id).toBe('a/b')
})
