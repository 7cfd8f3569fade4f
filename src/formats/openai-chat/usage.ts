/** Token counts of Chat Completions and its dialects ↔ canonical usage (conversion.md A.2.5, C.2). */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { Usage } from '../reply-events.ts'
import { compact, type Fields, objectOf, stringOf, type TextSource } from './fields.ts'
import { FORMAT } from './name.ts'

/** The usage object of a reply or chunk, wherever the dialect puts it (Groq: `x_groq`; Moonshot: in the choice). */
export function findUsage(body: Fields): Fields | undefined {
  const top = objectOf(body.usage)
  if (top) return top
  const groq = objectOf(objectOf(body.x_groq)?.usage)
  if (groq) return groq
  const choices = body.choices
  return Array.isArray(choices) ? objectOf(objectOf(choices[0])?.usage) : undefined
}

/** @param serviceTier the tier that the reply says it was served in, in the provider's words */
export function decodeUsage(source: TextSource, usage: Fields, serviceTier?: string): Usage {
  const inputDetails = objectOf(usage.prompt_tokens_details) ?? {}
  const outputDetails = objectOf(usage.completion_tokens_details) ?? {}
  const input = count(usage.prompt_tokens) ?? 0
  const reasoning = count(outputDetails.reasoning_tokens ?? usage.reasoning_tokens)
  const output = outputOf(usage, input, reasoning ?? 0)
  const cacheRead = first(inputDetails.cached_tokens, usage.prompt_cache_hit_tokens, usage.cached_tokens)
  return compact({
    input,
    output,
    cacheRead: atMost(cacheRead, input),
    cacheWrite: atMost(count(inputDetails.cache_write_tokens), input),
    reasoning: atMost(reasoning, output),
    audioInput: atMost(count(inputDetails.audio_tokens), input),
    audioOutput: atMost(count(outputDetails.audio_tokens), output),
    serviceTier: stringOf(usage.service_tier) ?? serviceTier,
    raw: { format: FORMAT, json: source.textOf(usage) },
  })
}

/**
 * Some providers (xAI, Perplexity) count reasoning beside `completion_tokens` instead of in it. Their totals tell:
 * where prompt, completion and reasoning add up to the total, reasoning is put in.
 */
function outputOf(usage: Fields, input: number, reasoning: number): number {
  const output = count(usage.completion_tokens)
  const total = count(usage.total_tokens)
  if (output === undefined) return total === undefined ? 0 : Math.max(0, total - input)
  return reasoning > 0 && total === input + output + reasoning ? output + reasoning : output
}

function first(...values: readonly unknown[]): number | undefined {
  return values.map(count).find(value => value !== undefined)
}

/** A count of tokens, or `undefined` where a provider sends nonsense. */
function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined
}

function atMost(value: number | undefined, limit: number): number | undefined {
  return value === undefined ? undefined : Math.min(value, limit)
}

/** The provider's own object where it was this format's, else one made of the canonical counts. */
export function encodeUsage(usage: Usage): Writable {
  if (usage.raw?.format === FORMAT) return new RawJson(usage.raw.json)
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead ?? 0,
      ...(usage.cacheWrite === undefined ? {} : { cache_write_tokens: usage.cacheWrite }),
      ...(usage.audioInput === undefined ? {} : { audio_tokens: usage.audioInput }),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning ?? 0,
      ...(usage.audioOutput === undefined ? {} : { audio_tokens: usage.audioOutput }),
    },
  }
}
