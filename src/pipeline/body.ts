import { type JsonDocument, parseDocument } from '../json/document.ts'
import { setTopLevel } from '../json/splice.ts'
import { scanTopLevel, type TopLevel } from '../json/top-level.ts'

/**
 * The bytes of a request in one format, with the few edits that leave the rest of them as they are. Immutable.
 *
 * The bytes are known to be JSON of an object: they were parsed on arrival, or an encoder wrote them.
 */
export class Body {
  readonly #bytes: Buffer
  #value: unknown
  #document: JsonDocument | undefined
  #top: TopLevel | undefined

  /** @param value what the bytes parse to, where the caller knows it already */
  constructor(bytes: Buffer, value?: unknown) {
    this.#bytes = bytes
    this.#value = value
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  /** Parsed the quick way: no positions. V8 may misread escaped keys (see document.ts), so texts with such go the other. */
  get value(): unknown {
    const needsCare = this.#document !== undefined || this.topLevel.hasEscapedKeys
    this.#value ??= needsCare ? this.document.value : JSON.parse(this.#bytes.toString('utf8'))
    return this.#value
  }

  /** Parsed with positions, for decoders. */
  get document(): JsonDocument {
    this.#document ??= parseDocument(this.#bytes.toString('utf8'))
    return this.#document
  }

  get topLevel(): TopLevel {
    this.#top ??= scanTopLevel(this.#bytes)
    return this.#top
  }

  /** Sets one top-level member and keeps every other byte. */
  with(key: string, json: string): Body {
    return new Body(setTopLevel(this.#bytes, this.topLevel, key, json))
  }
}
