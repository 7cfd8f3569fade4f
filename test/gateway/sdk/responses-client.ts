import type OpenAI from 'openai'
import { finishOf, type SdkClient } from './client.ts'
import { openai } from './openai.ts'
import type { Said, Turn } from './talk.ts'

export const RESPONSES: SdkClient = {
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
