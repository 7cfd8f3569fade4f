/** The four formats as clients and providers speak them, so that a test can be a table: the least that each needs. */
import { framesOf } from '../support/frames.ts'

export interface Dialect {
  /** Format, and kind of provider client. */
  readonly name: string
  /** Path of the route that generates. */
  path(stream: boolean): string
  /** A request that any provider of the format takes. */
  request(stream: boolean, prompt?: string): Readonly<Record<string, unknown>>
  /** A whole reply that says `text`. */
  reply(text: string): Readonly<Record<string, unknown>>
  /** A whole stream: what comes before the content, the content piece by piece, and the end. */
  readonly preamble: string
  piece(text: string): string
  readonly terminal: string
  /** A provider's error, as a body and as a frame. */
  error(message: string): Readonly<Record<string, unknown>>
  readonly errorFrame: string
  /** The message of an error body. @throws Error when it is not in the shape of the format */
  messageOf(body: unknown): string
  /** The message of the error that a stream told, if it did. */
  errorIn(stream: string): string | undefined
  /** Whether a client would take the stream for a whole answer. */
  isFinished(stream: string): boolean
  /** All pieces of text in a stream. */
  textOf(stream: string): string
}

type Json = Readonly<Record<string, unknown>>

function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (node, key) => (node as Readonly<Record<string | number, unknown>> | undefined)?.[key],
    value,
  )
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`not a string: ${JSON.stringify(value)}`)
  return value
}

function parsed(stream: string): readonly { readonly event: string | undefined; readonly json: unknown }[] {
  return framesOf(stream).map(({ event, data }) => ({ event, json: data.startsWith('{') ? JSON.parse(data) : data }))
}

function pieces(stream: string, ...keys: readonly (string | number)[]): string {
  return parsed(stream)
    .map(({ json }) => at(json, ...keys))
    .filter(piece => typeof piece === 'string')
    .join('')
}

const frame = (json: Json, event?: string): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(json)}\n\n`
const typed = (json: Json & { readonly type: string }): string => frame(json, json.type)

export const CHAT: Dialect = {
  name: 'openai-chat',
  path: () => '/v1/chat/completions',
  request: (stream, prompt = 'hi') => ({ model: 'm', messages: [{ role: 'user', content: prompt }], stream }),
  reply: content => ({
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  }),
  preamble: chatChunk({ role: 'assistant', content: '' }),
  piece: content => chatChunk({ content }),
  terminal: `${chatChunk({}, 'stop')}data: [DONE]\n\n`,
  error: message => ({ error: { message, type: 'server_error', param: null, code: null } }),
  errorFrame: frame({ error: { message: 'in the stream', type: 'server_error', param: null, code: null } }),
  messageOf(body) {
    if (typeof at(body, 'error', 'type') !== 'string') throw new Error(`no error: ${JSON.stringify(body)}`)
    return text(at(body, 'error', 'message'))
  },
  errorIn: stream => pieces(stream, 'error', 'message') || undefined,
  isFinished: stream => stream.includes('[DONE]') || stream.includes('"finish_reason":"stop"'),
  textOf: stream => pieces(stream, 'choices', 0, 'delta', 'content'),
}

function chatChunk(delta: Json, finish: string | null = null): string {
  return frame({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
}

export const ANTHROPIC: Dialect = {
  name: 'anthropic-messages',
  path: () => '/v1/messages',
  request: (stream, prompt = 'hi') => ({
    model: 'm',
    max_tokens: 10,
    messages: [{ role: 'user', content: prompt }],
    stream,
  }),
  reply: content => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text: content }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 2 },
  }),
  preamble:
    typed({
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    }) + typed({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  piece: content => typed({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: content } }),
  terminal:
    typed({ type: 'content_block_stop', index: 0 }) +
    typed({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 2 },
    }) +
    typed({ type: 'message_stop' }),
  error: message => ({ type: 'error', error: { type: 'api_error', message } }),
  errorFrame: typed({ type: 'error', error: { type: 'overloaded_error', message: 'in the stream' } } as Json & {
    type: string
  }),
  messageOf(body) {
    if (at(body, 'type') !== 'error') throw new Error(`no error: ${JSON.stringify(body)}`)
    text(at(body, 'error', 'type'))
    return text(at(body, 'error', 'message'))
  },
  errorIn: stream => pieces(stream, 'error', 'message') || undefined,
  isFinished: stream => stream.includes('message_stop'),
  textOf: stream => pieces(stream, 'delta', 'text'),
}

export const RESPONSES: Dialect = {
  name: 'openai-responses',
  path: () => '/v1/responses',
  request: (stream, prompt = 'hi') => ({ model: 'm', input: prompt, stream, store: false }),
  reply: content => responseBody('completed', [responseMessage(content)]),
  preamble:
    typed({ type: 'response.created', sequence_number: 0, response: responseBody('in_progress', []) }) +
    typed({ type: 'response.in_progress', sequence_number: 1, response: responseBody('in_progress', []) }),
  piece: delta =>
    typed({
      type: 'response.output_text.delta',
      sequence_number: 2,
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta,
      logprobs: [],
    }),
  terminal: typed({
    type: 'response.completed',
    sequence_number: 9,
    response: responseBody('completed', [responseMessage('hello')]),
  }),
  error: message => ({ error: { message, type: 'server_error', param: null, code: null } }),
  errorFrame: typed({
    type: 'response.failed',
    sequence_number: 3,
    response: { ...responseBody('failed', []), error: { code: 'server_error', message: 'in the stream' } },
  }),
  messageOf: CHAT.messageOf,
  errorIn: stream =>
    parsed(stream)
      .filter(({ json }) => at(json, 'type') === 'error' || at(json, 'type') === 'response.failed')
      .map(
        ({ json }) => at(json, 'response', 'error', 'message') ?? at(json, 'error', 'message') ?? at(json, 'message'),
      )
      .find(message => typeof message === 'string'),
  isFinished: stream => stream.includes('response.completed'),
  textOf: stream =>
    parsed(stream)
      .filter(({ json }) => at(json, 'type') === 'response.output_text.delta')
      .map(({ json }) => at(json, 'delta'))
      .join(''),
}

function responseBody(status: string, output: readonly Json[]): Json {
  const usage = status === 'completed' ? { input_tokens: 3, output_tokens: 2, total_tokens: 5 } : null
  return { id: 'resp_1', object: 'response', created_at: 1, status, model: 'm', output, usage, error: null, tools: [] }
}

function responseMessage(content: string): Json {
  return {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: content, annotations: [] }],
  }
}

export const GEMINI: Dialect = {
  name: 'gemini',
  path: stream => `/v1beta/models/m:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  request: (_, prompt = 'hi') => ({ contents: [{ role: 'user', parts: [{ text: prompt }] }] }),
  reply: content => geminiChunk(content, 'STOP'),
  preamble: '',
  piece: content => frame(geminiChunk(content)),
  terminal: frame(geminiChunk('', 'STOP')),
  error: message => ({ error: { code: 500, message, status: 'INTERNAL' } }),
  errorFrame: frame({ error: { code: 503, message: 'in the stream', status: 'UNAVAILABLE' } }),
  messageOf(body) {
    if (typeof at(body, 'error', 'code') !== 'number') throw new Error(`no error: ${JSON.stringify(body)}`)
    text(at(body, 'error', 'status'))
    return text(at(body, 'error', 'message'))
  },
  errorIn: stream => pieces(stream, 'error', 'message') || undefined,
  isFinished: stream => stream.includes('finishReason'),
  textOf: stream => pieces(stream, 'candidates', 0, 'content', 'parts', 0, 'text'),
}

