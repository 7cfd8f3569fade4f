/** `finish_reason` ↔ canonical (conversion.md C.1). */
import type { ErrorView } from '../error-view.ts'
import type { FinishEvent, FinishReason } from '../reply-events.ts'
import { compact, type Fields, stringOf } from './fields.ts'
import type { Ledger } from './ledger.ts'
import { FORMAT } from './name.ts'

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  model_length: 'context-window',
  max_tokens: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  // Z.ai.
  sensitive: 'content-filter',
  model_context_window_exceeded: 'context-window',
  refusal: 'refusal',
}

/**
 * @param raw the provider's word, `undefined` when it gave none
 * @param called whether the answer holds a tool call: some servers say `stop` then, others `tool_calls` without one
 *   (conversion.md E245)
 */
export function decodeFinish(raw: string | undefined, called: boolean): FinishReason {
  const reason = raw === undefined ? undefined : Object.hasOwn(REASONS, raw) ? REASONS[raw] : undefined
  if (reason === 'stop' && called) return 'tool-calls'
  if (reason === 'tool-calls' && !called) return 'stop'
  return reason ?? (called ? 'tool-calls' : 'other')
}

/** What a choice says of its end. Which sequence stopped it, only vLLM and SGLang tell (conversion.md E126). */
export function finishOf(choice: Fields, called: boolean): Pick<FinishEvent, 'reason' | 'raw' | 'stopSequence'> {
  const raw = stringOf(choice.finish_reason)
  const reason = decodeFinish(raw, called)
  // Beside a string there may be the number of an end token, which is an ordinary end.
  const stopSequence = reason === 'stop' ? (stringOf(choice.stop_reason) ?? stringOf(choice.matched_stop)) : undefined
  return compact({ reason: stopSequence === undefined ? reason : 'stop-sequence', raw, stopSequence })
}

/** Finish reasons by which a provider says that it failed (Mistral, OpenRouter; Z.ai; DeepSeek). */
export function failedFinish(raw: string | undefined): ErrorView | undefined {
  switch (raw) {
    case 'error':
    case 'network_error':
      return { kind: 'upstream', status: 502, code: 'upstream_error', message: 'The provider failed while answering.' }
    case 'insufficient_system_resource':
      return {
        kind: 'overloaded',
        status: 503,
        code: 'overloaded',
        message: 'The provider ran out of resources while answering. Try again later.',
      }
    default:
      return undefined
  }
}

export type WireFinish = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call'

/** What was in the answer: a finish reason must agree with it. */
export interface Answered {
  readonly called: boolean
  readonly refused: boolean
  /** Anything at all. */
  readonly content: boolean
}

/** @returns `undefined` when the answer failed and no finish reason may be given (`malformed-tool-call`) */
export function encodeFinish(reason: FinishReason, { called, refused, content }: Answered): WireFinish | undefined {
  switch (reason) {
    case 'length':
    case 'context-window':
    case 'continuation':
      return 'length'
    case 'content-filter':
      return 'content_filter'
    case 'refusal':
      return refused ? 'stop' : 'content_filter'
    case 'malformed-tool-call':
      return undefined
    case 'other':
      return called ? 'tool_calls' : content ? 'stop' : 'content_filter'
    default:
      return called ? 'tool_calls' : 'stop'
  }
}

/** Notes what a finish says and the wire has no word for. */
export function noteFinish(finish: FinishEvent, path: string, ledger: Ledger): void {
  const lost = lostIn(finish)
  if (lost !== undefined) ledger.approximated(path, lost)
  const own = finish.extensions?.[FORMAT]
  const isTold = own?.['choice.stop_reason'] !== undefined || own?.['choice.matched_stop'] !== undefined
  if (finish.stopSequence !== undefined && !isTold)
    ledger.dropped(`${path}.stopSequence`, 'Chat Completions does not tell which sequence stopped the answer')
  if (finish.reason === 'content-filter' && finish.explanation !== undefined)
    ledger.dropped(`${path}.explanation`, 'Chat Completions does not tell why a filter stopped the answer')
}

/** Why a finish reason says less on the wire than it did before; `undefined` when it says the same. */
function lostIn({ reason }: FinishEvent): string | undefined {
  switch (reason) {
    case 'pause':
      return 'Chat Completions cannot say that the model paused and wants the conversation back as it is'
    case 'compaction':
      return 'Chat Completions cannot say that the conversation was compacted'
    case 'continuation':
      return 'Chat Completions cannot say that the provider could go on with the answer'
    case 'other':
      return 'Chat Completions has no word for an unknown reason'
    default:
      return undefined
  }
}
