import { parseDocument } from '../../json/document.ts'
import { RawJson } from '../../json/raw.ts'
import type { Extensions } from '../conversation.ts'
import { FORMAT, isRecord } from './fields.ts'

/**
 * What a decoder left over of a nested message (`generationConfig`, `functionResponse`): its members, to be written
 * back among those that the encoder makes. An extension that is no JSON object has nothing to give.
 */
export function nestedMembers(extensions: Extensions | undefined, name: string): Readonly<Record<string, RawJson>> {
  const text = extensions?.[FORMAT]?.[name]
  if (text === undefined) return {}
  try {
    const document = parseDocument(text)
    if (!isRecord(document.value)) return {}
    return Object.fromEntries(
      Object.entries(document.value).map(([key, value]) => [key, new RawJson(document.textOf(value))]),
    )
  } catch {
    return {}
  }
}
