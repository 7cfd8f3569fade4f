/** Reading the members of parsed JSON of which nothing is known yet. */
import { scanTopLevel } from '../../json/top-level.ts'
import type { Extensions, JsonText } from '../conversation.ts'

export type Fields = Readonly<Record<string, unknown>>

/** What can give the source text of a node: a document, or a stand-in where only values are at hand. */
export interface TextSource {
  textOf(node: unknown): string
}

export function objectOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

export function arrayOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A string that says something: an empty id or name is none. */
export function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function booleanOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

/** Reads one of a closed list of words. */
export function oneOf<const Word extends string>(words: readonly Word[]): (value: unknown) => Word | undefined {
  return value => words.find(word => word === value)
}

type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Leaves out the members that are `undefined`. */
export function compact<const T extends object>(members: T): Compact<T> {
  const kept: Record<string, unknown> = {}
  for (const key in members) if (members[key] !== undefined) kept[key] = members[key]
  return kept as Compact<T>
}

/**
 * JSON text of one member. A number that JavaScript cannot hold exactly is read from the source of the object around
 * it, because a document keeps the source of objects and arrays only.
 */
export function memberText(source: TextSource, fields: Fields, key: string): JsonText {
  const value = fields[key]
  const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  if (!isRounded) return source.textOf(value)
  const bytes = Buffer.from(source.textOf(fields))
  const member = scanTopLevel(bytes).byKey.get(key)
  return member ? bytes.toString('utf8', member.valueStart, member.end) : source.textOf(value)
}

/** Reads an object field by field and keeps what nobody has read. */
export class FieldReader {
  readonly #source: TextSource
  readonly #fields: Fields
  readonly #unread: Set<string>

  constructor(source: TextSource, fields: Fields) {
    this.#source = source
    this.#fields = fields
    this.#unread = new Set(Object.keys(fields))
  }

  /** `null` means "not set" in this format. A value that `read` cannot make sense of stays unread. */
  take<T>(key: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = this.#fields[key]
    if (value === undefined) return undefined
    const result = value === null ? undefined : read(value)
    if (value === null || result !== undefined) this.#unread.delete(key)
    return result
  }

  /** Marks fields as read that mean something elsewhere. */
  skip(...keys: readonly string[]): void {
    for (const key of keys) this.#unread.delete(key)
  }

  /** JSON texts of the unread fields by name; `undefined` when there are none. */
  rest(): Readonly<Record<string, JsonText>> | undefined {
    if (this.#unread.size === 0) return undefined
    return Object.fromEntries([...this.#unread].map(key => [key, memberText(this.#source, this.#fields, key)]))
  }

  extensions(format: string): Extensions | undefined {
    const rest = this.rest()
    return rest && { [format]: rest }
  }
}
