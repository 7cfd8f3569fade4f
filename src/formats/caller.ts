import type { JsonText } from './conversation.ts'

/**
 * Whose code made a tool call (`caller` of Anthropic's `tool_use`, of OpenAI's `function_call`): the `type` that the
 * provider gave it. Code runs at one provider, and any other refuses a caller that it does not know.
 */
export function callerType(caller: JsonText): string {
  const value: unknown = JSON.parse(caller)
  return typeof value === 'object' && value !== null && 'type' in value ? String(value.type) : ''
}