function geminiChunk(content: string, finishReason?: string): Json {
  const candidate = { content: { parts: [{ text: content }], role: 'model' }, index: 0 }
  return {
    candidates: [finishReason === undefined ? candidate : { ...candidate, finishReason }],
    ...(finishReason === undefined
      ? {}
      : { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 } }),
    modelVersion: 'm',
  }
}

export const DIALECTS: readonly Dialect[] = [ANTHROPIC, CHAT, RESPONSES, GEMINI]

/** A whole stream of the dialect. */
export function wholeStream({ preamble, piece, terminal }: Dialect, ...texts: readonly string[]): string {
  return preamble + texts.map(piece).join('') + terminal
}

export interface Setting {
  /** Origin of the provider; the format's version prefix is left out of it. */
  readonly provider: string
  readonly timeouts?: string
  /** TOML lines of `[providers.up]`, `[server]` and `[pipelines.main]`. */
  readonly ofProvider?: string
  readonly ofServer?: string
  readonly ofPipeline?: string
  /** `[[pipelines.main.processors]]` tables. */
  readonly steps?: string
}

export const UPSTREAM_KEY = 'sk-canary-upstream-0123456789abcdef'

/** The configuration of a gateway with one provider and one parser of the same dialect. */
export function gatewayFor(
  { name }: Dialect,
  { provider, timeouts = '', ofProvider = '', ofServer = '', ofPipeline = '', steps = '' }: Setting,
): string {
  return `
[server]
${ofServer}

[providers.up]
client = "${name}"
base_url = "${provider}"
api_key = "${UPSTREAM_KEY}"
timeouts = { ${timeouts} }
${ofProvider}

[pipelines.main]
parsers = ["${name}"]
provider = "up"
${ofPipeline}

${steps}
`
}

/** The value of one series of `/metrics`; 0 when there is none. */
export function seriesOf(metrics: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const line = metrics
    .split('\n')
    .find(each => each.startsWith(`${name}{`) && wanted.every(label => each.includes(label)))
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1))
}
