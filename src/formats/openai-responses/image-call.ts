/**
 * An image that the model made with its tool (OpenAI Responses API, `image_generation_call`): an image of the
 * assistant's like that of any model that draws, so that every client is shown it and the model sees it again.
 */
import type { JsonDocument } from '../../json/document.ts'
import type { Writable } from '../../json/raw.ts'
import type { MediaPart, Part } from '../conversation.ts'
import { type Bag, bagOf, type Fields, nativeExtensions, stringOf, unmapped, written } from './fields.ts'

/** @returns `undefined` for a call that has not ended in an image: only this API knows such a thing */
export function decodeImageCall(document: JsonDocument, item: Fields): MediaPart | undefined {
  const base64 = stringOf(item.result)
  if (base64 === undefined || base64 === '') return undefined
  const id = stringOf(item.id)
  const format = stringOf(item.output_format)
  return {
    type: 'media',
    kind: 'image',
    source: { base64 },
    ...(id === undefined ? {} : { id }),
    ...(format === undefined ? {} : { mimeType: `image/${format}` }),
    ...nativeExtensions({ ...quiet(unmapped(document, item, MAPPED)), [MARK]: 'true' }),
  }
}

const MAPPED = new Set(['type', 'id', 'result', 'output_format'])

/** Tells the item from a content part. */
const MARK = '#image-call'

/** How the image was made (`revised_prompt`, `quality`) is nothing that another format could miss. */
function quiet(fields: Bag): Bag {
  return Object.fromEntries(Object.entries(fields).map(([key, text]) => [key.startsWith('#') ? key : `#=${key}`, text]))
}

/** Whether the part was such a call: then its provider has the item under its id, and takes it back. */
export function isImageCall(part: Part): part is MediaPart {
  return part.type === 'media' && bagOf(part)?.[MARK] !== undefined
}

/** The item but for its id. @returns `undefined` for anything but an image whose data is at hand */
export function encodeImageCall(part: Part): { readonly [key: string]: Writable } | undefined {
  if (part.type !== 'media' || part.kind !== 'image' || !('base64' in part.source)) return undefined
  const { mimeType, source } = part
  return {
    type: 'image_generation_call',
    status: 'completed',
    result: source.base64,
    output_format: mimeType?.replace('image/', '') ?? (isImageCall(part) ? undefined : 'png'),
    ...written(bagOf(part)),
  }
}
