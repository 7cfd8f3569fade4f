/**
 * Where the members of a JSON object stand in its bytes: what a splice needs to change the model's name, and nothing
 * else, in a request of megabytes.
 */
import { MAX_DEPTH } from './document.ts'

/** Byte offsets of one `"key":value` of the outermost object; ends are exclusive. */
export interface Member {
  readonly key: string
  /** The opening quote of the key. */
  readonly start: number
  readonly valueStart: number
  /** End of the value, and with it of the member. */
  readonly end: number
}

export interface TopLevel {
  /** In the order of the text, duplicates included. */
  readonly members: readonly Member[]
  /** By decoded key. Of duplicates the last one counts, as it does for `JSON.parse`. */
  readonly byKey: ReadonlyMap<string, Member>
  /** Keys that stand there more than once. Parsers disagree on which one counts, so they deserve a look. */
  readonly duplicates: readonly string[]
  /** Offset of the closing brace. */
  readonly close: number
  /** Levels of nesting; `{}` has 1. */
  readonly depth: number
  /** Whether a key, at any depth, is written with an escape: then `JSON.parse` may misread it (see document.ts). */
  readonly hasEscapedKeys: boolean
}

/** The bytes are not an object, or nest too deeply. `offset` counts bytes. */
export class TopLevelError extends Error {
  override readonly name = 'TopLevelError'
  readonly offset: number
  constructor(reason: string, offset: number) {
    super(`${reason} at byte ${offset}`)
    this.offset = offset
  }
}

/**
 * One pass over the bytes of a JSON object. Expects what `JSON.parse` has accepted: on anything else it ends all the
 * same, inside the bytes, with a result of no meaning or an error.
 *
 * @throws TopLevelError when this is not an object, is cut short, or nests deeper than `MAX_DEPTH`
 */
export function scanTopLevel(bytes: Buffer): TopLevel {
  return new Scanner(bytes).object()
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Up to this many bytes of a string are looked at one by one: a native search pays only for longer ones. */
const SHORT = 24

class Scanner {
  readonly #bytes: Buffer
  #at = 0
  #depth = 1
  #hasEscapedKeys = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  object(): TopLevel {
    const members: Member[] = []
    const byKey = new Map<string, Member>()
    const duplicates = new Set<string>()
    this.#expect(OPEN_BRACE, 'expected an object')
    for (;;) {
      this.#space()
      if (this.#bytes[this.#at] === CLOSE_BRACE) break
      if (members.length > 0) this.#expect(COMMA, 'expected a comma')
      const member = this.#member()
      if (byKey.has(member.key)) duplicates.add(member.key)
      byKey.set(member.key, member)
      members.push(member)
    }
    return {
      members,
      byKey,
      duplicates: [...duplicates],
      close: this.#at,
      depth: this.#depth,
      hasEscapedKeys: this.#hasEscapedKeys,
    }
  }

  #member(): Member {
    this.#space()
    const start = this.#at
    if (this.#bytes[start] !== QUOTE) throw new TopLevelError('expected a key in quotes', start)
    this.#at = this.#stringEnd(start)
    const key = this.#key(start, this.#at)
    this.#expect(COLON, 'expected a colon')
    this.#space()
    const valueStart = this.#at
    this.#at = this.#valueEnd(valueStart)
    if (this.#at === valueStart) throw new TopLevelError('expected a value', valueStart)
    return { key, start, valueStart, end: this.#at }
  }

  #key(start: number, end: number): string {
    const source = this.#bytes.toString('utf8', start + 1, end - 1)
    if (!source.includes('\\')) return source
    this.#hasEscapedKeys = true
    try {
      return JSON.parse(`"${source}"`) as string
    } catch {
      throw new TopLevelError('bad escape in the key', start)
    }
  }

  #valueEnd(start: number): number {
    switch (this.#bytes[start]) {
      case QUOTE:
        return this.#stringEnd(start)
      case OPEN_BRACE:
      case OPEN_BRACKET:
        return this.#containerEnd(start)
      default:
        return this.#scalarEnd(start)
    }
  }

  #containerEnd(start: number): number {
    const bytes = this.#bytes
    let depth = 1
    for (let at = start; at < bytes.length; at++) {
      switch (bytes[at]) {
        case QUOTE:
          at = this.#nestedString(at)
          break
        case OPEN_BRACE:
        case OPEN_BRACKET:
          if (++depth > MAX_DEPTH) throw new TopLevelError(`nested deeper than ${MAX_DEPTH} levels`, at)
          if (depth > this.#depth) this.#depth = depth
          break
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          if (--depth === 1) return at + 1
      }
    }
    throw new TopLevelError('unexpected end', bytes.length)
  }

  /** @returns the offset of the closing quote */
  #nestedString(start: number): number {
    const bytes = this.#bytes
    const end = this.#stringEnd(start)
    let next = end
    while (isSpace(bytes[next])) next++
    if (bytes[next] === COLON && !this.#hasEscapedKeys) {
      this.#hasEscapedKeys = holdsBackslash(bytes, start, end)
    }
    return end - 1
  }

  #scalarEnd(start: number): number {
    let at = start
    while (at < this.#bytes.length && !endsScalar(this.#bytes[at])) at++
    return at
  }

  /** @returns the offset behind the closing quote of the string that opens at `start` */
  #stringEnd(start: number): number {
    const bytes = this.#bytes
    const short = Math.min(bytes.length, start + SHORT)
    for (let at = start + 1; at < short; at++) {
      if (bytes[at] === QUOTE) return at + 1
      if (bytes[at] === BACKSLASH) at++
    }
    let quote = bytes.indexOf(QUOTE, start + 1)
    while (quote >= 0 && isEscaped(bytes, quote, start)) quote = bytes.indexOf(QUOTE, quote + 1)
    if (quote < 0) throw new TopLevelError('unterminated string', start)
    return quote + 1
  }

  #expect(byte: number, reason: string): void {
    this.#space()
    if (this.#bytes[this.#at] !== byte) throw new TopLevelError(reason, this.#at)
    this.#at++
  }

  #space(): void {
    while (isSpace(this.#bytes[this.#at])) this.#at++
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function endsScalar(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || isSpace(byte)
}

/** Keys are short: a loop is faster than a search that has to be set up. */
function holdsBackslash(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true
  return false
}

/** Whether an odd number of backslashes stands before the quote at `at`. */
function isEscaped(bytes: Buffer, at: number, start: number): boolean {
  let before = at - 1
  while (before > start && bytes[before] === BACKSLASH) before--
  return (at - 1 - before) % 2 === 1
}
