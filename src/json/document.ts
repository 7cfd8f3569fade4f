/**
 * A JSON parser that remembers where each object and array stood in the text.
 *
 * Why not `JSON.parse`: a conversion must hand tool arguments and schemas on as they were written. Parsing and
 * writing them again reorders integer-like keys, rounds integers above 2^53 and turns `1.0` into `1`
 * (docs/decisions/). It agrees with `JSON.parse` on what is JSON and on every value (held by a differential
 * test), apart from the depth limit, and from escaped keys: once V8 has seen a key with a backslash, it takes others
 * for it, across requests (nodejs/node#63785, Node 24 and 26).
 */
export interface JsonDocument {
  readonly value: unknown
  readonly text: string
  /** The source text of an object or array that is part of `value`; anything else is written anew. */
  textOf(node: unknown): string
}

/** Where and why a text is not JSON. `offset` counts UTF-16 code units. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
  readonly offset: number
  constructor(reason: string, offset: number) {
    super(`${reason} at offset ${offset}`)
    this.offset = offset
  }
}

/** Deeper than any real request, shallow enough for every recursion behind it (reliability.md, fact 11). */
export const MAX_DEPTH = 200

/**
 * @param isKnown to be JSON, so that its strings need not be searched for control characters once more
 * @throws JsonSyntaxError when `text` is not one JSON value, or nests deeper than `MAX_DEPTH`
 */
export function parseDocument(text: string, isKnown = false): JsonDocument {
  const spans = new Spans()
  const value = new Parser(text, spans, isKnown || !CONTROL.test(text)).document()
  return {
    value,
    text,
    textOf(node) {
      const at = spans.of(node)
      return at < 0 ? JSON.stringify(node) : text.slice(spans.starts[at], spans.ends[at])
    },
  }
}

/**
 * A document for whoever only reads a few values: parsed by the engine, several times faster, without positions.
 * `textOf` writes values anew.
 *
 * @throws SyntaxError when `text` is not JSON
 */
export function plainDocument(text: string): JsonDocument {
  return { value: JSON.parse(text), text, textOf: node => JSON.stringify(node) }
}

/** Objects and arrays, and where they stood. Most documents are asked for a few of them, or for none. */
class Spans {
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly #nodes: unknown[] = []
  #places: ReadonlyMap<unknown, number> | undefined

  add(node: unknown, start: number, end: number): void {
    this.#nodes.push(node)
    this.starts.push(start)
    this.ends.push(end)
  }

  /** @returns the place of the node among `starts` and `ends`; negative when it is no part of the document */
  of(node: unknown): number {
    if (this.#nodes.length <= FEW) return this.#nodes.indexOf(node)
    this.#places ??= new Map(this.#nodes.map((node, place) => [node, place]))
    return this.#places.get(node) ?? -1
  }
}

/** As many nodes as are found faster one by one than in a map that must be made first. */
const FEW = 256

// biome-ignore lint/suspicious/noControlCharactersInRegex: what JSON does not allow inside strings
const CONTROL = /[\x00-\x1f]/

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

class Parser {
  readonly #text: string
  readonly #spans: Spans
  /** No control character stands in a string. */
  readonly #isClean: boolean
  #at = 0
  #depth = 0
  /** The next backslash; behind the end when there is none. */
  #escape = -1

  constructor(text: string, spans: Spans, isClean: boolean) {
    this.#text = text
    this.#spans = spans
    this.#isClean = isClean
  }

