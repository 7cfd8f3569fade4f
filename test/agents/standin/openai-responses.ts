/** OpenAI Responses, as the stand-in speaks it. */
import {
  type Answer,
  type Asked,
  type Fields,
  halves,
  inputText,
  listOf,
  nameFaults,
  type OfferedTool,
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
  'model input background client_metadata context_management conversation include instructions max_output_tokens ' +
  'max_tool_calls metadata moderation parallel_tool_calls previous_response_id prompt prompt_cache_key ' +
  'prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options ' +
  'temperature text tool_choice tools top_logprobs top_p truncation user'
const CALLS = ['function_call', 'custom_tool_call']
const RESULTS = ['function_call_output', 'custom_tool_call_output']

export const openaiResponses: Speaker = {
  path: /\/responses(\?|$)/,
  read,
  whole: answer => response(answer, 'completed', items(answer)),
  stream: answer => events(answer).map(frame).join(''),
  error: message => ({ error: { message, type: 'invalid_request_error', param: null, code: 'invalid_value' } }),
  aside(method, path) {
    if (path.endsWith('/input_tokens')) return { object: 'response.input_tokens', input_tokens: 42 }
    if (method !== 'GET' || !path.includes('/models')) return undefined
    const model = { id: 'stand-in', object: 'model', created: 1_795_000_000, owned_by: 'stand-in' }
    return path.endsWith('/models') ? { object: 'list', data: [model] } : model
  },
}

function read(body: Fields): Asked {
  const input = listOf(body.input)
  const added = input.filter(({ type }) => type === 'additional_tools').flatMap(item => listOf(item.tools))
  const tools = [...listOf(body.tools), ...added].flatMap(tool => offered(tool))
  const last = input.findLastIndex(({ type, role }) => role === 'assistant' || CALLS.includes(textOf(type)))
  const results = input.slice(last + 1).filter(({ type }) => RESULTS.includes(textOf(type)))
  const ids = (types: readonly string[]): readonly string[] =>
    input.filter(({ type }) => types.includes(textOf(type))).map(item => textOf(item.call_id))
  const foreign = input.filter(item => item.type === 'reasoning' && ![STATE, null, undefined].includes(state(item)))
  return {
    stream: body.stream === true,
    tools,
    result: results.length === 0 ? undefined : JSON.stringify(results),
    reasoning: true,
    faults: [
      ...unknownFields(body, KNOWN),
      ...nameFaults(
        tools.map(({ name, namespace }) => (namespace === undefined ? name : `${namespace}__${name}`)),
        /^[a-zA-Z0-9_-]{1,128}$/,
      ),
      ...pairingFaults(ids(CALLS), ids(RESULTS)),
      ...foreign.map(() => 'The encrypted content could not be verified'),
    ],
  }
}

function state({ encrypted_content: content }: Fields): string | null | undefined {
  return typeof content === 'string' ? content : undefined
}

function offered(tool: Fields, namespace?: string): readonly OfferedTool[] {
  const name = textOf(tool.name)
  const known = { name, description: textOf(tool.description), ...(namespace === undefined ? {} : { namespace }) }
  if (tool.type === 'namespace') return listOf(tool.tools).flatMap(inner => offered(inner, name))
  if (tool.type === 'function') return [{ ...known, parameters: parameterNames(tool.parameters) }]
  return tool.type === 'custom' ? [known] : []
}

function response({ model, number }: Answer, status: string, output: readonly Fields[]): Fields {
  const usage = {
    input_tokens: 120,
    input_tokens_details: { cached_tokens: 20, cache_write_tokens: 0 },
    output_tokens: 30,
    output_tokens_details: { reasoning_tokens: 10 },
    total_tokens: 150,
  }
  return {
    id: `resp_standin${number}`,
    object: 'response',
    created_at: 1_795_000_000,
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model,
    output,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    usage: status === 'completed' ? usage : null,
  }
}

function items({ says, number }: Answer): readonly Fields[] {
  const part = { type: 'output_text', text: says.type === 'text' ? says.text : PREFACE, annotations: [], logprobs: [] }
  const status = 'completed'
  const message = { id: `msg_standin${number}`, type: 'message', status, role: 'assistant', content: [part] }
  if (says.type === 'text') return [message]
  const summary = [{ type: 'summary_text', text: THOUGHT }]
  const reasoning = { id: `rs_standin${number}`, type: 'reasoning', summary, encrypted_content: STATE }
  const { name, namespace, parameters } = says.tool
  const called = { call_id: `call_standin${number}`, name, status, ...(namespace === undefined ? {} : { namespace }) }
  const call =
    parameters === undefined
      ? { id: `ctc_standin${number}`, type: 'custom_tool_call', ...called, input: inputText(says.input) }
      : { id: `fc_standin${number}`, type: 'function_call', ...called, arguments: inputText(says.input) }
  return [reasoning, message, call]
}

function events(answer: Answer): readonly Fields[] {
  const output = items(answer)
  const steps = [
    { type: 'response.created', response: response(answer, 'in_progress', []) },
    { type: 'response.in_progress', response: response(answer, 'in_progress', []) },
    ...output.flatMap((item, index) => [
      { type: 'response.output_item.added', output_index: index, item: opening(item) },
      ...inside(item).map(event => ({ ...event, item_id: item.id, output_index: index })),
      { type: 'response.output_item.done', output_index: index, item },
    ]),
    { type: 'response.completed', response: response(answer, 'completed', output) },
  ]
  return steps.map((step, number) => ({ ...step, sequence_number: number }))
}

function opening(item: Fields): Fields {
  if (item.type === 'reasoning') return { ...item, summary: [] }
  const empty = item.type === 'message' ? { content: [] } : 'input' in item ? { input: '' } : { arguments: '' }
  return { ...item, status: 'in_progress', ...empty }
}

function inside(item: Fields): readonly Fields[] {
  if (item.type === 'reasoning') {
    const [part] = listOf(item.summary)
    return pieces('response.reasoning_summary_text', 'text', textOf(part?.text), { summary_index: 0 }, part, [
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_part.done',
    ])
  }
  if (item.type === 'message') {
    const [part] = listOf(item.content)
    const place = { content_index: 0 }
    const around = ['response.content_part.added', 'response.content_part.done'] as const
    return pieces('response.output_text', 'text', textOf(part?.text), place, part, around)
  }
  return 'input' in item
    ? pieces('response.custom_tool_call_input', 'input', textOf(item.input))
    : pieces('response.function_call_arguments', 'arguments', textOf(item.arguments))
}

/** Deltas, the whole, and the events around them where the kind of item has parts. */
function pieces(
  type: string,
  field: string,
  text: string,
  place: Fields = {},
  part?: Fields,
  around?: readonly [string, string],
): readonly Fields[] {
  return [
    ...(around ? [{ type: around[0], ...place, part: { ...part, text: '' } }] : []),
    ...halves(text).map(delta => ({ type: `${type}.delta`, ...place, delta })),
    { type: `${type}.done`, ...place, [field]: text },
    ...(around ? [{ type: around[1], ...place, part }] : []),
  ]
}

function frame(event: Fields): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
