/** The official SDKs, as ways of putting one question. */
import Anthropic from '@anthropic-ai/sdk'
import { type Content, type GenerateContentResponse, GoogleGenAI, type Part } from '@google/genai'
import OpenAI from 'openai'
import type { Spoken } from './sdk-stage.ts'
import type { Call, Question, Said, Turn } from './talk.ts'

export interface Watch {
  /** Aborted when the client is to leave. */
  readonly signal: AbortSignal
  /** Called with the first piece of a stream. */
  began?(): void
}

export interface SdkClient {
  readonly format: Spoken
  /** @param url where the gateway's pipeline is */
  ask(url: string, model: string, question: Question, stream: boolean, watch?: Watch): Promise<Said>
}

export const CLIENT_KEY = 'the-clients-key'

export const openai = (url: string): OpenAI => new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${url}/v1`, maxRetries: 0 })
export const anthropic = (url: string): Anthropic => new Anthropic({ apiKey: CLIENT_KEY, baseURL: url, maxRetries: 0 })
/** @param apiVersion the SDK's own is `v1` */
export const google = (url: string, apiVersion = 'v1'): GoogleGenAI =>
  new GoogleGenAI({ apiKey: CLIENT_KEY, httpOptions: { baseUrl: url, apiVersion } })

const ANTHROPIC: SdkClient = {
  format: 'anthropic-messages',
  async ask(url, model, question, stream, watch) {
    const { system, turns, tools, schema } = question
    const request: Anthropic.MessageCreateParamsNonStreaming = {
      model,
      max_tokens: 1000,
      ...(system !== undefined && { system }),
      messages: turns.map(anthropicMessage),
      ...(tools && {
        tools: tools.map(({ name, description, schema: inputs }) => ({
          name,
          description,
          input_schema: inputs as Anthropic.Tool.InputSchema,
        })),
      }),
      ...(schema && { output_config: { format: { type: 'json_schema', schema: schema as Record<string, unknown> } } }),
    }
    const { messages } = anthropic(url)
    const options = watch ? { signal: watch.signal } : {}
    const message = stream
      ? await messages
          .stream(request, options)
          .on('streamEvent', () => watch?.began?.())
          .finalMessage()
      : await messages.create(request, options)
    return anthropicSaid(message)
  },
}

function anthropicMessage(turn: Turn): Anthropic.MessageParam {
  if ('user' in turn) {
    const { user, png } = turn
    if (png === undefined) return { role: 'user', content: user }
    const image = {
      type: 'image' as const,
      source: { type: 'base64' as const, media_type: 'image/png' as const, data: png },
    }
    return { role: 'user', content: [{ type: 'text', text: user }, image] }
  }
  if ('results' in turn) {
    const blocks = turn.results.map(({ call, output }) => ({
      type: 'tool_result' as const,
      tool_use_id: call.id,
      content: JSON.stringify(output),
    }))
    return { role: 'user', content: blocks }
  }
  const { assistant, calls = [] } = turn
  const uses = calls.map(({ id, name, input }) => ({ type: 'tool_use' as const, id, name, input }))
  return {
    role: 'assistant',
    content: [...(assistant === '' ? [] : [{ type: 'text' as const, text: assistant }]), ...uses],
  }
}

function anthropicSaid({ content, stop_reason: stop, usage }: Anthropic.Message): Said {
  const thinking = content.flatMap(block => (block.type === 'thinking' ? [block.thinking] : [])).join('')
  const cached = usage.cache_read_input_tokens ?? 0
  return {
    ...(thinking !== '' && { thinking }),
    text: content.flatMap(block => (block.type === 'text' ? [block.text] : [])).join(''),
    calls: content.flatMap(block =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input as Call['input'] }] : [],
    ),
    finish: finishOf(stop, { end_turn: 'stop', tool_use: 'calls', max_tokens: 'length' }),
    usage: { input: usage.input_tokens + cached, cached, output: usage.output_tokens },
  }
}

function finishOf(word: string | null | undefined, words: Readonly<Record<string, Said['finish']>>): Said['finish'] {
  const finish = words[String(word)]
  if (finish === undefined) throw new Error(`the reply ended with ${word}`)
  return finish
}

const CHAT: SdkClient = {
  format: 'openai-chat',
  async ask(url, model, { system, turns, tools, schema }, stream, watch) {
    const request: OpenAI.ChatCompletionCreateParamsNonStreaming = {
      model,
      messages: [
        ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
        ...turns.flatMap(chatMessages),
      ],
      ...(tools && {
        tools: tools.map(({ name, description, schema: parameters }) => ({
          type: 'function' as const,
          function: { name, description, parameters: parameters as Record<string, unknown> },
        })),
      }),
      ...(schema && {
        response_format: {
          type: 'json_schema' as const,
          json_schema: { name: 'answer', schema: schema as Record<string, unknown>, strict: true },
        },
      }),
    }
    const { completions } = openai(url).chat
    const options = watch ? { signal: watch.signal } : {}
    if (!stream) return chatSaid(await completions.create(request, options))
    // The SDK keeps only the last piece of a field that it does not know.
    let thinking = ''
    const chunks = completions.stream({ ...request, stream: true, stream_options: { include_usage: true } }, options)
    chunks.on('chunk', ({ choices: [choice] }) => {
      watch?.began?.()
      thinking += (choice?.delta as Thoughtful | undefined)?.reasoning_content ?? ''
    })
    return chatSaid(await chunks.finalChatCompletion(), thinking)
  },
}

function chatMessages(turn: Turn): OpenAI.ChatCompletionMessageParam[] {
  if ('user' in turn) {
    const { user, png } = turn
    if (png === undefined) return [{ role: 'user', content: user }]
    const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${png}` } }
    return [{ role: 'user', content: [{ type: 'text', text: user }, image] }]
  }
  if ('results' in turn) {
    return turn.results.map(({ call, output }) => ({
      role: 'tool',
      tool_call_id: call.id,
      content: JSON.stringify(output),
    }))
  }
  const calls = turn.calls?.map(({ id, name, input }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: JSON.stringify(input) },
  }))
  return [
    { role: 'assistant', content: turn.assistant === '' ? null : turn.assistant, ...(calls && { tool_calls: calls }) },
  ]
}

