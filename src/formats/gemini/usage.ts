import type { Writable } from '../../json/raw.ts'
import { RawJson } from '../../json/raw.ts'
import type { Usage } from '../reply-events.ts'
import { FORMAT, isRecord, type Json } from './fields.ts'

/**
 * `usageMetadata` → canonical: the prompt includes what was cached but not what tools added to it, and candidates do
 * not include thoughts (reference of `UsageMetadata`). `undefined` when it holds no counts.
 */
export function decodeUsage(node: unknown): Usage | undefined {
  if (!isRecord(node)) return undefined
  const prompt = count(node.promptTokenCount)
  const toolPrompt = count(node.toolUsePromptTokenCount)
  const candidates = count(node.candidatesTokenCount)
  const thoughts = count(node.thoughtsTokenCount)
  const total = count(node.totalTokenCount)
  if ((prompt ?? candidates ?? thoughts ?? toolPrompt ?? total) === undefined) return undefined
  const cached = count(node.cachedContentTokenCount)
  return {
    input: (prompt ?? 0) + (toolPrompt ?? 0),
    output: (candidates ?? 0) + (thoughts ?? 0),
    ...(cached === undefined ? {} : { cacheRead: Math.min(cached, (prompt ?? 0) + (toolPrompt ?? 0)) }),
    ...(thoughts === undefined ? {} : { reasoning: thoughts }),
    ...(toolPrompt === undefined ? {} : { toolPrompt }),
    ...audio('audioInput', node.promptTokensDetails),
    ...audio('audioOutput', node.candidatesTokensDetails),
    ...(typeof node.serviceTier === 'string' ? { serviceTier: node.serviceTier } : {}),
    raw: { format: FORMAT, json: JSON.stringify(node) },
  }
}

function count(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value
  if (typeof number !== 'number' || Number.isNaN(number)) return undefined
  return Math.min(Math.max(0, Math.trunc(number)), Number.MAX_SAFE_INTEGER)
}

function audio<K extends 'audioInput' | 'audioOutput'>(name: K, details: unknown): { readonly [P in K]?: number } {
  if (!Array.isArray(details)) return {}
  const row = details.find((detail): detail is Json => isRecord(detail) && detail.modality === 'AUDIO')
  const tokens = count(row?.tokenCount)
  return tokens === undefined ? {} : ({ [name]: tokens } as { readonly [P in K]?: number })
}

/** Canonical → `usageMetadata`; Gemini's own goes back whole. */
export function encodeUsage(usage: Usage): Writable {
  if (usage.raw?.format === FORMAT) return new RawJson(usage.raw.json)
  const thoughts = usage.reasoning === undefined ? undefined : Math.min(usage.reasoning, usage.output)
  const toolPrompt = usage.toolPrompt === undefined ? undefined : Math.min(usage.toolPrompt, usage.input)
  return {
    promptTokenCount: usage.input - (toolPrompt ?? 0),
    cachedContentTokenCount: usage.cacheRead,
    candidatesTokenCount: usage.output - (thoughts ?? 0),
    thoughtsTokenCount: thoughts,
    toolUsePromptTokenCount: toolPrompt,
    totalTokenCount: usage.input + usage.output,
  }
}
