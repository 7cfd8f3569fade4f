/**
 * What the engine relies on in a request body (OpenAI API reference, "Create chat completion"). Everything else,
 * unknown roles and part types too, is the upstream's to judge: compatible servers have their own.
 */

const optional = (type: string): object => ({ type: [type, 'null'] })

const MESSAGE = {
  type: 'object',
  required: ['role'],
  properties: {
    role: { type: 'string' },
    content: { type: ['string', 'array', 'null'], items: { type: ['object', 'string'] } },
    name: optional('string'),
    refusal: optional('string'),
    tool_call_id: optional('string'),
    tool_calls: {
      type: ['array', 'null'],
      items: {
        type: 'object',
        properties: { function: { type: 'object' }, custom: { type: 'object' } },
      },
    },
    function_call: optional('object'),
  },
}

export const GENERATE = {
  type: 'object',
  required: ['model', 'messages'],
  properties: {
    model: { type: 'string', minLength: 1 },
    messages: { type: 'array', items: MESSAGE },
    stream: optional('boolean'),
    stream_options: { type: ['object', 'null'], properties: { include_usage: optional('boolean') } },
    max_tokens: optional('integer'),
    max_completion_tokens: optional('integer'),
    temperature: optional('number'),
    top_p: optional('number'),
    frequency_penalty: optional('number'),
    presence_penalty: optional('number'),
    seed: optional('integer'),
    n: optional('integer'),
    stop: { type: ['string', 'array', 'null'], items: { type: 'string' } },
    logit_bias: optional('object'),
    // Together wants how many.
    logprobs: { type: ['boolean', 'integer', 'null'] },
    top_logprobs: optional('integer'),
    parallel_tool_calls: optional('boolean'),
    tools: { type: ['array', 'null'], items: { type: 'object' } },
    tool_choice: { type: ['string', 'object', 'null'] },
    functions: { type: ['array', 'null'], items: { type: 'object', required: ['name'] } },
    function_call: { type: ['string', 'object', 'null'] },
    response_format: { type: ['object', 'null'] },
    reasoning_effort: optional('string'),
  },
}
