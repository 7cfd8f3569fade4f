import type { HttpKind } from '../pipeline/provider-kind.ts'
import { modelPath, type Wanted } from '../pipeline/provider-kind.ts'

export default {
  summary:
    'Any server that speaks OpenAI Chat Completions: OpenAI, vLLM, Ollama, Groq, OpenRouter, llama.cpp and many more.',
  format: 'openai-chat',
  genAiName: 'openai',
  defaultBaseUrl: 'https://api.openai.com/v1',
  // Other servers take less than OpenAI itself: roles, fields and names of its newest models are not for them.
  defaultDialect: baseUrl => (new URL(baseUrl).hostname.endsWith('.openai.com') ? 'openai' : 'compatible'),
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      stream_usage: {
        type: 'string',
        enum: ['ask', 'leave'],
        default: 'ask',
        description:
          'Streams tell their usage only when asked. `ask` appends `stream_options` at the end of the body and hides the extra chunk from a client that did not ask; `leave` touches nothing, and usage is unknown then.',
      },
    },
  },
  target: ({ operation, model }: Wanted) => {
    if (operation === 'generate') return { path: '/chat/completions' }
    if (operation === 'list-models') return { path: model === '' ? '/models' : `/models/${modelPath(model)}` }
    return undefined
  },
  authorize: key => ({ authorization: `Bearer ${key}` }),
  forwardedHeaders: ['openai-beta', 'idempotency-key', 'x-stainless-*', 'traceparent', 'tracestate'],
  forwardedQuery: ['api-version'],
} as const satisfies HttpKind
