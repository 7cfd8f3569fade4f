import type { HttpKind } from '../pipeline/provider-kind.ts'
import { modelPath, NO_OPTIONS, type Wanted } from '../pipeline/provider-kind.ts'

export default {
  summary: 'A server that speaks Anthropic Messages.',
  format: 'anthropic-messages',
  genAiName: 'anthropic',
  defaultBaseUrl: 'https://api.anthropic.com/v1',
  options: NO_OPTIONS,
  target: ({ operation, model }: Wanted) => {
    if (operation === 'generate') return { path: '/messages' }
    if (operation === 'count-tokens') return { path: '/messages/count_tokens' }
    if (operation === 'list-models') return { path: model === '' ? '/models' : `/models/${modelPath(model)}` }
    return undefined
  },
  authorize: key => ({ 'x-api-key': key }),
  // The API wants a version with every request; a client of the same format sends its own, which goes on verbatim.
  defaultHeaders: { 'anthropic-version': '2023-06-01' },
  forwardedHeaders: [
    'anthropic-*',
    'idempotency-key',
    'x-stainless-*',
    'x-claude-code-*',
    'x-app',
    'traceparent',
    'tracestate',
  ],
  forwardedQuery: ['beta', 'limit', 'after_id', 'before_id'],
} as const satisfies HttpKind
