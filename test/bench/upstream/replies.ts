/** What the simulated provider says, in OpenAI's and Anthropic's shapes (their API references, chat and messages). */
import type { ClientFormat } from '../prompts.ts'

const MODEL = 'bench-model'
const CREATED = 1_763_632_800

/** Head of an answer with some of the headers that providers send. */
export function head(contentType: string, framing: string): string {
  return [
    'HTTP/1.1 200 OK',
    'date: Fri, 21 Nov 2025 10:00:00 GMT',
    `content-type: ${contentType}`,
    'x-request-id: req_bench_0123456789abcdef',
    'x-ratelimit-limit-requests: 10000',
    'x-ratelimit-remaining-requests: 9999',
    'x-ratelimit-reset-requests: 6ms',
    framing,
    '',
    '',
  ].join('\r\n')
}

/** One chunk of the transfer coding. */
export function framed(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

export const END_OF_STREAM = '0\r\n\r\n'

/** How a format says a whole reply and the parts of a streamed one. */
export interface Replies {
  whole(text: string, tokens: number): string
  readonly opening: readonly string[]
  delta(text: string): string
  closing(tokens: number): readonly string[]
}

const openai: Replies = {
  whole: (content, tokens) =>
    JSON.stringify({
      id: 'chatcmpl-bench',
      object: 'chat.completion',
      created: CREATED,
      model: MODEL,
      choices: [
        { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 100, completion_tokens: tokens, total_tokens: 100 + tokens },
    }),
  opening: [openaiChunk({ role: 'assistant', content: '', refusal: null }, null)],
  delta: content => openaiChunk({ content }, null),
  closing: () => [openaiChunk({}, 'stop'), 'data: [DONE]\n\n'],
}

function openaiChunk(delta: object, finish: string | null): string {
  const choice = { index: 0, delta, logprobs: null, finish_reason: finish }
  const chunk = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: CREATED, model: MODEL }
  return `data: ${JSON.stringify({ ...chunk, choices: [choice] })}\n\n`
}

const message = { id: 'msg_bench', type: 'message', role: 'assistant', model: MODEL }

const anthropic: Replies = {
  whole: (text, tokens) =>
    JSON.stringify({
      ...message,
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 100, output_tokens: tokens },
    }),
  opening: [
    named({
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 100, output_tokens: 1 },
      },
    }),
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  ],
  delta: text => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  closing: tokens => [
    named({ type: 'content_block_stop', index: 0 }),
    named({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: tokens },
    }),
    named({ type: 'message_stop' }),
  ],
}

function named(event: { readonly type: string; readonly [key: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

export const REPLIES: Readonly<Record<ClientFormat, Replies>> = {
  'openai-chat': openai,
  'anthropic-messages': anthropic,
}
