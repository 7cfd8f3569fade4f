/** OpenAI Chat Completions, as the stand-in speaks it. */
import {
  type Answer,
  type Asked,
  type Fields,
  fieldsOf,
  halves,
  inputText,
  listOf,
  nameFaults,
  type OfferedTool,
  PREFACE,
  pairingFaults,
  parameterNames,
  type Speaker,
  textOf,
  unknownFields,
} from './speaker.ts'

const KNOWN =
  'model messages audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens ' +
  'metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key ' +
  'prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier ' +
  'stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options'
/** What most servers know that are not OpenAI's. */
const PLAIN_ONLY = 'top_k'
/** Of those of OpenAI, what they refuse. */
const NOT_PLAIN =
  'audio modalities moderation prediction prompt_cache_options prompt_cache_retention safety_identifier service_tier ' +
  'store verbosity web_search_options'
const ROLES = ['system', 'user', 'assistant', 'tool']
const USAGE = {
  prompt_tokens: 120,
  completion_tokens: 30,
  total_tokens: 150,
  prompt_tokens_details: { cached_tokens: 20 },
}

/** @param kind `plain`: as most servers speak it that are not OpenAI's */
export function openaiChat(kind: 'full' | 'plain'): Speaker {
  return {
    path: /\/chat\/completions(\?|$)/,
    read: body => read(body, kind),
    whole: answer => ({
      ...head(answer, 'chat.completion'),
      choices: [{ index: 0, message: { role: 'assistant', refusal: null, ...content(answer) }, ...finish(answer) }],
      usage: USAGE,
    }),
    stream: answer => `${chunks(answer).map(frame).join('')}data: [DONE]\n\n`,
    error: message => ({ error: { message, type: 'invalid_request_error', param: null, code: 'invalid_value' } }),
    aside(method, path) {
      if (method !== 'GET' || !path.includes('/models')) return undefined
      const model = { id: 'stand-in', object: 'model', created: 1_795_000_000, owned_by: 'stand-in' }
      return path.endsWith('/models') ? { object: 'list', data: [model] } : model
    },
  }
}

function read(body: Fields, kind: 'full' | 'plain'): Asked {
  const messages = listOf(body.messages)
  const tools = listOf(body.tools).map(offered)
  const last = messages.findLastIndex(({ role }) => role === 'assistant')
  const results = messages.slice(last + 1).filter(({ role }) => role === 'tool')
  return {
    stream: body.stream === true,
    tools,
    result: results.length === 0 ? undefined : JSON.stringify(results),
    reasoning: false,
    faults: [
      ...unknownFields(body, kind === 'plain' ? `${KNOWN} ${PLAIN_ONLY}` : KNOWN),
      ...nameFaults(
        tools.map(({ name }) => name),
        /^[a-zA-Z0-9_-]{1,64}$/,
      ),
      ...callFaults(messages),
      ...(kind === 'plain' ? plainFaults(body) : []),
    ],
  }
}

function offered(tool: Fields): OfferedTool {
  const { name, description, parameters } = fieldsOf(tool[textOf(tool.type)])
  const known = { name: textOf(name), description: textOf(description) }
  return tool.type === 'custom' ? known : { ...known, parameters: parameterNames(parameters) }
}

function callFaults(messages: readonly Fields[]): readonly string[] {
  const called = messages.flatMap(({ tool_calls: calls }) => listOf(calls).map(({ id }) => textOf(id)))
  const answered = messages.filter(({ role }) => role === 'tool').map(message => textOf(message.tool_call_id))
  return [
    ...pairingFaults(called, answered),
    ...called.filter(id => id.length > 64).map(id => `call id ${id} is too long`),
  ]
}

/** What a server does not take that knows the plain parts of the API only. */
function plainFaults(body: Fields): readonly string[] {
  const messages = listOf(body.messages)
  const names = Object.keys(body).filter(name => NOT_PLAIN.split(' ').includes(name))
  const systems = messages.slice(1).filter(({ role }) => role === 'system')
  return [
    ...names.map(name => `unknown field ${name}`),
    ...messages.filter(({ role }) => !ROLES.includes(textOf(role))).map(({ role }) => `role ${role} is not known`),
    ...listOf(body.tools)
      .filter(({ type }) => type !== 'function')
      .map(({ type }) => `tool type ${type} is not known`),
    ...(systems.length > 0 ? ['System message must be at the beginning.'] : []),
  ]
}

function head({ model, number }: Answer, object: string): Fields {
  return { id: `chatcmpl-standin${number}`, object, created: 1_795_000_000, model, service_tier: 'default' }
}

function finish({ says }: Answer): Fields {
  return { logprobs: null, finish_reason: says.type === 'call' ? 'tool_calls' : 'stop' }
}

function content({ says, number }: Answer): Fields {
  if (says.type === 'text') return { content: says.text }
  return { content: PREFACE, tool_calls: [call(says.tool, inputText(says.input), number)] }
}

function call({ name, parameters }: OfferedTool, text: string, number: number): Fields {
  const id = `call_standin${number}`
  return parameters === undefined
    ? { id, type: 'custom', custom: { name, input: text } }
    : { id, type: 'function', function: { name, arguments: text } }
}

function chunks(answer: Answer): readonly Fields[] {
  const chunk = (delta: Fields, end: Fields = { logprobs: null, finish_reason: null }): Fields => ({
    ...head(answer, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, ...end }],
    usage: null,
  })
  const { says, number } = answer
  const text = says.type === 'text' ? says.text : PREFACE
  return [
    chunk({ role: 'assistant', content: '', refusal: null }),
    ...halves(text).map(piece => chunk({ content: piece })),
    ...(says.type === 'call' ? callDeltas(says.tool, inputText(says.input), number) : []).map(call =>
      chunk({ tool_calls: [call] }),
    ),
    chunk({}, finish(answer)),
    { ...head(answer, 'chat.completion.chunk'), choices: [], usage: USAGE },
  ]
}

function callDeltas(tool: OfferedTool, text: string, number: number): readonly Fields[] {
  const [kind, field] = tool.parameters === undefined ? ['custom', 'input'] : ['function', 'arguments']
  return [
    { index: 0, ...call(tool, '', number) },
    ...halves(text).map(piece => ({ index: 0, [kind]: { [field]: piece } })),
  ]
}

function frame(chunk: Fields): string {
  return `data: ${JSON.stringify(chunk)}\n\n`
}
