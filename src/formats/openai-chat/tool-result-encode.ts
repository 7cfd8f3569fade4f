/** Tool results → messages of role `tool`. */
import { parseDocument } from '../../json/document.ts'
import type { Writable } from '../../json/raw.ts'
import type { MediaPart, Part, ToolResultPart, Turn } from '../conversation.ts'
import { encodeContent } from './content-encode.ts'
import { objectOf } from './fields.ts'
import { ownFields } from './ledger.ts'
import type { Target } from './target.ts'

export function isResult(part: Part): part is ToolResultPart {
  return part.type === 'tool-result'
}

/** The media of a result, which most servers do not take there. */
export function resultMedia({ content }: ToolResultPart): readonly MediaPart[] {
  return content.filter(part => part.type === 'media' && !isTextual(part)) as readonly MediaPart[]
}

function isTextual({ source }: MediaPart): boolean {
  return 'text' in source || 'parts' in source
}

export function encodeResult(
  result: ToolResultPart,
  turn: Turn,
  path: string,
  target: Target,
): { readonly [key: string]: Writable } {
  target.ledger.foreign(result.extensions, path)
  return {
    role: 'tool',
    tool_call_id: target.ids.of(result.callId),
    content: encodeOutcome(result, path, target),
    name: turn.name,
    ...ownFields(turn.extensions),
    ...ownFields(result.extensions),
  }
}

function encodeOutcome(result: ToolResultPart, path: string, target: Target): Writable {
  const shown = target.dialect.toolMedia
    ? result.content
    : result.content.filter(part => part.type !== 'media' || isTextual(part))
  const said = encodeContent(shown, `${path}.content`, target)
  const content = said === '' && result.structured !== undefined ? structuredText(result.structured) : said
  if (!result.isError) return content
  target.ledger.approximated(`${path}.isError`, 'Chat Completions has no failed tool results; the text says so instead')
  return typeof content === 'string'
    ? JSON.stringify({ error: content })
    : [{ type: 'text', text: 'Error:' }, ...parts(content)]
}

function parts(content: Writable): readonly Writable[] {
  return Array.isArray(content) ? content : [content]
}

/** Gemini's object: exactly `{ "output": "text" }` is that text, anything else goes as JSON (conversion.md E78). */
function structuredText(json: string): string {
  const fields = objectOf(parseDocument(json).value)
  const output = fields?.output
  return fields && typeof output === 'string' && Object.keys(fields).length === 1 ? output : json
}
