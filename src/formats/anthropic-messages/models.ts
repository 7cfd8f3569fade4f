/** Model lists, both ways (Anthropic API, `GET /v1/models`). */
import type { ModelEntry } from '../../contract.ts'
import type { JsonDocument } from '../../json/document.ts'
import { type Writable, writeJson } from '../../json/raw.ts'
import { isObject, type JsonObject, numberAt, objectsAt, present, stringAt } from './fields.ts'

export function encodeModels(models: readonly ModelEntry[]): string {
  return writeJson({
    data: models.map(modelInfo),
    has_more: false,
    first_id: models.at(0)?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  })
}

export function encodeModel(model: ModelEntry): string {
  return writeJson(modelInfo(model))
}

/** Fields that Sluice does not know are there as `null`: the newest SDK's types have them all. */
function modelInfo(model: ModelEntry): Writable {
  return {
    type: 'model',
    id: model.id,
    display_name: model.displayName ?? model.id,
    created_at: dateOf(model.created),
    max_input_tokens: model.contextWindow ?? null,
    max_tokens: model.maxOutputTokens ?? null,
    lifecycle: 'active',
    line: null,
    deprecated_at: null,
    retires_at: null,
    capabilities: null,
  }
}

/** RFC 3339. The API's own stand-in for "unknown" is the beginning of 1970. */
function dateOf(seconds = 0): string {
  const date = new Date(seconds * 1000)
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString().replace('.000Z', 'Z')
}

export function decodeModels(document: JsonDocument): readonly ModelEntry[] {
  if (!isObject(document.value)) return []
  return objectsAt(document.value, 'data').flatMap(model => decodeModel(model) ?? [])
}

function decodeModel(model: JsonObject): ModelEntry | undefined {
  const id = stringAt(model, 'id')
  if (id === undefined) return undefined
  return present({
    id,
    displayName: stringAt(model, 'display_name'),
    created: secondsOf(stringAt(model, 'created_at')),
    contextWindow: numberAt(model, 'max_input_tokens'),
    maxOutputTokens: numberAt(model, 'max_tokens'),
  })
}

function secondsOf(date: string | undefined): number | undefined {
  const milliseconds = Date.parse(date ?? '')
  return Number.isNaN(milliseconds) || milliseconds === 0 ? undefined : Math.floor(milliseconds / 1000)
}
