import Anthropic from '@anthropic-ai/sdk'
import { CLIENT_KEY, finishOf, type SdkClient } from './client.ts'
import type { Call, Said, Turn } from './talk.ts'

export const anthropic = (url: string): Anthropic => new Anthropic({ apiKey: CLIENT_KEY, baseURL: url, maxRetries: 0 })

export const ANTHROPIC: SdkClient = {
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
