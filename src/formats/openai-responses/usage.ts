/** Token counts, both ways: OpenAI's way of counting is the canonical one (conversion.md C.2). */
import type { JsonDocument } from '../../json/document.ts'
import { RawJson, type Writable } from '../../json/raw.ts'
import type { Usage } from '../reply-events.ts'
import { type Fields, isFields } from './fields.ts'
import { FORMAT } from './name.ts'

/** @param response a response object; `undefined` when it tells no usage */
export function decodeUsage(document: JsonDocument, response: Fields): Usage | undefined {
  const node = response.usage
  if (!isFields(node)) return undefined
  const inputDetails = isFields(node.input_tokens_details) ? node.input_tokens_details : {}
  const outputDetails = isFields(node.output_tokens_details) ? node.output_tokens_details : {}
  const input = count(node.input_tokens) ?? 0
  const told = count(node.output_tokens) ?? 0
  const thought = count(outputDetails.reasoning_tokens)
  const output = withReasoning(told, thought, count(node.total_tokens), input)
  const cacheRead = count(inputDetails.cached_tokens)
  const cacheWrite = count(inputDetails.cache_write_tokens)
  return {
    input,
    output,
    ...(cacheRead === undefined ? {} : { cacheRead: Math.min(cacheRead, input) }),
    ...(cacheWrite === undefined ? {} : { cacheWrite: Math.min(cacheWrite, input) }),
    ...(thought === undefined ? {} : { reasoning: Math.min(thought, output) }),
    ...serverToolsOf(response.tool_usage),
    ...(typeof response.service_tier === 'string' ? { serviceTier: response.service_tier } : {}),
    raw: { format: FORMAT, json: document.textOf(node) },
  }
}

/** Some providers count reasoning beside the output instead of within it; their total gives it away. */
function withReasoning(
  output: number,
  reasoning: number | undefined,
  total: number | undefined,
  input: number,
): number {
  if (reasoning === undefined || reasoning <= output) return output
  return total === input + output + reasoning ? output + reasoning : output
}

function serverToolsOf(usage: unknown): Pick<Usage, 'serverTools'> {
  const search = isFields(usage) && isFields(usage.web_search) ? count(usage.web_search.num_requests) : undefined
  return search === undefined || search === 0 ? {} : { serverTools: { web_search_requests: search } }
}

/** A count, nonsense clamped; `undefined` when it is no number. */
function count(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return Math.max(0, Math.trunc(value))
}

/** Always with both objects of details: typed clients insist on them. */
export function encodeUsage(usage: Usage | undefined): Writable {
  if (usage === undefined) return null
  if (usage.raw?.format === FORMAT) return new RawJson(usage.raw.json)
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cacheRead ?? 0, cache_write_tokens: usage.cacheWrite ?? 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: usage.input + usage.output,
  }
}
