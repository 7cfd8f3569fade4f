import type OpenAI from 'openai'
import { finishOf, type SdkClient } from './client.ts'
import { openai } from './openai.ts'
import type { Said, Turn } from './talk.ts'

export const CHAT: SdkClient = {
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
