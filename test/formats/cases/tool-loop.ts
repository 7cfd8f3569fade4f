/** A client of Chat Completions in the middle of a tool loop: what proofs about reasoning state begin with. */
import type { Fields } from './convert.ts'

export const LOOK = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }
export const CALL = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }

/** The request with the results of these calls. @param assistant what the assistant's message has beside them */
export function toolLoop(calls: readonly Fields[], assistant: Fields = {}, more: Fields = {}): Fields {
  const results = calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'seen' }))
  const said = { role: 'assistant', content: null, tool_calls: calls, ...assistant }
  return { model: 'm', tools: [LOOK], messages: [{ role: 'user', content: 'Look.' }, said, ...results], ...more }
}

/** The assistant's message of a request that went to a Chat server. */
export function assistantOf({ body }: { readonly body: Fields }): unknown {
  return (body.messages as readonly Fields[])[1]
}
