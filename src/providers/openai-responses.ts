import type { HttpKind } from '../pipeline/provider-kind.ts'
import { modelPath, NO_OPTIONS, type Wanted } from '../pipeline/provider-kind.ts'

export default {
  summary: 'A server that speaks OpenAI Responses.',
  format: 'openai-responses',
  genAiName: 'openai',
  defaultBaseUrl: 'https://api.openai.com/v1',
  options: NO_OPTIONS,
  target: ({ operation, model }: Wanted) => {
    if (operation === 'generate') return { path: '/responses' }
    if (operation === 'count-tokens') return { path: '/responses/input_tokens' }
    if (operation === 'list-models') return { path: model === '' ? '/models' : `/models/${modelPath(model)}` }
    return undefined
  },
  authorize: key => ({ authorization: `Bearer ${key}` }),
  forwardedHeaders: [
    'openai-beta',
    'idempotency-key',
    'x-stainless-*',
    'x-codex-*',
    'session_id',
    'conversation_id',
    'traceparent',
    'tracestate',
  ],
  forwardedQuery: ['api-version'],
} as const satisfies HttpKind
