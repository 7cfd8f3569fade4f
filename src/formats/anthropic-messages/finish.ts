/** Why a reply ended, both ways (conversion.md C.1; Anthropic Messages API, `stop_reason`). */
import type { FinishReason } from '../reply-events.ts'

const REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['max_tokens', 'length'],
  ['tool_use', 'tool-calls'],
  ['pause_turn', 'pause'],
  ['refusal', 'refusal'],
  ['model_context_window_exceeded', 'context-window'],
  ['compaction', 'compaction'],
])

/**
 * @param hasToolCalls whether the client is asked to run a tool: what was said decides between `stop` and `tool-calls`,
 *   because some servers of this format report `end_turn` for both
 */
export function finishReasonOf(stopReason: string | undefined, hasToolCalls: boolean): FinishReason {
  const reason = REASONS.get(stopReason ?? '') ?? 'other'
  if (reason === 'stop' && hasToolCalls) return 'tool-calls'
  if (reason === 'tool-calls' && !hasToolCalls) return 'stop'
  return reason
}

export interface Ending {
  readonly reason: FinishReason
  readonly raw?: string
  readonly stopSequence?: string
  /** What the reply holds. */
  readonly hasToolCalls: boolean
  readonly hasRefusal: boolean
  readonly isEmpty: boolean
}

/**
 * The word for it on the wire. `undefined` means that there is none: the reply failed and must not look like an answer.
 */
export function stopReasonOf(ending: Ending): string | undefined {
  switch (ending.reason) {
    case 'stop':
      if (ending.hasRefusal) return 'refusal'
      return ending.hasToolCalls ? 'tool_use' : 'end_turn'
    case 'stop-sequence':
      return ending.stopSequence === undefined ? 'end_turn' : 'stop_sequence'
    case 'length':
    case 'continuation':
      return 'max_tokens'
    case 'context-window':
      return 'model_context_window_exceeded'
    case 'tool-calls':
      return ending.hasToolCalls ? 'tool_use' : 'end_turn'
    case 'refusal':
    case 'content-filter':
      return 'refusal'
    case 'pause':
      return 'pause_turn'
    case 'compaction':
      return 'compaction'
    case 'malformed-tool-call':
      return undefined
    default:
      return otherReason(ending)
  }
}

/** An unknown end of an empty reply was no answer: clients must not take it for one. */
function otherReason(ending: Ending): string {
  if (ending.hasToolCalls) return 'tool_use'
  return ending.isEmpty ? 'refusal' : 'end_turn'
}
