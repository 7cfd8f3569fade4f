import type { HttpKind } from '../pipeline/provider-kind.ts'
import { modelPath, NO_OPTIONS, type Wanted } from '../pipeline/provider-kind.ts'

export default {
  summary: 'A server that speaks OpenAI Embeddings.',
  format: 'openai-embeddings',
  genAiName: 'openai',
  defaultBaseUrl: 'https://api.openai.com/v1',
  options: NO_OPTIONS,
  target: ({ operation, model }: Wanted) => {
    if (operation === 'embed') return { path: '/embeddings' }
    if (operation === 'list-models') return { path: model === '' ? '/models' : `/models/${modelPath(model)}` }
    return undefined
  },
  authorize: key => ({ authorization: `Bearer ${key}` }),
  forwardedHeaders: ['idempotency-key', 'x-stainless-*', 'traceparent', 'tracestate'],
  forwardedQuery: ['api-version'],
} as const satisfies HttpKind
