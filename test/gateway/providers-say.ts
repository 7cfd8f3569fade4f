/** Answers of a provider of each format, written by hand after the providers' documentation. */
import type { Act } from '../support/upstream.ts'
import type { Spoken } from './sdk-stage.ts'
import type { Call, Said } from './talk.ts'

type Json = Readonly<Record<string, unknown>>

interface Speaker {
  whole(said: Said): Json
  stream(said: Said): string
  /** The body of a refusal. */
  error(status: number, message: string): Json
}

/** The answer, whole or streamed. */
export function sayAs(format: Spoken, said: Said, stream: boolean): Act {
  const speaker = SPEAKERS[format]
  return stream ? { chunks: [speaker.stream(said)] } : { json: speaker.whole(said) }
}

/** A refusal with this status. */
export function refuseAs(format: Spoken, status: number, message: string): Act {
  return { status, json: SPEAKERS[format].error(status, message) }
}

/** The beginning of a stream that then says no more, or breaks. */
export function beginAs(format: Spoken, said: Said, ending: 'stall' | 'cut' | 'complete' = 'stall'): Act {
  const stream = SPEAKERS[format].stream(said)
  // Up to and including the first piece of text.
  const end = stream.indexOf('\n\n', stream.indexOf(firstHalf(said.text))) + 2
  return { chunks: [stream.slice(0, end)], ending }
}

const frame = (json: Json): string => `data: ${JSON.stringify(json)}\n\n`
const typed = (json: Json & { readonly type: string }): string => `event: ${json.type}\n${frame(json)}`

function halves(text: string): readonly string[] {
  const first = firstHalf(text)
  return [first, text.slice(first.length)].filter(piece => piece !== '')
}

function firstHalf(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2))
}

const CHAT: Speaker = {
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

const ANTHROPIC: Speaker = {
  whole: said => ({
    ...anthropicMessage(said),
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
    const message = { ...anthropicMessage(said), content: [], stop_reason: null }
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

function anthropicMessage(_: Said): Json {
  return { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5-20250929', stop_sequence: null }
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

const RESPONSES: Speaker = {
  whole: said => responsesBody(said, responsesItems(said)),
  stream: said => {
    const items = responsesItems(said)
    const started = responsesBody(said, [])
    const events = [
      {
        type: 'response.created',
        response: { ...started, status: 'in_progress', usage: null, incomplete_details: null },
      },
      ...items.flatMap(responsesItemEvents),
      {
        type: said.finish === 'length' ? 'response.incomplete' : 'response.completed',
        response: responsesBody(said, items),
      },
    ]
    return events.map((event, sequence_number) => typed({ ...event, sequence_number })).join('')
  },
  error: CHAT.error,
}

function responsesBody(said: Said, output: readonly Json[]): Json {
  const { input, cached, output: written } = said.usage
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_700_000_000,
    status: said.finish === 'length' ? 'incomplete' : 'completed',
    incomplete_details: said.finish === 'length' ? { reason: 'max_output_tokens' } : null,
    error: null,
    model: 'gpt-5-mini-2025-08-07',
    output,
    parallel_tool_calls: true,
    tools: [],
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached },
      output_tokens: written,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + written,
    },
  }
}

function responsesItems(said: Said): Json[] {
  return [
    ...(said.thinking === undefined
      ? []
      : [{ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: said.thinking }] }]),
    ...(said.text === ''
      ? []
      : [
          {
            type: 'message',
            id: 'msg_1',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: said.text, annotations: [], logprobs: [] }],
          },
        ]),
    ...said.calls.map(({ id, name, input }, index) => ({
      type: 'function_call',
      id: `fc_${index}`,
      call_id: id,
      name,
      arguments: JSON.stringify(input),
      status: 'completed',
    })),
  ]
}

function responsesItemEvents(item: Json, output_index: number): (Json & { readonly type: string })[] {
  const at = { item_id: item.id, output_index }
  const added = (start: Json) => ({ type: 'response.output_item.added', output_index, item: { ...item, ...start } })
  const done = { type: 'response.output_item.done', output_index, item }
  if (item.type === 'function_call') {
    const text = String(item.arguments)
    return [
      added({ arguments: '', status: 'in_progress' }),
      ...halves(text).map(delta => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
      { type: 'response.function_call_arguments.done', ...at, arguments: text },
      done,
    ]
  }
  const isMessage = item.type === 'message'
  const [part] = (isMessage ? item.content : item.summary) as Json[]
  const text = String(part?.text)
  const place = { ...at, ...(isMessage ? { content_index: 0 } : { summary_index: 0 }) }
  const name = isMessage ? 'content_part' : 'reasoning_summary_part'
  const textName = isMessage ? 'output_text' : 'reasoning_summary_text'
  return [
    added(isMessage ? { content: [], status: 'in_progress' } : { summary: [] }),
    { type: `response.${name}.added`, ...place, part: { ...part, text: '' } },
    ...halves(text).map(delta => ({ type: `response.${textName}.delta`, ...place, delta })),
    { type: `response.${textName}.done`, ...place, text },
    { type: `response.${name}.done`, ...place, part },
    done,
  ]
}

const GEMINI: Speaker = {
  whole: said => geminiBody(geminiParts(said), said),
  stream: said => {
    const parts = geminiParts(said).flatMap(part => {
      return typeof part.text === 'string' ? halves(part.text).map(text => ({ ...part, text })) : [part]
    })
    return [...parts.map(part => frame(geminiBody([part]))), frame(geminiBody([{ text: '' }], said))].join('')
  },
  error: (status, message) => ({ error: { code: status, message, status: `STATUS_${status}` } }),
}

function geminiParts(said: Said): Json[] {
  return [
    ...(said.thinking === undefined ? [] : [{ text: said.thinking, thought: true }]),
    ...(said.text === '' ? [] : [{ text: said.text }]),
    ...said.calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: input } })),
  ]
}

function geminiBody(parts: readonly Json[], end?: Said): Json {
  const { input = 0, cached = 0, output = 0 } = end?.usage ?? {}
  return {
    candidates: [
      {
        content: { role: 'model', parts },
        index: 0,
        ...(end && { finishReason: end.finish === 'length' ? 'MAX_TOKENS' : 'STOP' }),
      },
    ],
    ...(end && {
      usageMetadata: {
        promptTokenCount: input,
        cachedContentTokenCount: cached,
        candidatesTokenCount: output,
        totalTokenCount: input + output,
      },
    }),
    modelVersion: 'gemini-2.5-flash',
    responseId: 'r1',
  }
}

const SPEAKERS: Readonly<Record<Spoken, Speaker>> = {
  'anthropic-messages': ANTHROPIC,
  'openai-chat': CHAT,
  'openai-responses': RESPONSES,
  gemini: GEMINI,
}
