import type { SseFrame } from '../../stream/sse.ts'
import { isFields } from './fields.ts'

/**
 * The type of a frame, without parsing it where that can be helped. OpenAI names it in the `event` field as well as in
 * the data; OpenRouter in the data only. No text can pretend to be a type: its quotes are escaped.
 */
export function frameType({ event, data }: SseFrame): string | undefined {
  if (event !== undefined && (event.startsWith('response.') || event === 'error' || event === 'keepalive')) return event
  const at = data.indexOf('"response.')
  if (at > 0 && isAfterType(data, at)) return data.slice(at + 1, data.indexOf('"', at + 1))
  return typeByParsing(data)
}

/** Whether `"type":` stands right before. */
function isAfterType(data: string, at: number): boolean {
  let before = at - 1
  while (data[before] === ' ') before--
  if (data[before] !== ':') return false
  return data
    .slice(Math.max(0, before - 7), before)
    .trimEnd()
    .endsWith('"type"')
}

function typeByParsing(data: string): string | undefined {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value !== 'object' || value === null) return undefined
    if ('type' in value && typeof value.type === 'string') return value.type
    return 'error' in value && value.error ? 'error' : undefined
  } catch {
    return undefined
  }
}

/** Whether data of no known type is at least JSON of the kind that events are made of. */
export function isJsonObject(data: string): boolean {
  try {
    return isFields(JSON.parse(data))
  } catch {
    return false
  }
}
