/** Anthropic Messages, as the stand-in speaks it. */
import {
  type Answer,
  type Asked,
  type Fields,
  fieldsOf,
  halves,
  inputText,
  isFields,
  listOf,
  nameFaults,
  PREFACE,
  pairingFaults,
  parameterNames,
  type Speaker,
  STATE,
  THOUGHT,
  textOf,
  unknownFields,
} from './speaker.ts'

const KNOWN =
  'model max_tokens messages system stop_sequences stream tools tool_choice thinking output_config metadata service_tier ' +
  'speed inference_geo container cache_control diagnostics temperature top_p top_k mcp_servers context_management ' +
  'compaction fallbacks billing_policy safeguards output_format'

export const anthropicMessages: Speaker = {
  path: /\/messages(\?|$)/,
  read,
  whole: answer => ({ ...message(answer), ...end(answer), content: blocks(answer) }),
  stream: answer => frames(answer).join(''),
  error: text => errorBody(text, undefined),
  refuse: ({ thread }) =>
    thread === undefined
      ? undefined
      : errorBody('thread is not supported', { error_code: 'thread_unsupported_request', unsupported: null }),
  aside(method, path) {
    if (path.endsWith('/count_tokens')) return { input_tokens: 42 }
    if (method !== 'GET' || !path.includes('/models')) return undefined
    const model = { type: 'model', id: 'stand-in', display_name: 'Stand-in', created_at: '2026-11-20T00:00:00Z' }
    return path.endsWith('/models') ? { data: [model], has_more: false, first_id: model.id, last_id: model.id } : model
  },
}

function errorBody(message: string, details: Fields | undefined): Fields {
  return { type: 'error', error: { type: 'invalid_request_error', message, details }, request_id: 'req_standin' }
}

function read(body: Fields): Asked {
  const messages = listOf(body.messages)
  const own = listOf(body.tools).filter(({ type }) => type === undefined || type === 'custom')
  const last = messages.findLastIndex(({ role }) => role === 'assistant')
  const results = messages
    .slice(last + 1)
    .flatMap(blocksOf)
    .filter(({ type }) => type === 'tool_result')
  const thinking = fieldsOf(body.thinking).type
  return {
    stream: body.stream === true,
    tools: own.map(tool => ({
      name: textOf(tool.name),
      description: textOf(tool.description),
      parameters: parameterNames(tool.input_schema),
    })),
    result: results.length === 0 ? undefined : JSON.stringify(results),
    reasoning: thinking !== undefined && thinking !== 'disabled',
    faults: [
      ...unknownFields(body, KNOWN),
      ...(typeof body.max_tokens === 'number' ? [] : ['max_tokens is missing']),
      ...nameFaults(
        own.map(({ name }) => textOf(name)),
        /^[a-zA-Z0-9_-]{1,128}$/,
      ),
      ...messages.flatMap((_, index) => turnFaults(messages, index)),
    ],
  }
}

/** Results stand in the very next user turn, before anything else in it. */
function turnFaults(messages: readonly Fields[], index: number): readonly string[] {
  const { role } = fieldsOf(messages[index])
  if (role !== 'user' && role !== 'assistant' && role !== 'system') return [`role ${role} is not known`]
  const blocks = blocksOf(fieldsOf(messages[index]))
  const empty = blocks.filter(({ type, text }) => type === 'text' && textOf(text).trim() === '')
  const faults = empty.map(() => `messages.${index}: text content blocks must be non-empty`)
  if (role !== 'assistant') return faults
  const next = messages.slice(index + 1).find(message => message.role !== 'system')
  const answers = blocksOf(fieldsOf(next))
  const results = answers.filter(({ type }) => type === 'tool_result')
  const called = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => textOf(id))
  const unsigned = blocks.filter(({ type, signature }) => type === 'thinking' && signature !== STATE)
  return [
    ...faults,
    ...pairingFaults(
      called,
      results.map(({ tool_use_id: id }) => textOf(id)),
    ),
    ...(answers.slice(0, results.length).every(({ type }) => type === 'tool_result')
      ? []
      : ['results must come first']),
    ...unsigned.map(() => 'Invalid signature in thinking block'),
  ]
}

function blocksOf({ content }: Fields): readonly Fields[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content).filter(isFields)
}

function message({ model, number }: Answer): Fields {
  return {
    id: `msg_standin${number}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 100, cache_creation_input_tokens: 0, cache_read_input_tokens: 20, output_tokens: 1 },
  }
}

function end({ says }: Answer): Fields {
  return { stop_reason: says.type === 'call' ? 'tool_use' : 'end_turn', stop_sequence: null }
}

function blocks({ says, reasoning, number }: Answer): readonly Fields[] {
  const thought = reasoning ? [{ type: 'thinking', thinking: THOUGHT, signature: STATE }] : []
  if (says.type === 'text') return [{ type: 'text', text: says.text }]
  const call = { type: 'tool_use', id: `toolu_standin${number}`, name: says.tool.name, input: says.input }
  return [...thought, { type: 'text', text: PREFACE }, call]
}

function frames(answer: Answer): readonly string[] {
  return [
    frame({ type: 'message_start', message: message(answer) }),
    frame({ type: 'ping' }),
    ...blocks(answer).flatMap((block, index) => [
      frame({ type: 'content_block_start', index, content_block: opening(block) }),
      ...deltas(block).map(delta => frame({ type: 'content_block_delta', index, delta })),
      frame({ type: 'content_block_stop', index }),
    ]),
    frame({ type: 'message_delta', delta: end(answer), usage: { output_tokens: 30 } }),
    frame({ type: 'message_stop' }),
  ]
}

function opening(block: Fields): Fields {
  if (block.type === 'text') return { type: 'text', text: '' }
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
  return { ...block, input: {} }
}

function deltas({ type, text, thinking, signature, input }: Fields): readonly Fields[] {
  if (type === 'text') return halves(textOf(text)).map(piece => ({ type: 'text_delta', text: piece }))
  if (type === 'thinking') {
    return [
      { type: 'thinking_delta', thinking },
      { type: 'signature_delta', signature },
    ]
  }
  return halves(inputText(fieldsOf(input))).map(piece => ({ type: 'input_json_delta', partial_json: piece }))
}

function frame(event: Fields): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
