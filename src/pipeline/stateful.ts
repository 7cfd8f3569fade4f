import type { Call } from '../contract.ts'

/**
 * Whether a second run of the call would leave something behind at the provider, or build on what is there: OpenAI
 * Responses with `store = true`, `background`, `conversation` or `previous_response_id`; Anthropic's message threads.
 * Looks only into calls of formats that can say so.
 */
export function isStateful(call: Pick<Call, 'operation' | 'format' | 'conversation'>): boolean {
  if (call.operation !== 'generate') return false
  if (call.format !== 'openai-responses' && call.format !== 'anthropic-messages') return false
  const { state, extensions } = call.conversation
  if (extensions?.['openai-responses']?.background === 'true') return true
  return state !== undefined && (state.store === true || pointsBack(state))
}

function pointsBack({ previousId, conversation, thread }: NonNullable<Call['conversation']['state']>): boolean {
  return previousId !== undefined || conversation !== undefined || thread !== undefined
}
