import { type JsonDocument, parseDocument } from '../../json/document.ts'
import { RawJson, type Writable } from '../../json/raw.ts'
import type { JsonText, MediaPart, Part, ToolResultPart } from '../conversation.ts'
import { Fields, FORMAT, isRecord, type Json } from './fields.ts'
import type { Losses } from './losses.ts'
import { decodeFile, decodeInline } from './media.ts'
import { nestedMembers } from './nested.ts'

/** @param callId finds the call that a result of this name and id answers */
export function decodeToolResult(
  node: Json,
  document: JsonDocument,
  callId: (name: string, id: string | undefined) => string,
): ToolResultPart {
  const fields = new Fields(node, document)
  const name = fields.takeString('name')
  const id = fields.takeString('id')
  const response = fields.takeRecord('response')
  const media = (fields.takeList('parts') ?? []).map(part => decodeResultMedia(part, document))
  const structured = response && document.textOf(response)
  const said = response && sayingOf(response, structured ?? '')
  const rest = fields.restText()
  return {
    type: 'tool-result',
    callId: callId(name ?? '', id),
    ...(name === undefined ? {} : { name }),
    ...(said?.isError ? { isError: true } : {}),
    content: [...(said ? [{ type: 'text' as const, text: said.text }] : []), ...media],
    ...(structured === undefined ? {} : { structured }),
    ...(rest === undefined ? {} : { extensions: { [FORMAT]: { functionResponse: rest } } }),
  }
}

function decodeResultMedia(node: unknown, document: JsonDocument): Part {
  const fields = new Fields(node, document)
  const inline = fields.takeRecord('inlineData')
  const file = fields.takeRecord('fileData')
  const media = inline ? decodeInline(inline, document) : file && decodeFile(file, document)
  return media ?? { type: 'opaque', format: FORMAT, label: 'functionResponse part', json: document.textOf(node) }
}

interface Saying {
  readonly text: string
  readonly isError: boolean
}

/**
 * What a `response` object says in one text. A function that has no object to give is documented to give
 * `{"output": …}` or `{"error": …}` (FunctionResponse.response); `result` is what older guides had.
 */
function sayingOf(response: Json, json: JsonText): Saying {
  const [key, ...others] = Object.keys(response)
  const value = key === undefined ? undefined : response[key]
  if (others.length > 0 || typeof value !== 'string') {
    return { text: json, isError: others.length === 0 && key === 'error' }
  }
  if (key === 'error') return { text: value, isError: true }
  return { text: key === 'output' || key === 'result' ? value : json, isError: false }
}

/** How a result is written: where its media go depends on the model (conversion.md E74, E75). */
export interface EncodedResult {
  readonly functionResponse: Writable
  /** Media that a model before Gemini 3 takes beside the result only. */
  readonly beside: readonly MediaPart[]
}

/**
 * @param name of the call that it answers
 * @param id as Gemini gave it; absent where it gave none
 * @param mediaInside whether the model takes media inside the result
 */
export function encodeToolResult(
  part: ToolResultPart,
  name: string,
  id: string | undefined,
  mediaInside: boolean,
  encodeInside: (media: MediaPart) => Writable,
): EncodedResult {
  const media = part.content.filter(item => item.type === 'media')
  return {
    functionResponse: {
      id,
      name,
      response: responseOf(part),
      parts: mediaInside && media.length > 0 ? media.map(encodeInside) : undefined,
      ...nestedMembers(part.extensions, 'functionResponse'),
    },
    beside: mediaInside ? [] : media,
  }
}

/** Notes what of a result is neither text nor media, and so is not in what `encodeToolResult` makes. */
export function noteResultLosses(part: ToolResultPart, path: string, losses: Losses): void {
  part.content.forEach((item, at) => {
    const reason = `Gemini tool results hold text and media, no ${item.type}`
    if (item.type === 'search-result') losses.approximated(`${path}.content[${at}]`, reason)
    else if (item.type !== 'text' && item.type !== 'media' && item.type !== 'refusal') {
      losses.dropped(`${path}.content[${at}]`, reason)
    }
  })
}

function responseOf(part: ToolResultPart): Writable {
  const text = textOf(part.content)
  if (part.structured !== undefined && says(part.structured, text, part.isError === true)) {
    return new RawJson(part.structured)
  }
  if (part.isError) return { error: text }
  return isPlainObject(text) ? new RawJson(text) : { output: text }
}

/** Whether the object is still what the text tells: a processor may have changed the text. */
function says(structured: JsonText, text: string, isError: boolean): boolean {
  const value = parsed(structured)
  if (!isRecord(value)) return false
  const saying = sayingOf(value, structured)
  return saying.text === text && saying.isError === isError
}

/** A JSON object travels as it is, unless it has `$ref` in it, which means something of its own there (E76). */
function isPlainObject(text: string): boolean {
  return text.trimStart().startsWith('{') && !text.includes('"$ref"') && isRecord(parsed(text))
}

function parsed(text: string): unknown {
  try {
    return parseDocument(text).value
  } catch {
    return undefined
  }
}

function textOf(content: readonly Part[]): string {
  return content
    .flatMap(part => {
      if (part.type === 'text' || part.type === 'refusal') return [part.text]
      return part.type === 'search-result' ? [`${part.title}\n${part.source}\n${textOf(part.content)}`] : []
    })
    .join('\n')
}
