import type { HttpKind } from '../pipeline/provider-kind.ts'
import { modelPath, NO_OPTIONS, type Wanted } from '../pipeline/provider-kind.ts'

export default {
  summary: 'A server that speaks Gemini generateContent.',
  format: 'gemini',
  genAiName: 'gcp.gemini',
  defaultBaseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  options: NO_OPTIONS,
  target: ({ operation, model, stream, batch }: Wanted) => {
    const path = `/models/${modelPath(model)}`
    switch (operation) {
      case 'generate':
        // Without `alt=sse` the stream is one JSON array, in which an error cannot be told from the end.
        return stream
          ? { path: `${path}:streamGenerateContent`, query: { alt: 'sse' } }
          : { path: `${path}:generateContent` }
      case 'count-tokens':
        return { path: `${path}:countTokens` }
      case 'embed':
        return { path: `${path}:${batch ? 'batchEmbedContents' : 'embedContent'}` }
      case 'list-models':
        return { path: model === '' ? '/models' : path }
    }
  },
  authorize: key => ({ 'x-goog-api-key': key }),
  forwardedHeaders: ['x-goog-api-client', 'x-goog-user-project', 'x-server-timeout', 'traceparent', 'tracestate'],
  forwardedQuery: ['$alt', 'pageSize', 'pageToken'],
} as const satisfies HttpKind
