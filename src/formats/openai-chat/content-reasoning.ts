/**
 * Reasoning among the content of a reply, `{ type: "reasoning", summary: [{ type: "summary_text", text, signature }] }`, as
 * Databricks has it of Claude. In a stream each piece is such a part, and the signature comes with the last one. In a
 * request it stays the part that it is, since the server wants it back as it was.
 */
import type { OpaqueState, Part } from '../conversation.ts'
import { arrayOf, compact, objectOf, stringOf, wordOf } from './fields.ts'

export function shownReasoning(part: Part): Part {
  if (part.type !== 'opaque' || part.label !== 'reasoning') return part
  const summaries = arrayOf(objectOf(JSON.parse(part.json))?.summary)?.map(objectOf)
  const chunks = summaries?.map(summary => stringOf(summary?.text))
  if (!chunks?.every(chunk => chunk !== undefined)) return part
  return compact({ type: 'reasoning', visibility: 'full', chunks, state: stateOf(summaries?.at(-1)?.signature) })
}

function stateOf(signature: unknown): readonly OpaqueState[] | undefined {
  const value = wordOf(signature)
  return value === undefined ? undefined : [{ scheme: 'anthropic.signature', value }]
}
