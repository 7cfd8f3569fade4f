/** What a call will use, before anybody knows, and what it has used, where nobody says. */
import type { Call, Reply, Usage } from './contract.ts'
import type { Conversation, Part } from './formats/conversation.ts'

/** A little less than what is usual, so that estimates are rather too high. */
const BYTES_A_TOKEN = 3.5
/** A typical photo. */
const MEDIA_TOKENS = 1000
/** Larger bodies are looked into: they may be pictures. */
const SMALL_BYTES = 64 * 1024
/** What a model may write, where neither the call nor the processor's options say. */
const OUTPUT_TOKENS = 1024

export interface EstimatedUsage {
  readonly input: number
  readonly output: number
}

/**
 * Tokens that a call will use, roughly. Decodes large calls.
 * @param mostOutput output tokens to expect at most; absent: as many as the call lets the model write
 */
export function estimateUsage(call: Call, mostOutput?: number): EstimatedUsage {
  const asked = call.maxOutputTokens ?? mostOutput ?? OUTPUT_TOKENS
  const output = call.operation === 'generate' ? Math.min(asked, mostOutput ?? asked) : 0
  const bytes = call.operation === 'generate' && call.size > SMALL_BYTES ? textBytes(call.conversation) : call.size
  return { input: Math.ceil(bytes / BYTES_A_TOKEN), output: Math.max(0, output) }
}

/**
 * What a call has used in the end: what the provider says; the estimate when it says nothing; and of a reply that broke
 * off or was left, what had come by then. Settles when the reply ends; never rejects.
 */
export async function settledUsage(reply: Reply, estimate: EstimatedUsage): Promise<Usage> {
  const [usage, outcome] = await Promise.all([reply.usage, reply.ended])
  if (usage) return usage
  if (outcome === 'completed') return estimate
  const { events } = reply.progress
  return events === 0 ? { input: 0, output: 0 } : { ...estimate, output: Math.min(estimate.output, events) }
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