/** What most servers call a model's thoughts. */
interface Thoughtful {
  readonly reasoning_content?: string
}

function chatSaid({ choices, usage }: OpenAI.ChatCompletion, streamed?: string): Said {
  const [choice] = choices
  if (!choice) throw new Error('the reply has no choice')
  const { message, finish_reason: finish } = choice
  const thinking = streamed ?? (message as Thoughtful).reasoning_content
  return {
    ...(thinking && { thinking }),
    text: message.content ?? '',
    calls: (message.tool_calls ?? []).flatMap(call =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) }]
        : [],
    ),
    finish: finishOf(finish, { stop: 'stop', tool_calls: 'calls', length: 'length' }),
    usage: {
      input: usage?.prompt_tokens ?? 0,
      cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      output: usage?.completion_tokens ?? 0,
    },
  }
}

const RESPONSES: SdkClient = {
  format: 'openai-responses',
  async ask(url, model, { system, turns, tools, schema }, stream, watch) {
    const request: OpenAI.Responses.ResponseCreateParamsNonStreaming = {
      model,
      store: false,
      ...(system !== undefined && { instructions: system }),
      input: turns.flatMap(responseItems),
      ...(tools && {
        tools: tools.map(({ name, description, schema: parameters }) => ({
          type: 'function' as const,
          name,
          description,
          parameters: parameters as Record<string, unknown>,
          strict: false,
        })),
      }),
      ...(schema && {
        text: {
          format: { type: 'json_schema', name: 'answer', schema: schema as Record<string, unknown>, strict: true },
        },
      }),
    }
    const { responses } = openai(url)
    const options = watch ? { signal: watch.signal } : {}
    return responsesSaid(
      stream
        ? await responses
            .stream({ ...request, stream: true }, options)
            .on('event', () => watch?.began?.())
            .finalResponse()
        : await responses.create(request, options),
    )
  },
}

function responseItems(turn: Turn): OpenAI.Responses.ResponseInputItem[] {
  if ('user' in turn) {
    const { user, png } = turn
    if (png === undefined) return [{ role: 'user', content: user }]
    const image = { type: 'input_image' as const, image_url: `data:image/png;base64,${png}`, detail: 'auto' as const }
    return [{ role: 'user', content: [{ type: 'input_text', text: user }, image] }]
  }
  if ('results' in turn) {
    return turn.results.map(({ call, output }) => ({
      type: 'function_call_output',
      call_id: call.id,
      output: JSON.stringify(output),
    }))
  }
  const { assistant, calls = [] } = turn
  return [
    ...(assistant === '' ? [] : [{ role: 'assistant' as const, content: assistant }]),
    ...calls.map(({ id, name, input }) => ({
      type: 'function_call' as const,
      call_id: id,
      name,
      arguments: JSON.stringify(input),
    })),
  ]
}

