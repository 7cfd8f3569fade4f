/** Single parts of a reply on the wire: shared by whole replies and streams. */

import { RawJson, type Writable } from '../../json/raw.ts'
import type { MediaPart, Part, ToolCallPart } from '../conversation.ts'
import type { RawEvent } from '../reply-events.ts'
import { flatName } from '../tool-names.ts'
import type { ReplyContext } from '../wire-format.ts'
import { writeDataUrl } from './data-url.ts'
import { arrayOf, objectOf } from './fields.ts'
import { type Ledger, ownFields } from './ledger.ts'
import type { StateWriter } from './reply-state.ts'

type WireFields = { readonly [key: string]: Writable }

/** The id of a reply: the provider's own where it has one. SDKs skip chunks without an id. */
export function replyId(id: string, context: ReplyContext): string {
  return id === '' ? `chatcmpl-${context.requestId}` : id
}

/** Whether the client speaks the old `functions`, and so understands `function_call` only (conversion.md E15). */
export function isLegacyClient({ request }: ReplyContext): boolean {
  const body = objectOf(request.body)
  return arrayOf(body?.functions) !== undefined && arrayOf(body?.tools) === undefined
}

/**
 * An entry of `tool_calls`, without its `index`.
 *
 * @param place the n-th call of the message
 * @param args arguments, or the beginning of them
 * @param path of the part, for losses
 */
export function encodeCall(
  call: ToolCallPart,
  place: number,
  args: string,
  path: string,
  ledger: Ledger,
  states: StateWriter,
): WireFields {
  const name = flatName(call)
  const said = call.kind === 'custom' ? { custom: { name, input: args } } : { function: { name, arguments: args } }
  if (call.caller !== undefined) ledger.dropped(`${path}.caller`, 'Chat Completions cannot say who called a tool')
  return {
    id: call.callId === '' ? `call_${place}` : call.callId,
    type: call.kind,
    ...said,
    ...states.call(call.state ?? [], path),
    ...ownFields(call.extensions),
  }
}

/** Media that a model made: an entry of `images`, or `audio`. */
export function encodeMedia(part: MediaPart): WireFields | undefined {
  if (part.kind === 'image') {
    const url = urlOf(part)
    return url === undefined ? undefined : { images: [{ type: 'image_url', image_url: { url } }] }
  }
  if (part.kind !== 'audio' || !('base64' in part.source)) return undefined
  const own = ownFields(part.extensions)
  return {
    audio: { id: part.id ?? 'audio', data: part.source.base64, expires_at: 0, transcript: new RawJson('""'), ...own },
  }
}

function urlOf({ source, mimeType }: MediaPart): string | undefined {
  if ('url' in source) return source.url
  return 'base64' in source
    ? writeDataUrl({ base64: source.base64, ...(mimeType && { mimeType }) }, 'image/png')
    : undefined
}

/** Notes an event that only another format can say. */
export function noteForeign({ format }: RawEvent, ledger: Ledger): void {
  ledger.dropped('raw', `Chat Completions has no form for an event of ${format}`)
}

/** Notes a part that no Chat reply can hold. */
export function noteLost(part: Part, path: string, ledger: Ledger): void {
  switch (part.type) {
    case 'hosted-tool':
      ledger.dropped(path, `Chat Completions does not show the provider's own tools (${part.tool})`)
      return
    case 'opaque':
      ledger.dropped(path, `Chat Completions has no such part (${part.label} of ${part.format})`)
      return
    default:
      ledger.dropped(path, `Chat Completions cannot have this in a reply (${part.type})`)
  }
}
