/** `configuration_update` items: settings that hold from their place in the input on, both ways. */
import type { JsonDocument } from '../../json/document.ts'
import type { Writable } from '../../json/raw.ts'
import type { SettingsDeltaPart } from '../conversation.ts'
import { bagOf, type Fields, isFields, nativeExtensions, unmapped, written } from './fields.ts'
import { decodeOutputFormat, effortOf, encodeOutputFormat } from './text-format.ts'

/** Understood when it holds an effort and a format and no more; else its JSON stays beside what is understood. */
export function decodeSettingsDelta(document: JsonDocument, item: Fields): SettingsDeltaPart {
  const effort = isFields(item.reasoning) ? effortOf(item.reasoning.effort) : undefined
  const format = isFields(item.text) ? decodeOutputFormat(document, item.text.format) : undefined
  const mapped = new Set(['type'])
  if (effort !== undefined && onlyKey(item.reasoning, 'effort')) mapped.add('reasoning')
  if (format !== undefined && onlyKey(item.text, 'format')) mapped.add('text')
  return {
    type: 'settings-delta',
    ...(effort === undefined ? {} : { effort }),
    ...(format === undefined ? {} : { outputFormat: format }),
    ...nativeExtensions(unmapped(document, item, mapped)),
  }
}

export function encodeSettingsDelta(part: SettingsDeltaPart): Writable {
  return {
    type: 'configuration_update',
    reasoning: part.effort === undefined ? undefined : { effort: part.effort },
    text: part.outputFormat === undefined ? undefined : { format: encodeOutputFormat(part.outputFormat) },
    ...written(bagOf(part)),
  }
}

function onlyKey(value: unknown, key: string): boolean {
  return isFields(value) && Object.keys(value).every(own => own === key)
}
