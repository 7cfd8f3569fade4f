/**
 * Tool search by the client (OpenAI Responses API, `{ type: "tool_search", execution: "client" }`): the client holds
 * tools back until the model has looked for them. Nothing runs at the provider, so the tool can be left out where it is
 * not known: the model does with the tools that it was offered.
 */
import type { HostedTool } from './conversation.ts'

export function isClientToolSearch({ format, name, json }: HostedTool): boolean {
  return format === 'openai-responses' && name === 'tool_search' && executionOf(json) === 'client'
}

/** The reason of the loss. */
export const NO_TOOL_SEARCH = 'the provider cannot look for tools that the client holds back'

function executionOf(json: string): unknown {
  const tool: unknown = JSON.parse(json)
  return typeof tool === 'object' && tool !== null && 'execution' in tool ? tool.execution : undefined
}
