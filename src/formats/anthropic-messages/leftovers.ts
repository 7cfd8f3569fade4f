/**
 * What this format says and the canonical view has no word for: kept as source text in `extensions`, written back by
 * this format's encoder and read by no other (`docs/architecture.md`, "Extensions").
 */
import { type JsonDocument, JsonSyntaxError, parseDocument } from '../../json/document.ts'
import { RawJson, type Writable } from '../../json/raw.ts'
import type { Extensions, JsonText } from '../conversation.ts'
import { isObject, type JsonObject } from './fields.ts'
import { FORMAT } from './name.ts'

export type Fields = Readonly<Record<string, JsonText>>
export type WritableObject = Readonly<Record<string, Writable>>

/** The members of `node` that are not in `known`, as source text. `null` where the API takes it as absent is kept too. */
export function leftoversOf(document: JsonDocument, node: JsonObject, known: ReadonlySet<string>): Fields {
  let fields: Record<string, JsonText> | undefined
  for (const key of Object.keys(node)) {
    if (known.has(key)) continue
    fields ??= {}
    const value = document.textOf(node[key])
    Object.defineProperty(fields, key, { value, enumerable: true, writable: true, configurable: true })
  }
  return fields ?? NO_FIELDS
}

/** What `leftoversOf` gives when nothing is left. */
export const NO_FIELDS: Fields = Object.freeze({})

/** `{ extensions }` with these fields, or nothing when there are none: for spreading into a node. */
export function extensionsWith(fields: Fields): { readonly extensions?: Extensions } {
  return fields === NO_FIELDS || Object.keys(fields).length === 0 ? {} : { extensions: { [FORMAT]: fields } }
}

/** One field that holds the unknown members of a nested object: `{ thinking: '{"block_binding":…}' }`. */
export function nestedLeftovers(
  document: JsonDocument,
  key: string,
  node: JsonObject,
  known: ReadonlySet<string>,
): Fields {
  const fields = leftoversOf(document, node, known)
  return fields === NO_FIELDS ? NO_FIELDS : { [key]: textOfFields(fields) }
}

/** JSON text of an object with these members. */
export function textOfFields(fields: Fields): JsonText {
  return `{${Object.entries(fields)
    .map(([key, text]) => `${JSON.stringify(key)}:${text}`)
    .join(',')}}`
}

/** This format's fields of a node, ready to be written. */
export function writableFields(node: { readonly extensions?: Extensions }): WritableObject {
  const fields = node.extensions?.[FORMAT]
  if (fields === undefined) return {}
  return Object.fromEntries(
    Object.entries(fields).map(([key, text]) => [key === DIRECT_CALLER ? 'caller' : key, new RawJson(text)]),
  )
}

/** The note that a call said what every call is: made by the model itself. Nothing that others would lose. */
export const DIRECT_CALLER = '#caller'

/**
 * Adds the members of a JSON object to an object that is to be written; what is already there stays.
 * @returns `undefined` when there is nothing to write at all
 */
export function withMembers(known: WritableObject | undefined, text: JsonText | undefined): WritableObject | undefined {
  if (text === undefined) return known
  const members = membersOf(text)
  if (known === undefined && Object.keys(members).length === 0) return undefined
  return { ...members, ...known }
}

/** The members of a JSON object as raw text; none when the text is not an object. */
export function membersOf(text: JsonText): WritableObject {
  const document = parsed(text)
  if (document === undefined || !isObject(document.value)) return {}
  return Object.fromEntries(
    Object.entries(document.value).map(([key, value]) => [key, new RawJson(document.textOf(value))]),
  )
}

/** The document, or `undefined` when the text is not JSON. */
export function parsed(text: string): JsonDocument | undefined {
  try {
    return parseDocument(text)
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined
    throw error
  }
}
