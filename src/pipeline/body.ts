import { type JsonDocument, parseDocument } from '../json/document.ts'
import { type LazyMember, lazyObject } from '../json/lazy-object.ts'
import { setTopLevelAll, splicedPieces, topLevelEdits } from '../json/splice.ts'
import { type Member, scanTopLevel, type TopLevel } from '../json/top-level.ts'

/** Bytes from which on a body is scanned, and only what somebody reads of it is parsed. */
const LARGE = 16 * 1024

/** Bytes of a member that is parsed with the outline of a large body. */
const SMALL_MEMBER = 1024

/**
 * The bytes of a request in one format, with the few edits that leave the rest of them as they are. Immutable.
 *
 * The bytes are known to be JSON of an object: they were scanned on arrival, or an encoder wrote them. However many
 * edits there are, they are copied once.
 */
export class Body {
  readonly #source: Source
  /** Top-level members that were set, as JSON. */
  readonly #edits: ReadonlyMap<string, string>
  #bytes: Buffer | undefined
  #value: unknown

  private constructor(source: Source, edits: ReadonlyMap<string, string>) {
    this.#source = source
    this.#edits = edits
  }

  static of(bytes: Buffer): Body {
    return new Body(new Source(bytes), NO_EDITS)
  }

  get bytes(): Buffer {
    const { bytes } = this.#source
    this.#bytes ??= this.#edits.size === 0 ? bytes : setTopLevelAll(bytes, this.#source.topLevel, this.#edits)
    return this.#bytes
  }

  /** The bytes in pieces, to be sent one after the other: of a large body with edits nothing is copied. */
  get pieces(): readonly Buffer[] {
    if (this.#bytes || this.#edits.size === 0 || !this.#isLarge) return [this.bytes]
    const { bytes, topLevel } = this.#source
    return splicedPieces(bytes, topLevelEdits(topLevel, this.#edits))
  }

  /** The bytes before the edits, which hold what the gateway itself has written. */
  get unedited(): Buffer {
    return this.#source.bytes
  }

  /** Top-level keys of the unedited bytes that stand there more than once. @throws TopLevelError */
  get duplicates(): readonly string[] {
    return this.#source.topLevel.duplicates
  }

  /** Parsed the quick way: no positions. Of a large body each large member is parsed when somebody reads it. */
  get value(): unknown {
    this.#value ??= this.#isLarge ? this.#lazyValue() : this.#source.parse(this.bytes.toString('utf8'))
    return this.#value
  }

  /** What the shape of a body is judged by on arrival: the value, but of a large body the large members are empty. */
  get outline(): unknown {
    if (!this.#isLarge) return this.value
    const members = this.#members(({ key, valueStart }) => ({ key, value: emptyOf(this.#source.bytes[valueStart]) }))
    return lazyObject(members)
  }

  /** Parsed with positions, for decoders: anew each time, so that none of it lives for as long as a provider works. */
  parsed(): JsonDocument {
    const hasContainers = [...this.#edits.values()].some(json => json.startsWith('{') || json.startsWith('['))
    if (this.#edits.size === 0 || hasContainers) return parseDocument(this.bytes.toString('utf8'), true)
    return new EditedDocument(parseDocument(this.unedited.toString('utf8'), true), this.#edits, () => this.bytes)
  }

  /** Sets one top-level member and keeps every other byte. */
  with(key: string, json: string): Body {
    return new Body(this.#source, new Map(this.#edits).set(key, json))
  }

  get #isLarge(): boolean {
    return this.#source.bytes.length > LARGE
  }

  #lazyValue(): unknown {
    const { bytes } = this.#source
    const members = this.#members(({ key, valueStart, end }) => ({
      key,
      make: () => this.#source.parse(bytes.toString('utf8', valueStart, end)),
    }))
    return lazyObject(members)
  }

  /** The members after the edits; those that are neither small nor edited as `large` makes them. */
  #members(large: (member: Member) => LazyMember): readonly LazyMember[] {
    const source = this.#source
    const members = source.topLevel.members.map((member): LazyMember => {
      const { key } = member
      const edit = this.#edits.get(key)
      if (edit !== undefined) return { key, value: source.parse(edit) }
      return source.small.has(member) ? { key, value: source.small.get(member) } : large(member)
    })
    for (const [key, json] of this.#edits) {
      if (!source.topLevel.byKey.has(key)) members.push({ key, value: source.parse(json) })
    }
    return members
  }
}

/** The document of a body with edits that are scalars: a new model is no reason to copy the bytes before they are parsed. */
class EditedDocument implements JsonDocument {
  readonly value: unknown
  readonly #unedited: JsonDocument
  readonly #bytes: () => Buffer

  constructor(unedited: JsonDocument, edits: ReadonlyMap<string, string>, bytes: () => Buffer) {
    this.value = unedited.value
    this.#unedited = unedited
    this.#bytes = bytes
    for (const [key, json] of edits) {
      const member = { value: JSON.parse(json), enumerable: true, writable: true, configurable: true }
      Object.defineProperty(this.value, key, member)
    }
  }

  get text(): string {
    return this.#bytes().toString('utf8')
  }

  textOf(node: unknown): string {
    return node === this.value ? this.text : this.#unedited.textOf(node)
  }
}

const NO_EDITS: ReadonlyMap<string, string> = new Map()

/** Bytes that several bodies share, scanned once. */
class Source {
  readonly bytes: Buffer
  #topLevel: TopLevel | undefined
  #small: ReadonlyMap<Member, unknown> | undefined

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get topLevel(): TopLevel {
    this.#topLevel ??= scanTopLevel(this.bytes)
    return this.#topLevel
  }

  /** The values of the small members. */
  get small(): ReadonlyMap<Member, unknown> {
    this.#small ??= this.#parseSmall()
    return this.#small
  }

  /** V8 may misread escaped keys (see document.ts), so texts of a body with such go the long way. */
  parse(json: string): unknown {
    return this.topLevel.hasEscapedKeys ? parseDocument(json).value : JSON.parse(json)
  }

  #parseSmall(): ReadonlyMap<Member, unknown> {
    const small = new Map<Member, unknown>()
    for (const member of this.topLevel.members) {
      const { valueStart, end } = member
      if (end - valueStart > SMALL_MEMBER) continue
      small.set(member, this.parse(this.bytes.toString('utf8', valueStart, end)))
    }
    return small
  }
}

function emptyOf(first: number | undefined): unknown {
  return first === 0x7b ? {} : first === 0x5b ? [] : '…'
}
