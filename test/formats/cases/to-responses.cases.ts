/** What a client of the Responses API sees of a stream. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carryStream, type Fields, sse } from './convert.ts'
import { chat, claude, google } from './provider-frames.ts'

const TO = 'openai-responses'
const ANSWER = [chat.chunk({ role: 'assistant', content: 'Hi' }), chat.chunk({}, 'stop')]
const CALL = [
  chat.call(0, { id: 'call_1', function: { name: 'look', arguments: '' } }),
  chat.call(0, { function: { arguments: '{"at":1}' } }),
  chat.chunk({}, 'tool_calls'),
]

const section: CaseSection = {
  title: 'Streams to Responses clients',
  order: 120,
  cases: [
    {
      id: 'E206',
      title: 'A stream of a provider that knows no life cycle of items',
      decision: 'carried',
      outcome:
        'Clients get every step: the response created and in progress, items and parts added, their text done, parts and items done.',
      prove: () => {
        expect(told(...ANSWER).map(({ type }) => type)).toEqual([
          'response.created',
          'response.in_progress',
          'response.output_item.added',
          'response.content_part.added',
          'response.output_text.delta',
          'response.output_text.done',
          'response.content_part.done',
          'response.output_item.done',
          'response.completed',
        ])
        const thought = told(chat.chunk({ reasoning_content: 'Hmm.' }), ...ANSWER).map(({ type }) => type)
        expect(thought).toEqual(
          expect.arrayContaining(['response.reasoning_text.delta', 'response.reasoning_text.done']),
        )
      },
    },
    {
      id: 'E207',
      title: 'Where a piece of text stands',
      decision: 'carried',
      outcome: '`content_index` counts within the item, whichever item of the output it is.',
      prove: () => {
        const deltas = told(chat.chunk({ reasoning_content: 'Hmm.' }), ...ANSWER).filter(
          ({ type }) => type === 'response.output_text.delta',
        )
        expect(deltas).toMatchObject([{ output_index: 1, content_index: 0 }])
      },
    },
    {
      id: 'E208',
      title: 'Text and a call in one answer',
      decision: 'carried',
      outcome: 'Each is an item with an `output_index` of its own.',
      prove: () => {
        const added = told(chat.chunk({ content: 'Let me look.' }), ...CALL).filter(
          ({ type }) => type === 'response.output_item.added',
        )
        expect(added).toMatchObject([
          { output_index: 0, item: { type: 'message' } },
          { output_index: 1, item: { type: 'function_call', call_id: 'call_1', name: 'look' } },
        ])
      },
    },
    {
      id: 'E209',
      title: 'The response at the end',
      decision: 'carried',
      outcome:
        '`response.completed` has the whole response: id, object, model, status, all output, usage with its details.',
      prove: () => {
        const usage = chat.usage({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 })
        expect(told(...ANSWER, usage).at(-1)).toMatchObject({
          type: 'response.completed',
          response: {
            object: 'response',
            model: 'asked-model',
            status: 'completed',
            output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }],
            usage: {
              input_tokens: 3,
              input_tokens_details: { cached_tokens: 0 },
              output_tokens: 2,
              output_tokens_details: { reasoning_tokens: 0 },
              total_tokens: 5,
            },
          },
        })
      },
    },
    {
      id: 'E210',
      title: 'The shape of life-cycle events',
      decision: 'carried',
      outcome: 'The response stands in `response`, beside the `type` and a `sequence_number` that grows by one.',
      prove: () => {
        const frames = told(...ANSWER)
        expect(frames[0]).toMatchObject({
          type: 'response.created',
          sequence_number: 0,
          response: { object: 'response' },
        })
        expect(frames.map(({ sequence_number }) => sequence_number)).toEqual(frames.map((_, place) => place))
      },
    },
    {
      id: 'E211',
      title: 'A call without arguments, and a provider that gives its calls whole',
      decision: 'carried',
      outcome:
        'Items have stable ids with the usual prefixes, and the arguments are told by a `done` event, also when they are `{}`.',
      prove: () => {
        const call = { functionCall: { name: 'look', args: {} } }
        const { frames } = carryStream('gemini', TO, sse(google.chunk([call], { finishReason: 'STOP' })))
        const about = frames.filter(({ type }) => /function_call|output_item/.test(String(type)))
        expect(about.map(({ type }) => type)).toContain('response.function_call_arguments.done')
        expect(about.at(-1)).toMatchObject({ item: { id: expect.stringMatching(/^fc_/), arguments: '{}' } })
        const ids = about.map(({ item_id, item }) => item_id ?? (item as Fields).id)
        expect(new Set(ids).size).toBe(1)
      },
    },
    {
      id: 'E212',
      title: 'An answer that was cut off by the cap on tokens',
      decision: 'carried',
      outcome: 'The terminal event is `response.incomplete`, and the item that was open is `incomplete`.',
      prove: () => {
        const frames = told(chat.chunk({ content: 'Once upon' }), chat.chunk({}, 'length'))
        expect(frames.at(-1)).toMatchObject({
          type: 'response.incomplete',
          response: { incomplete_details: { reason: 'max_output_tokens' }, output: [{ status: 'incomplete' }] },
        })
      },
    },
    {
      id: 'E213',
      title: 'Fields of the request that a response repeats',
      decision: 'carried',
      outcome:
        'Tools, tool choice and instructions are told as they were asked; `store` is always false, so that nobody refers to the reply by its id.',
      prove: () => {
        const tools = [{ type: 'function', name: 'look', parameters: {}, strict: false }]
        const request = { tools, tool_choice: 'required', instructions: 'Be brief.', store: true }
        const { frames } = carryStream('openai-chat', TO, sse(...ANSWER, chat.done), { request })
        expect(frames.at(-1)).toMatchObject({ response: { ...request, store: false } })
      },
    },
    {
      id: 'E214',
      title: 'An error after the stream has begun',
      decision: 'carried',
      outcome:
        'SDKs get `error`, and Codex the `response.failed` that it waits for, after a `response.created`. Before that it is a status.',
      prove: () => {
        const error = { type: 'error', error: { type: 'overloaded_error', message: 'Too busy.' } }
        const { frames } = carryStream('anthropic-messages', TO, sse(claude.start(), error))
        expect(frames.map(({ type }) => type)).toEqual([
          'response.created',
          'response.in_progress',
          'error',
          'response.failed',
        ])
        expect(frames.at(-1)).toMatchObject({ response: { status: 'failed', error: { message: 'Too busy.' } } })
      },
    },
    {
      id: 'E215',
      title: 'Thinking before a call',
      decision: 'carried',
      outcome: 'The reasoning item stands before the call in the output, and is done before it.',
      prove: () => {
        const frames = told(chat.chunk({ reasoning_content: 'Hmm.' }), ...CALL)
        const done = frames.filter(({ type }) => type === 'response.output_item.done')
        expect(done).toMatchObject([
          { output_index: 0, item: { type: 'reasoning' } },
          { output_index: 1, item: { type: 'function_call' } },
        ])
      },
    },
  ],
}

export default section

function told(...frames: readonly Fields[]): readonly Fields[] {
  return carryStream('openai-chat', TO, sse(...frames, chat.done)).frames
}