function responsesSaid({ output, status, incomplete_details: details, usage }: OpenAI.Responses.Response): Said {
  const calls = output.flatMap(item =>
    item.type === 'function_call' ? [{ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) }] : [],
  )
  const thinking = output
    .flatMap(item => (item.type === 'reasoning' ? [...item.summary, ...(item.content ?? [])] : []))
    .map(({ text }) => text)
    .join('')
  const texts = output.flatMap(item => (item.type === 'message' ? item.content : []))
  const word = status === 'completed' ? (calls.length > 0 ? 'calls' : 'stop') : details?.reason
  return {
    ...(thinking !== '' && { thinking }),
    text: texts.flatMap(part => (part.type === 'output_text' ? [part.text] : [])).join(''),
    calls,
    finish: finishOf(word, { stop: 'stop', calls: 'calls', max_output_tokens: 'length' }),
    usage: {
      input: usage?.input_tokens ?? 0,
      cached: usage?.input_tokens_details?.cached_tokens ?? 0,
      output: usage?.output_tokens ?? 0,
    },
  }
}

const GEMINI: SdkClient = {
  format: 'gemini',
  async ask(url, model, { system, turns, tools, schema, thoughts }, stream, watch) {
    const request = {
      model,
      contents: turns.map(geminiContent),
      config: {
        ...(system !== undefined && { systemInstruction: system }),
        ...(tools && {
          tools: [
            {
              functionDeclarations: tools.map(({ name, description, schema: parametersJsonSchema }) => ({
                name,
                description,
                parametersJsonSchema,
              })),
            },
          ],
        }),
        ...(schema && { responseMimeType: 'application/json', responseJsonSchema: schema }),
        ...(thoughts && { thinkingConfig: { includeThoughts: true } }),
        ...(watch && { abortSignal: watch.signal }),
      },
    }
    const { models } = google(url)
    if (!stream) return geminiSaid([await models.generateContent(request)])
    const chunks: GenerateContentResponse[] = []
    for await (const chunk of await models.generateContentStream(request)) {
      watch?.began?.()
      chunks.push(chunk)
    }
    return geminiSaid(chunks)
  },
}

function geminiContent(turn: Turn): Content {
  if ('user' in turn) {
    const { user, png } = turn
    const image = png === undefined ? [] : [{ inlineData: { mimeType: 'image/png', data: png } }]
    return { role: 'user', parts: [{ text: user }, ...image] }
  }
  if ('results' in turn) {
    const parts = turn.results.map(({ call, output }) => ({
      functionResponse: { id: call.id, name: call.name, response: output },
    }))
    return { role: 'user', parts }
  }
  const { assistant, calls = [] } = turn
  const text: Part[] = assistant === '' ? [] : [{ text: assistant }]
  return {
    role: 'model',
    parts: [...text, ...calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: input } }))],
  }
}

function geminiSaid(chunks: readonly GenerateContentResponse[]): Said {
  const parts = chunks.flatMap(chunk => chunk.candidates?.[0]?.content?.parts ?? [])
  const joined = (thought: boolean): string =>
    parts.flatMap(part => ((part.thought ?? false) === thought ? [part.text ?? ''] : [])).join('')
  const calls = parts.flatMap(({ functionCall }) =>
    functionCall ? [{ id: functionCall.id ?? '', name: functionCall.name ?? '', input: functionCall.args ?? {} }] : [],
  )
  const finish = chunks.flatMap(chunk => chunk.candidates?.[0]?.finishReason ?? []).at(-1)
  const usage = chunks.flatMap(chunk => chunk.usageMetadata ?? []).at(-1)
  const thinking = joined(true)
  return {
    ...(thinking !== '' && { thinking }),
    text: joined(false),
    calls,
    finish: finishOf(finish, { STOP: calls.length > 0 ? 'calls' : 'stop', MAX_TOKENS: 'length' }),
    usage: {
      input: usage?.promptTokenCount ?? 0,
      cached: usage?.cachedContentTokenCount ?? 0,
      output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
    },
  }
}

export const CLIENTS: readonly SdkClient[] = [ANTHROPIC, CHAT, RESPONSES, GEMINI]
