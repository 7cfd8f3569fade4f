/** What OpenTelemetry calls the things that labels name (GenAI attributes registry). */
import type { Operation } from '../contract.ts'

/** `gen_ai.provider.name` by kind of provider client. */
const PROVIDERS: Readonly<Record<string, string>> = {
  'openai-chat': 'openai',
  'openai-responses': 'openai',
  'openai-embeddings': 'openai',
  'azure-openai': 'azure.ai.openai',
  'anthropic-messages': 'anthropic',
  gemini: 'gcp.gemini',
}
/** `gen_ai.provider.name` by dialect of a format, where it has a name of its own. */
const DIALECTS: Readonly<Record<string, string>> = {
  deepseek: 'deepseek',
  groq: 'groq',
  mistral: 'mistral_ai',
  moonshot: 'moonshot_ai',
  perplexity: 'perplexity',
  xai: 'x_ai',
}
/** `gen_ai.operation.name`. */
const OPERATIONS: Readonly<Record<Operation, string>> = {
  generate: 'chat',
  embed: 'embeddings',
  'count-tokens': 'count_tokens',
  'list-models': 'list_models',
}

/** @returns the client's own name where OpenTelemetry has none for it */
export function providerName(client: string, dialect?: string): string {
  return (dialect === undefined ? undefined : DIALECTS[dialect]) ?? PROVIDERS[client] ?? client
}

export function operationName(operation: Operation): string {
  return OPERATIONS[operation]
}
