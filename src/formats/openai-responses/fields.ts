/** Reading JSON objects that somebody else wrote, and keeping what is not understood. */
import type { JsonDocument } from '../../json/document.ts'
import { RawJson } from '../../json/raw.ts'
import type { Extensions, JsonText } from '../conversation.ts'
import { FORMAT } from './name.ts'

export type Fields = Readonly<Record<string, unknown>>

/**
 * Field name → JSON text. Names that begin with `#` are notes of this format's decoder to its encoder, which no other
 * format reports as lost; of these, `#=name` is a field that is written back but means nothing anywhere else.
 */
export type Bag = Readonly<Record<string, JsonText>>

const NOTE = '#'
const QUIET = '#='

/** Fields that only steer or describe this API's own items: nobody misses them elsewhere. */
const QUIET_FIELDS = new Set(['status', 'include', 'stream_options'])

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

export function booleanOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The fields of `node` that are not in `mapped`, as JSON text. */
export function unmapped(document: JsonDocument, node: Fields, mapped: ReadonlySet<string>): Bag {
  const entries: [string, JsonText][] = []
  for (const key of Object.keys(node)) {
    if (!mapped.has(key) && !key.startsWith(NOTE))
      entries.push([QUIET_FIELDS.has(key) ? QUIET + key : key, document.textOf(node[key])])
  }
  // Unlike assignment, this keeps a key called `__proto__` an ordinary key.
  return Object.fromEntries(entries)
}

/** An extension bag as a member to spread into a node; nothing when the bag is empty. */
export function extensionsOf(bag: Bag): { readonly extensions?: Extensions } {
  for (const _ in bag) return { extensions: { [FORMAT]: bag } }
  return {}
}

/** As `extensionsOf`, but also when empty: its presence tells that this format's decoder made the node. */
export function nativeExtensions(bag: Bag): { readonly extensions: Extensions } {
  return { extensions: { [FORMAT]: bag } }
}

/** This format's bag of a node; `undefined` when the node comes from elsewhere. */
export function bagOf(node: { readonly extensions?: Extensions }): Bag | undefined {
  return node.extensions?.[FORMAT]
}

/** What a bag holds, ready to be written. */
export function written(bag: Bag | undefined): Readonly<Record<string, RawJson>> {
  if (bag === undefined) return {}
  return Object.fromEntries(
    Object.entries(bag)
      .filter(([key]) => !key.startsWith(NOTE) || key.startsWith(QUIET))
      .map(([key, text]) => [key.startsWith(QUIET) ? key.slice(QUIET.length) : key, new RawJson(text)]),
  )
}

/** The value of one field of a bag. The bag holds valid JSON: a decoder put it there. */
export function valueIn(bag: Bag | undefined, key: string): unknown {
  const text = bag?.[key]
  return text === undefined ? undefined : JSON.parse(text)
}
