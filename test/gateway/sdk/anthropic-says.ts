import { halves, type Json, type Speaker, typed } from './speaker.ts'
import type { Said } from './talk.ts'

export const ANTHROPIC: Speaker = {
  whole: said => ({
    ...ANTHROPIC_MESSAGE,
    content: [
      ...(said.thinking === undefined ? [] : [{ type: 'thinking', thinking: said.thinking, signature: 'c2ln' }]),
      ...(said.text === '' ? [] : [{ type: 'text', text: said.text }]),
      ...said.calls.map(({ id, name, input }) => ({ type: 'tool_use', id, name, input })),
    ],
    stop_reason: ANTHROPIC_FINISH[said.finish],
    usage: anthropicUsage(said),
  }),
  stream: said => {
    const blocks = [
      ...(said.thinking === undefined
        ? []
        : [
            anthropicBlock({ type: 'thinking', thinking: '', signature: '' }, [
              ...halves(said.thinking).map(thinking => ({ type: 'thinking_delta', thinking })),
              { type: 'signature_delta', signature: 'c2ln' },
            ]),
          ]),
      ...(said.text === ''
        ? []
        : [
            anthropicBlock(
              { type: 'text', text: '' },
              halves(said.text).map(text => ({ type: 'text_delta', text })),
            ),
          ]),
      ...said.calls.map(({ id, name, input }) =>
        anthropicBlock(
          { type: 'tool_use', id, name, input: {} },
          ['', ...halves(JSON.stringify(input))].map(piece => ({ type: 'input_json_delta', partial_json: piece })),
        ),
      ),
    ]
    const message = { ...ANTHROPIC_MESSAGE, content: [], stop_reason: null }
    return [
      typed({ type: 'message_start', message: { ...message, usage: { ...anthropicUsage(said), output_tokens: 1 } } }),
      ...blocks.map((block, index) => block(index)),
      typed({
        type: 'message_delta',
        delta: { stop_reason: ANTHROPIC_FINISH[said.finish], stop_sequence: null },
        usage: { output_tokens: said.usage.output },
      }),
      typed({ type: 'message_stop' }),
    ].join('')
  },
  error: (status, message) => ({
    type: 'error',
    error: { type: status === 529 ? 'overloaded_error' : `type_${status}`, message },
    request_id: 'req_1',
  }),
}

const ANTHROPIC_FINISH = { stop: 'end_turn', calls: 'tool_use', length: 'max_tokens' } as const

const ANTHROPIC_MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
  stop_sequence: null,
}

function anthropicUsage({ usage: { input, cached, output } }: Said): Json {
  return {
    input_tokens: input - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: output,
  }
}

function anthropicBlock(block: Json, deltas: readonly Json[]): (index: number) => string {
  return index =>
    [
      typed({ type: 'content_block_start', index, content_block: block }),
      ...deltas.map(delta => typed({ type: 'content_block_delta', index, delta })),
      typed({ type: 'content_block_stop', index }),
    ].join('')
}
