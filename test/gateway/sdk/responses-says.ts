import { CHAT } from './chat-says.ts'
import { halves, type Json, type Speaker, typed } from './speaker.ts'
import type { Said } from './talk.ts'

export const RESPONSES: Speaker = {
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
