/** What a call will use, before anybody knows, and what it has used, where nobody says. */
import type { Call, Prices, Reply, Usage } from './contract.ts'
import type { Conversation, Part } from './formats/conversation.ts'

/** A little less than what is usual, so that estimates are rather too high. */
const BYTES_A_TOKEN = 3.5
/** A typical photo. */
const MEDIA_TOKENS = 1000
/** Larger bodies are looked into: they may be pictures. */
const SMALL_BYTES = 64 * 1024
/** What a model may write, where neither the call nor the processor's options say. */
const OUTPUT_TOKENS = 1024

/** What a call uses. */
export interface CallAmounts {
  readonly usage: Pick<Usage, 'input' | 'output'>
  /** `undefined` where the price is not known. */
  readonly dollars: number | undefined
}

/**
 * What a call will use, roughly. Decodes large calls.
 * @param mostOutput output tokens to expect at most; absent: as many as the call lets the model write
 */
export function estimateAmounts(call: Call, prices: Prices, mostOutput?: number): CallAmounts {
  const asked = call.maxOutputTokens ?? mostOutput ?? OUTPUT_TOKENS
  const output = call.operation === 'generate' ? Math.max(0, Math.min(asked, mostOutput ?? asked)) : 0
  const bytes = call.operation === 'generate' && call.size > SMALL_BYTES ? textBytes(call.conversation) : call.size
  const usage = { input: Math.ceil(bytes / BYTES_A_TOKEN), output }
  return { usage, dollars: prices.cost(call.provider, call.model, usage) }
}

/**
 * What a call has used in the end: what the provider says; the estimate when it says nothing; and of a reply that broke
 * off or was left, what had come by then. Nothing, where no provider was asked or an earlier reply is repeated. Settles when the reply ends; never rejects.
 */
export async function settledAmounts(
  call: Call,
  reply: Reply,
  prices: Prices,
  estimate: CallAmounts,
): Promise<CallAmounts> {
  const [known, outcome, cost] = await Promise.all([reply.usage, reply.ended, reply.cost])
  const isFree = known === undefined ? cost === 0 : known.repeated
  if (isFree) return { usage: { input: 0, output: 0 }, dollars: 0 }
  const usage = known ?? (outcome === 'completed' ? estimate.usage : soFar(estimate.usage, reply.progress.events))
  return { usage, dollars: cost ?? prices.cost(call.provider, call.model, usage) }
}

/** Most models write a token or so in an event. */
function soFar({ input, output }: CallAmounts['usage'], events: number): CallAmounts['usage'] {
  return events === 0 ? { input: 0, output: 0 } : { input, output: Math.min(output, events) }
}

function textBytes({ turns, tools }: Conversation): number {
  const parts = turns.flatMap(turn => turn.parts).map(partBytes)
  return parts.reduce((sum, bytes) => sum + bytes, JSON.stringify(tools).length)
}

function partBytes(part: Part): number {
  if (part.type === 'media' && !('text' in part.source)) return MEDIA_TOKENS * BYTES_A_TOKEN
  if (part.type === 'tool-result') return part.content.reduce((sum, each) => sum + partBytes(each), 0)
  return JSON.stringify(part).length
}
