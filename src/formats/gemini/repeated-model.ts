import type { JsonDocument } from '../../json/document.ts'
import { setTopLevel } from '../../json/splice.ts'
import { scanTopLevel } from '../../json/top-level.ts'
import type { MemberChange } from '../wire-format.ts'
import { isRecord } from './fields.ts'

/**
 * Embeddings, and counts of a whole request, repeat the model of the path in their body, and Google refuses a body that
 * names another one (Gemini API, `BatchEmbedContentsRequest.requests`, `CountTokensRequest.generateContentRequest`).
 */
export function repeatModel({ value, textOf }: JsonDocument, model: string): MemberChange | undefined {
  if (!isRecord(value)) return undefined
  const name = JSON.stringify(`models/${model}`)
  if (Array.isArray(value.requests)) {
    return { key: 'requests', json: `[${value.requests.map(each => withModel(each, textOf(each), name)).join(',')}]` }
  }
  const { generateContentRequest: inner } = value
  if (isRecord(inner)) return { key: 'generateContentRequest', json: withModel(inner, textOf(inner), name) }
  return value.model === undefined ? undefined : { key: 'model', json: name }
}

/** Every other byte stays. */
function withModel(node: unknown, text: string, name: string): string {
  if (!isRecord(node) || node.model === undefined) return text
  const bytes = Buffer.from(text)
  return setTopLevel(bytes, scanTopLevel(bytes), 'model', name).toString()
}
