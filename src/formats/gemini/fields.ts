import type { JsonDocument } from '../../json/document.ts'
import { RawJson, writeJson } from '../../json/raw.ts'
import type { Extensions, JsonText } from '../conversation.ts'

export const FORMAT = 'gemini'

export type Json = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A repeated field. Google's JSON reader takes a single object for a list of one, and clients rely on it. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

/**
 * One object of a proto3 JSON message: names come in camelCase or snake_case, and `null` means "not set"
 * (protobuf.dev, "ProtoJSON Format"). What is not taken is left for the extensions. A value of the wrong type is not
 * taken either, so that it survives as it came.
 */
export class Fields {
  readonly #members = new Map<string, unknown>()
  readonly #document: JsonDocument

  constructor(node: unknown, document: JsonDocument) {
    this.#document = document
    if (!isRecord(node)) return
    for (const name of Object.keys(node)) {
      if (node[name] !== null) this.#members.set(camelCase(name), node[name])
    }
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  take(name: string): unknown {
    const value = this.#members.get(name)
    this.#members.delete(name)
    return value
  }

  takeString(name: string): string | undefined {
    const value = this.#members.get(name)
    if (typeof value !== 'string') return undefined
    this.#members.delete(name)
    return value
  }

  takeBoolean(name: string): boolean | undefined {
    const value = this.#members.get(name)
    if (typeof value !== 'boolean') return undefined
    this.#members.delete(name)
    return value
  }

  /** ProtoJSON takes numbers in quotes, too. */
  takeNumber(name: string): number | undefined {
    const value = this.#members.get(name)
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof number !== 'number' || !Number.isFinite(number)) return undefined
    this.#members.delete(name)
    return number
  }

  takeRecord(name: string): Json | undefined {
    const value = this.#members.get(name)
    if (!isRecord(value)) return undefined
    this.#members.delete(name)
    return value
  }

  takeStrings(name: string): readonly string[] | undefined {
    const value = this.#members.get(name)
    if (value === undefined) return undefined
    const list = listOf(value)
    if (!list.every(item => typeof item === 'string')) return undefined
    this.#members.delete(name)
    return list
  }

  takeList(name: string): readonly unknown[] | undefined {
    return this.#members.has(name) ? listOf(this.take(name)) : undefined
  }

  /** Keeps something for the extensions that was taken, or that has more in it than was understood. */
  leave(name: string, text: JsonText | undefined): void {
    if (text !== undefined) this.#members.set(name, new RawJson(text))
  }

  /** How a member is written, whether it is taken or not. */
  sourceOf(name: string): JsonText | undefined {
    const value = this.#members.get(name)
    return value === undefined ? undefined : this.textOf(value)
  }

  textOf(node: unknown): JsonText {
    return this.#document.textOf(node)
  }

  rest(): Readonly<Record<string, JsonText>> | undefined {
    if (this.#members.size === 0) return undefined
    return Object.fromEntries(
      [...this.#members].map(([name, value]) => [name, value instanceof RawJson ? value.text : this.textOf(value)]),
    )
  }

  /** The rest as the JSON text of one object. */
  restText(): JsonText | undefined {
    const rest = this.rest()
    return rest && writeJson(rawMembers(rest))
  }

  /** `{ extensions }`, or nothing where all was taken: to be spread into a node. */
  extensions(): { readonly extensions?: Extensions } {
    const rest = this.rest()
    return rest ? { extensions: { [FORMAT]: rest } } : {}
  }
}

/**
 * Begins the name of a note: how something was written that the canonical view says in other words. It is no field of
 * the wire, and nothing is lost where nobody reads it.
 */
export const NOTE = '#'

/** Members of a node's extension bag, as they are to be written back. */
export function extensionMembers(extensions: Extensions | undefined): Readonly<Record<string, RawJson>> {
  const bag = extensions?.[FORMAT]
  if (!bag) return {}
  return rawMembers(Object.fromEntries(Object.entries(bag).filter(([name]) => !name.startsWith(NOTE))))
}

/** What a decoder noted of this node. */
export function noteOf(extensions: Extensions | undefined, name: string): JsonText | undefined {
  return extensions?.[FORMAT]?.[NOTE + name]
}

/** The same, without some of them: those that the encoder puts in their place itself. */
export function extensionMembersExcept(
  extensions: Extensions | undefined,
  ...names: readonly string[]
): Readonly<Record<string, RawJson>> {
  return Object.fromEntries(Object.entries(extensionMembers(extensions)).filter(([name]) => !names.includes(name)))
}

function rawMembers(bag: Readonly<Record<string, JsonText>>): Readonly<Record<string, RawJson>> {
  return Object.fromEntries(Object.entries(bag).map(([name, text]) => [name, new RawJson(text)]))
}

export function camelCase(name: string): string {
  return name.indexOf('_', 1) < 0
    ? name
    : name.replace(/(?<=.)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
