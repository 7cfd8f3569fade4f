/** Model lists, both ways (OpenAI API, `GET /v1/models`). */
import type { ModelEntry } from '../../contract.ts'
import type { JsonDocument } from '../../json/document.ts'
import { type Writable, writeJson } from '../../json/raw.ts'
import { isFields, listOf, numberOf, stringOf } from './fields.ts'

export function encodeModels(models: readonly ModelEntry[]): string {
  return writeJson({ object: 'list', data: models.map(modelObject) })
}

export function encodeModel(model: ModelEntry): string {
  return writeJson(modelObject(model))
}

function modelObject(model: ModelEntry): Writable {
  return { id: model.id, object: 'model', created: model.created ?? 0, owned_by: model.ownedBy ?? 'sluice' }
}

export function decodeModels(document: JsonDocument): readonly ModelEntry[] {
  const list = isFields(document.value) ? document.value.data : document.value
  return listOf(list).flatMap(entry => {
    if (!isFields(entry) || typeof entry.id !== 'string') return []
    const ownedBy = stringOf(entry.owned_by)
    const created = numberOf(entry.created)
    return [
      {
        id: entry.id,
        ...(ownedBy === undefined ? {} : { ownedBy }),
        ...(created === undefined || created <= 0 ? {} : { created }),
      },
    ]
  })
}