  document(): unknown {
    const value = this.#value()
    this.#peek()
    if (this.#at < this.#text.length) throw this.#error('unexpected text after the value')
    return value
  }

  #value(): unknown {
    switch (this.#peek()) {
      case 0x7b:
        return this.#object()
      case 0x5b:
        return this.#array()
      case 0x22:
        return this.#string()
      case 0x74:
        return this.#word('true', true)
      case 0x66:
        return this.#word('false', false)
      case 0x6e:
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #object(): unknown {
    const start = this.#enter()
    const object: Record<string, unknown> = {}
    if (this.#peek() === 0x7d) return this.#leave(object, start)
    for (;;) {
      if (this.#peek() !== 0x22) throw this.#error('expected a key in quotes')
      const key = this.#key()
      if (this.#peek() !== 0x3a) throw this.#error('expected a colon')
      this.#at++
      const value = this.#value()
      if (key === '__proto__') {
        Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
      } else {
        object[key] = value
      }
      const next = this.#peek()
      if (next === 0x7d) return this.#leave(object, start)
      if (next !== 0x2c) throw this.#error('expected a comma or a closing brace')
      this.#at++
    }
  }

  #array(): unknown {
    const start = this.#enter()
    const array: unknown[] = []
    if (this.#peek() === 0x5d) return this.#leave(array, start)
    for (;;) {
      array.push(this.#value())
      const next = this.#peek()
      if (next === 0x5d) return this.#leave(array, start)
      if (next !== 0x2c) throw this.#error('expected a comma or a closing bracket')
      this.#at++
    }
  }

  #enter(): number {
    if (++this.#depth > MAX_DEPTH) throw this.#error(`nested deeper than ${MAX_DEPTH} levels`)
    return this.#at++
  }

  #leave<T extends object>(value: T, start: number): T {
    this.#depth--
    this.#spans.add(value, start, ++this.#at)
    return value
  }

  #string(): string {
    const text = this.#text
    const start = this.#at
    if (this.#escape < start) this.#escape = this.#next('\\', start)
    let end = this.#next('"', start + 1)
    if (this.#escape > end && this.#isClean) {
      this.#at = end + 1
      if (end === text.length) throw this.#error('unterminated string')
      return text.slice(start + 1, end)
    }
    while (end < text.length && isEscaped(text, end, start)) end = this.#next('"', end + 1)
    if (end === text.length) throw this.#error('unterminated string')
    this.#at = end + 1
    // The engine's own parser judges escapes and control characters, and is faster than a loop here.
    try {
      return JSON.parse(text.slice(start, end + 1)) as string
    } catch {
      throw new JsonSyntaxError('bad escape or control character in the string', start)
    }
  }

  /** Most keys are the same few, and one that is known is found faster than it is made. */
  #key(): string {
    const text = this.#text
    const start = this.#at + 1
    let hash = 0
    let end = start
    for (let code = text.charCodeAt(end); code !== 0x22; code = text.charCodeAt(++end)) {
      if (!(code >= 0x20) || code === 0x5c || end - start === LONGEST_KNOWN) return this.#string()
      hash = (hash * 31 + code) | 0
    }
    const known = knownKeys[hash & LAST_KNOWN] as string
    this.#at = end + 1
    if (known.length === end - start && text.startsWith(known, start)) return known
    const key = text.slice(start, end)
    knownKeys[hash & LAST_KNOWN] = asKey(key)
    return key
  }

  #next(mark: string, from: number): number {
    const at = this.#text.indexOf(mark, from)
    return at < 0 ? this.#text.length : at
  }

  #number(): number {
    NUMBER.lastIndex = this.#at
    const start = this.#at
    if (!NUMBER.test(this.#text)) throw this.#error(start < this.#text.length ? 'expected a value' : 'unexpected end')
    this.#at = NUMBER.lastIndex
    return Number(this.#text.slice(start, this.#at))
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error('expected a value')
    this.#at += word.length
    return value
  }

  /** The character that comes next, behind any space; `NaN` at the end. */
  #peek(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code > 0x20 || (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09)) return code
      this.#at++
    }
  }

  #error(reason: string): JsonSyntaxError {
    return new JsonSyntaxError(reason, Math.min(this.#at, this.#text.length))
  }
}

/** One key for each remainder of a hash; a new one takes the place of the old. */
const knownKeys: string[] = Array(1024).fill('')
const LAST_KNOWN = 1023
const LONGEST_KNOWN = 32

/** The same characters as the engine has them for keys, and not as a slice that would keep the whole text. */
function asKey(key: string): string {
  return Object.keys({ [key]: undefined })[0] as string
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number, start: number): boolean {
  let before = at - 1
  while (before > start && text.charCodeAt(before) === 0x5c) before--
  return (at - 1 - before) % 2 === 1
}
