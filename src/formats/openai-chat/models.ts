/** Model lists (OpenAI API reference, "Models"; further fields as OpenRouter, vLLM and Groq give them). */
import type { ModelEntry } from '../../contract.ts'
import type { JsonDocument } from '../../json/document.ts'
import { type Writable, writeJson } from '../../json/raw.ts'
import { arrayOf, compact, numberOf, objectOf, wordOf } from './fields.ts'

export function encodeModels(models: readonly ModelEntry[]): string {
  return writeJson({ object: 'list', data: models.map(writable) })
}

export function encodeModel(model: ModelEntry): string {
  return writeJson(writable(model))
}

/** `id`, `object`, `created` and `owned_by` are required by the SDKs' types. */
function writable(model: ModelEntry): Writable {
  return {
    id: model.id,
    object: 'model',
    created: model.created ?? 0,
    owned_by: model.ownedBy ?? 'sluice',
    name: model.displayName,
    context_window: model.contextWindow,
    max_completion_tokens: model.maxOutputTokens,
  }
}

/** Reads `{ data: […] }`, a bare array (Together) or one model. */
export function decodeModels({ value }: JsonDocument): readonly ModelEntry[] {
  const body = objectOf(value)
  const listed = arrayOf(value) ?? arrayOf(body?.data) ?? (body ? [body] : [])
  return listed.map(decodeModel).filter(model => model !== undefined)
}

function decodeModel(value: unknown): ModelEntry | undefined {
  const fields = objectOf(value)
  const id = wordOf(fields?.id)
  if (fields === undefined || id === undefined) return undefined
  const provider = objectOf(fields.top_provider)
  const created = numberOf(fields.created)
  return compact({
    id,
    displayName: wordOf(fields.name) ?? wordOf(fields.display_name),
    ownedBy: wordOf(fields.owned_by) ?? wordOf(fields.organization),
    created: created === 0 ? undefined : created,
    contextWindow: numberOf(fields.context_window) ?? numberOf(fields.context_length) ?? numberOf(fields.max_model_len),
    maxOutputTokens: numberOf(fields.max_completion_tokens) ?? numberOf(provider?.max_completion_tokens),
  })
}
