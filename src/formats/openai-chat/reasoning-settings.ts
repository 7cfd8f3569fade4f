/** How much a model shall think: the ways in which Chat Completions and its dialects say it, → canonical. */
import type { Effort, Reasoning } from '../conversation.ts'
import { booleanOf, compact, type FieldReader, numberOf, objectOf, oneOf } from './fields.ts'

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const satisfies readonly Effort[]

const effortOf = oneOf(EFFORTS)

/** Reads `reasoning_effort` (OpenAI), `reasoning` (OpenRouter) and `thinking` (DeepSeek, Z.ai). */
export function decodeReasoningSettings(reader: FieldReader): Reasoning | undefined {
  const effort = reader.take('reasoning_effort', effortOf)
  const settings = reader.take('reasoning', decodeObject)
  const thinking = reader.take('thinking', decodeThinking)
  if (effort === undefined && settings === undefined && thinking === undefined) return undefined
  return compact({ ...settings, ...thinking, effort: effort ?? settings?.effort })
}

/** OpenRouter's `{ effort, max_tokens, exclude, enabled }`. */
function decodeObject(value: unknown): Reasoning | undefined {
  const fields = objectOf(value)
  if (fields === undefined) return undefined
  const known = ['effort', 'max_tokens', 'exclude', 'enabled']
  if (!Object.keys(fields).every(key => known.includes(key))) return undefined
  const enabled = booleanOf(fields.enabled)
  return compact({
    effort: effortOf(fields.effort),
    budget: numberOf(fields.max_tokens),
    mode: enabled === undefined ? undefined : enabled ? ('enabled' as const) : ('disabled' as const),
    show: fields.exclude === true ? ('none' as const) : undefined,
  })
}

function decodeThinking(value: unknown): Reasoning | undefined {
  const fields = objectOf(value)
  const mode = oneOf(['enabled', 'disabled'])(fields?.type)
  return fields && mode !== undefined && Object.keys(fields).length === 1 ? { mode } : undefined
}
