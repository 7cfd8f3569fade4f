/** What the engine relies on in a request: types and required fields. Everything else passes and is judged upstream. */

const BLOCK = {
  type: 'object',
  required: ['type'],
  properties: { type: { type: 'string' } },
  if: { properties: { type: { const: 'text' } } },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
  then: { required: ['text'], properties: { text: { type: 'string' } } },
} as const

const CONTENT = { type: ['string', 'array', 'null'], items: BLOCK } as const

const MESSAGE = {
  type: 'object',
  required: ['role'],
  properties: { role: { enum: ['user', 'assistant', 'system'] }, content: CONTENT },
} as const

const COMMON = {
  model: { type: 'string', minLength: 1 },
  messages: { type: 'array', items: MESSAGE },
  system: CONTENT,
  tools: { type: ['array', 'null'], items: { type: 'object' } },
  tool_choice: { type: ['object', 'null'] },
  thinking: { type: ['object', 'null'] },
  output_config: { type: ['object', 'null'] },
  metadata: { type: ['object', 'null'] },
} as const

/** `POST /v1/messages`. `max_tokens: 0` is legal: it warms the prompt cache. */
export const GENERATE = {
  type: 'object',
  required: ['model', 'max_tokens', 'messages'],
  properties: {
    ...COMMON,
    max_tokens: { type: 'integer', minimum: 0 },
    stream: { type: ['boolean', 'null'] },
    temperature: { type: ['number', 'null'] },
    top_p: { type: ['number', 'null'] },
    top_k: { type: ['integer', 'null'] },
    stop_sequences: { type: ['array', 'null'], items: { type: 'string' } },
    thread: { type: ['object', 'null'] },
    mcp_servers: { type: ['array', 'null'], items: { type: 'object' } },
  },
} as const

/** `POST /v1/messages/count_tokens`. */
export const COUNT_TOKENS = {
  type: 'object',
  required: ['model', 'messages'],
  properties: COMMON,
} as const
