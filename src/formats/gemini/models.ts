import type { ModelEntry } from '../../contract.ts'
import type { JsonDocument } from '../../json/document.ts'
import { type Writable, writeJson } from '../../json/raw.ts'
import { isRecord, type Json } from './fields.ts'

const PREFIX = 'models/'

export function encodeModels(models: readonly ModelEntry[]): string {
  return writeJson({ models: models.map(modelOf) })
}

export function encodeModel(model: ModelEntry): string {
  return writeJson(modelOf(model))
}

/** `Model`; clients look at the methods to see what a model is for. */
function modelOf(model: ModelEntry): Writable {
  return {
    name: `${PREFIX}${model.id}`,
    displayName: model.displayName ?? model.id,
    inputTokenLimit: model.contextWindow,
    outputTokenLimit: model.maxOutputTokens,
    supportedGenerationMethods: model.id.includes('embedding')
      ? ['embedContent', 'batchEmbedContents']
      : ['generateContent', 'streamGenerateContent', 'countTokens'],
  }
}

/** A list of models, or one alone. */
export function decodeModels({ value }: JsonDocument): readonly ModelEntry[] {
  if (!isRecord(value)) return []
  const nodes: readonly unknown[] = Array.isArray(value.models) ? value.models : [value]
  return nodes.filter(isRecord).flatMap(entryOf)
}

function entryOf(node: Json): readonly ModelEntry[] {
  const { name, displayName, inputTokenLimit, outputTokenLimit } = node
  if (typeof name !== 'string' || name === '') return []
  return [
    {
      id: name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name,
      ...(typeof displayName === 'string' ? { displayName } : {}),
      ...(typeof inputTokenLimit === 'number' ? { contextWindow: inputTokenLimit } : {}),
      ...(typeof outputTokenLimit === 'number' ? { maxOutputTokens: outputTokenLimit } : {}),
    },
  ]
}
