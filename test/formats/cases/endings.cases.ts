/** Why answers end: refusals, filters, limits, and what providers say wrongly. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carryReply, carryStream, type Fields, refusal, sse, streamEvents } from './convert.ts'
import { chat, claude, google } from './provider-frames.ts'
import { ask } from './through-gateway.ts'

const section: CaseSection = {
  title: 'Ends, refusals, filters',
  order: 150,
  cases: [
    {
      id: 'E239',
      title: 'Claude refuses and says why',
      decision: 'carried',
      outcome:
        'A Chat client gets `content_filter` and the explanation as `message.refusal`; the category goes to Anthropic clients only.',
      prove: () => {
        const why = { type: 'refusal', category: 'cyber', explanation: 'Not this.' }
        const told = carryReply('anthropic-messages', 'openai-chat', message([], 'refusal', { stop_details: why }))
        expect(told.body).toMatchObject({
          choices: [{ finish_reason: 'content_filter', message: { refusal: 'Not this.' } }],
        })
        const same = carryReply(
          'anthropic-messages',
          'anthropic-messages',
          message([], 'refusal', { stop_details: why }),
        )
        expect(same.body.stop_details).toEqual(why)
      },
    },
    {
      id: 'E240',
      title: 'Claude pauses in the middle of its own tools (`pause_turn`)',
      decision: 'approximated',
      outcome:
        'Sluice does not go on by itself: clients of other formats are told that the answer is over, and a loss says that it paused.',
      prove: () => {
        const body = message([{ type: 'text', text: 'Searching.' }], 'pause_turn')
        const chatted = carryReply('anthropic-messages', 'openai-chat', body)
        expect(chatted.body).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
        const googled = carryReply('anthropic-messages', 'gemini', body)
        expect(googled.body).toMatchObject({ candidates: [{ finishReason: 'STOP' }] })
        for (const { lost } of [chatted, googled]) expect(lost).toEqual(['candidates[0].finish approximated'])
      },
    },
    {
      id: 'E241',
      title: 'The context of the model is full',
      decision: 'carried',
      outcome: 'The answer ends for length: `length`, `incomplete`, `MAX_TOKENS`.',
      prove: () => {
        const body = message([{ type: 'text', text: 'Once' }], 'model_context_window_exceeded')
        const told = (to: 'openai-chat' | 'openai-responses' | 'gemini') =>
          carryReply('anthropic-messages', to, body).body
        expect(told('openai-chat')).toMatchObject({ choices: [{ finish_reason: 'length' }] })
        expect(told('openai-responses')).toMatchObject({
          status: 'incomplete',
          incomplete_details: { reason: 'max_output_tokens' },
        })
        expect(told('gemini')).toMatchObject({ candidates: [{ finishReason: 'MAX_TOKENS' }] })
      },
    },
    {
      id: 'E242',
      title: 'Gemini refuses the prompt: a 200 without candidates',
      decision: 'carried',
      outcome: 'It is an answer that was filtered, neither an error nor an empty success.',
      prove: () => {
        const blocked = { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 3 } }
        expect(carryReply('gemini', 'openai-chat', blocked).body).toMatchObject({
          choices: [{ finish_reason: 'content_filter', message: { content: null } }],
        })
        const ends = carryStream('gemini', 'anthropic-messages', sse(blocked)).frames
        expect(ends.at(-2)).toMatchObject({ type: 'message_delta', delta: { stop_reason: 'refusal' } })
      },
    },
    {
      id: 'E243',
      title: 'A reason of Gemini that is new or has no counterpart',
      decision: 'approximated',
      outcome:
        'With nothing said it is a refusal, never a plain end; with text it is the end of that text, and a loss says so.',
      prove: () => {
        const silent = carryStream('gemini', 'anthropic-messages', sse(google.chunk([], { finishReason: 'BRAND_NEW' })))
        expect(silent.frames.at(-2)).toMatchObject({ delta: { stop_reason: 'refusal' } })
        const said = carryStream('gemini', 'anthropic-messages', sse(google.text('Hi', { finishReason: 'BRAND_NEW' })))
        expect(said.frames.at(-2)).toMatchObject({ delta: { stop_reason: 'end_turn' } })
        expect([silent.lost, said.lost]).toEqual([['finish approximated'], ['finish approximated']])
        const recited = carryStream('gemini', 'openai-chat', sse(google.text('Hi', { finishReason: 'RECITATION' })))
        expect(recited.text).toContain('"finish_reason":"content_filter"')
      },
    },
    {
      id: 'E244',
      title: 'Gemini makes a call that cannot be read (`MALFORMED_FUNCTION_CALL`)',
      decision: 'not offered',
      outcome:
        'Sluice does not ask again by itself: the answer is an error, 502 `malformed_tool_call`, that says to try again.',
      prove: () => {
        const stream = sse(google.chunk([], { finishReason: 'MALFORMED_FUNCTION_CALL' }))
        const { frames } = carryStream('gemini', 'openai-chat', stream)
        expect(frames.at(-1)).toMatchObject({
          error: { code: 'malformed_tool_call', message: expect.stringMatching(/Try again/) },
        })
        const whole = google.chunk([], { finishReason: 'MALFORMED_FUNCTION_CALL' })
        const refused = refusal(() => carryReply('gemini', 'anthropic-messages', whole))
        expect([refused.status, refused.code]).toEqual([502, 'malformed_tool_call'])
      },
    },
    {
      id: 'E245',
      title: 'A finish reason that is at odds with the answer: `stop` with calls, `tool_calls` without',
      decision: 'carried',
      outcome: 'What was said decides.',
      prove: () => {
        const call = chat.call(0, { id: 'call_1', function: { name: 'look', arguments: '{}' } })
        const called = carryStream('openai-chat', 'anthropic-messages', sse(call, chat.chunk({}, 'stop')))
        expect(called.frames.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } })
        const said = carryStream('openai-chat', 'anthropic-messages', sse(chat.chunk({ content: 'Hi' }, 'tool_calls')))
        expect(said.frames.at(-2)).toMatchObject({ delta: { stop_reason: 'end_turn' } })
      },
    },
    {
      id: 'E246',
      title: "Azure's filter refuses the prompt with a 400",
      decision: 'carried',
      outcome: 'It stays a 400 with the words of the filter, in the shape of the client; no answer is made of it.',
      prove: async () => {
        const error = { message: 'The prompt was filtered.', code: 'content_filter', status: 400, param: 'prompt' }
        const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }
        const asking = { path: '/v1/messages', body, client: 'azure-openai' }
        const { status, json } = await ask('anthropic-messages', asking, { status: 400, json: { error } })
        expect(status).toBe(400)
        expect(json).toMatchObject({ error: { type: 'invalid_request_error', message: 'The prompt was filtered.' } })
      },
    },
    {
      id: 'E247',
      title: 'The cap on tokens cuts a call in half',
      decision: 'carried',
      outcome:
        'The reason is length, and the arguments go on as far as they came; where they must be an object, they are wrapped in one and a loss says so.',
      prove: () => {
        const half = '{"path":"/tmp/a'
        const stream = sse(claude.start(), ...claude.call(0, 'toolu_1', 'read', half), ...claude.end('max_tokens'))
        const chatted = carryStream('anthropic-messages', 'openai-chat', stream)
        expect(chatted.text).toContain('"finish_reason":"length"')
        expect(chatted.text).toContain(JSON.stringify(half))
        const googled = carryStream('anthropic-messages', 'gemini', stream)
        expect(googled.frames[0]).toMatchObject({
          candidates: [{ content: { parts: [{ functionCall: { name: 'read', args: { _raw: half } } }] } }],
        })
        expect(googled.lost).toEqual(['candidates[0].parts[0].arguments approximated'])
        expect(streamEvents('anthropic-messages', stream).at(-1)).toEqual({ type: 'end' })
      },
    },
  ],
}

export default section

function message(content: readonly Fields[], stop: string, more: Fields = {}): Fields {
  return { ...(claude.start().message as Fields), content, stop_reason: stop, stop_sequence: null, ...more }
}
