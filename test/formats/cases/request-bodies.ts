/** What clients send, the least that each format needs: the bodies that proofs about requests are put together from. */
import type { Fields } from './convert.ts'

const HELLO: Fields = { role: 'user', content: 'Hi' }

/** Chat Completions. */
export const chat = {
  hello: HELLO,
  body: (more: Fields = {}): Fields => ({ model: 'm', messages: [HELLO], ...more }),
  tool: (name: string, more: Fields = {}): Fields => ({
    type: 'function',
    function: { name, parameters: { type: 'object', properties: {} }, ...more },
  }),
  calls: (...calls: readonly Fields[]): Fields => ({ role: 'assistant', content: null, tool_calls: calls }),
  call: (id: string, json = '{}', name = 'look'): Fields => ({
    id,
    type: 'function',
    function: { name, arguments: json },
  }),
  result: (id: string, content: unknown = 'ok'): Fields => ({ role: 'tool', tool_call_id: id, content }),
  /** One call and its result, with the tool declared. */
  loop: (id: string, json = '{}', name = 'look'): Fields =>
    chat.body({
      messages: [HELLO, chat.calls(chat.call(id, json, name)), chat.result(id)],
      tools: [chat.tool(name)],
    }),
} as const

/** Anthropic Messages. */
export const claude = {
  hello: HELLO,
  body: (more: Fields = {}): Fields => ({ model: 'm', max_tokens: 100, messages: [HELLO], ...more }),
  tool: (name: string, more: Fields = {}): Fields => ({ name, input_schema: { type: 'object' }, ...more }),
  said: (...content: readonly Fields[]): Fields => ({ role: 'assistant', content }),
  asked: (...content: readonly Fields[]): Fields => ({ role: 'user', content }),
  text: (text: string, more: Fields = {}): Fields => ({ type: 'text', text, ...more }),
  thinking: (thinking: string, signature?: string): Fields => ({
    type: 'thinking',
    thinking,
    ...(signature === undefined ? {} : { signature }),
  }),
  call: (id: string, input: Fields = {}, more: Fields = {}): Fields => ({
    type: 'tool_use',
    id,
    name: 'look',
    input,
    ...more,
  }),
  result: (id: string, content: unknown = 'ok', more: Fields = {}): Fields => ({
    type: 'tool_result',
    tool_use_id: id,
    content,
    ...more,
  }),
  image: { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
  /** A tool loop: what the assistant said, and what it was answered. */
  loop: (said: readonly Fields[], answered: readonly Fields[], more: Fields = {}): Fields =>
    claude.body({
      messages: [HELLO, claude.said(...said), claude.asked(...answered)],
      tools: [claude.tool('look')],
      ...more,
    }),
} as const

/** OpenAI Responses. */
export const responses = {
  body: (more: Fields = {}): Fields => ({ model: 'm', input: 'Hi', ...more }),
  hello: HELLO,
  tool: (name: string, more: Fields = {}): Fields => ({
    type: 'function',
    name,
    parameters: { type: 'object', properties: {} },
    ...more,
  }),
  call: (callId: string, more: Fields = {}): Fields => ({
    type: 'function_call',
    call_id: callId,
    name: 'look',
    arguments: '{}',
    ...more,
  }),
  result: (callId: string, output = 'ok'): Fields => ({ type: 'function_call_output', call_id: callId, output }),
  loop: (...items: readonly Fields[]): Fields =>
    responses.body({ input: [HELLO, ...items], tools: [responses.tool('look')] }),
} as const

/** Gemini. */
export const google = {
  asked: (...parts: readonly Fields[]): Fields => ({ role: 'user', parts }),
  said: (...parts: readonly Fields[]): Fields => ({ role: 'model', parts }),
  hello: { role: 'user', parts: [{ text: 'Hi' }] },
  body: (more: Fields = {}): Fields => ({ contents: [google.hello], ...more }),
  call: (name: string, more: Fields = {}): Fields => ({ functionCall: { name, args: {} }, ...more }),
  result: (name: string, response: Fields = { output: 'ok' }): Fields => ({ functionResponse: { name, response } }),
  loop: (said: readonly Fields[], answered: readonly Fields[]): Fields =>
    google.body({
      contents: [google.hello, google.said(...said), google.asked(...answered)],
      tools: [{ functionDeclarations: [{ name: 'look' }, { name: 'find' }] }],
    }),
} as const
