/** What providers stream, the least that each format needs: the frames that proofs are put together from. */
import type { Fields } from './convert.ts'

export const chat = {
  chunk: (delta: Fields, finish: string | null = null, more: Fields = {}): Fields => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'gpt-5',
    choices: [{ index: 0, delta, finish_reason: finish, ...more }],
  }),
  usage: (usage: Fields): Fields => ({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [], usage }),
  /** A call, or a piece of one. */
  call: (index: number, call: Fields): Fields => chat.chunk({ tool_calls: [{ index, ...call }] }),
  done: '[DONE]',
} as const

export const claude = {
  start: (usage: Fields = { input_tokens: 3, output_tokens: 1 }): Fields => ({
    type: 'message_start',
    message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-opus-5', content: [], usage },
  }),
  /** A block from its start to its stop. */
  block: (index: number, block: Fields, ...deltas: readonly Fields[]): readonly Fields[] => [
    { type: 'content_block_start', index, content_block: block },
    ...deltas.map((delta): Fields => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ],
  text: (index: number, text: string): readonly Fields[] =>
    claude.block(index, { type: 'text', text: '' }, { type: 'text_delta', text }),
  call: (index: number, id: string, name: string, json: string): readonly Fields[] =>
    claude.block(index, { type: 'tool_use', id, name, input: {} }, { type: 'input_json_delta', partial_json: json }),
  end: (stop: string, more: Fields = {}, usage: Fields = { output_tokens: 2 }): readonly Fields[] => [
    { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null, ...more }, usage },
    { type: 'message_stop' },
  ],
} as const

export const responses = {
  created: { type: 'response.created', response: { id: 'resp_1', model: 'gpt-5', status: 'in_progress', output: [] } },
  text: (delta: string): readonly Fields[] => [
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { type: 'message', id: 'msg_1', role: 'assistant', content: [] },
    },
    { type: 'response.output_text.delta', output_index: 0, content_index: 0, item_id: 'msg_1', delta },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: message({ type: 'output_text', text: delta, annotations: [] }),
    },
  ],
  end: (status: string, output: readonly Fields[], more: Fields = {}): Fields => ({
    type: `response.${status}`,
    response: { id: 'resp_1', model: 'gpt-5', status, output, usage: { input_tokens: 3, output_tokens: 2 }, ...more },
  }),
} as const

function message(...content: readonly Fields[]): Fields {
  return { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content }
}

export const google = {
  chunk: (parts: readonly Fields[], more: Fields = {}): Fields => ({
    candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
    modelVersion: 'gemini-3-flash',
    responseId: 'r1',
  }),
  text: (text: string, more: Fields = {}): Fields => google.chunk([{ text }], more),
} as const
