import type { HttpKind } from '../pipeline/provider-kind.ts'
import { modelPath, type Wanted } from '../pipeline/provider-kind.ts'

export default {
  summary: 'OpenAI models of an Azure resource: deployments, `api-version`, `api-key`.',
  format: 'openai-chat',
  genAiName: 'azure.ai.openai',
  defaultDialect: () => 'azure',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      deployment: {
        type: 'string',
        minLength: 1,
        description:
          "The deployment that serves the calls. Without it the call's model is taken as the deployment's name.",
      },
      api_version: {
        type: 'string',
        minLength: 1,
        default: '2024-10-21',
        description: "Azure's `api-version`, or `v1` for the resource's `/openai/v1/` paths, which have none.",
      },
      stream_usage: {
        type: 'string',
        enum: ['ask', 'leave'],
        default: 'ask',
        description: 'As for `openai-chat`.',
      },
    },
  },
  target: ({ operation, model, options }: Wanted) => {
    if (operation !== 'generate') return undefined
    const { deployment, api_version: version } = options
    if (version === 'v1') return { path: '/openai/v1/chat/completions' }
    const name = modelPath(typeof deployment === 'string' ? deployment : model)
    return { path: `/openai/deployments/${name}/chat/completions`, query: { 'api-version': String(version) } }
  },
  authorize: key => ({ 'api-key': key }),
  forwardedHeaders: ['idempotency-key', 'x-stainless-*', 'traceparent', 'tracestate'],
} as const satisfies HttpKind
