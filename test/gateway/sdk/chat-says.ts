import { frame, halves, type Json, type Speaker } from './speaker.ts'
import type { Call, Said } from './talk.ts'

export const CHAT: Speaker = {
  whole: said => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-4.1-mini-2025-04-14',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: said.text === '' ? null : said.text,
          refusal: null,
          ...(said.thinking !== undefined && { reasoning_content: said.thinking }),
          ...(said.calls.length > 0 && { tool_calls: said.calls.map(chatCall) }),
        },
        logprobs: null,
        finish_reason: CHAT_FINISH[said.finish],
      },
    ],
    usage: chatUsage(said),
  }),
  stream: said =>
    [
      chatChunk({ role: 'assistant', content: '' }),
      ...halves(said.thinking ?? '').map(piece => chatChunk({ reasoning_content: piece })),
      ...halves(said.text).map(piece => chatChunk({ content: piece })),
      ...said.calls.flatMap((call, index) => [
        chatChunk({
          tool_calls: [{ ...chatCall({ ...call, input: {} }), index, function: { name: call.name, arguments: '' } }],
        }),
        ...halves(JSON.stringify(call.input)).map(piece =>
          chatChunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
        ),
      ]),
      chatChunk({}, CHAT_FINISH[said.finish]),
      frame({ ...CHAT_CHUNK, choices: [], usage: chatUsage(said) }),
      'data: [DONE]\n\n',
    ].join(''),
  error: (status, message) => ({ error: { message, type: `type_${status}`, param: null, code: `code_${status}` } }),
}

const CHAT_FINISH = { stop: 'stop', calls: 'tool_calls', length: 'length' } as const
const CHAT_CHUNK = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'gpt-4.1-mini' }

function chatChunk(delta: Json, finish: string | null = null): string {
  return frame({ ...CHAT_CHUNK, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })
}

function chatCall({ id, name, input }: Call): Json {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input) } }
}

function chatUsage({ usage: { input, cached, output } }: Said): Json {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
  }
}
