const QUOTE = 0x22
const U = 0x75

/** What a byte is inside a string. */
const PLAIN = 0
const END = 1
const ESCAPE = 2
const FORBIDDEN = 3
const CLASSES = new Uint8Array(256).fill(FORBIDDEN, 0, 0x20)
CLASSES[QUOTE] = END
CLASSES[0x5c] = ESCAPE

const isEscapable = new Uint8Array(256)
for (const letter of '"\\/bfnrt') isEscapable[letter.charCodeAt(0)] = 1

/** Why a string is none. */
export type StringFault = 'unterminated' | 'control' | 'escape'

/**
 * Finds the ends of JSON strings in bytes, and judges what stands in them as RFC 8259, section 7 has it.
 *
 * Strings are nearly all of a large request. They are read four bytes at a time, and nothing is made of them: a string
 * of the engine's own would be searched faster still, but 200 KB of it for each call fill the old generation within a
 * hundred calls (docs/decisions/).
 */
export class StringScanner {
  readonly #bytes: Uint8Array
  /** The bytes by fours, from the last border before them. */
  readonly #words: Int32Array
  readonly #shift: number
  /** How many escapes there were so far. */
  escapes = 0
  /** Set when `end` returns a negative number. */
  fault: StringFault = 'unterminated'

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#shift = bytes.byteOffset & 3
    const length = (bytes.length + this.#shift) >> 2
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset - this.#shift, length)
  }

  /**
   * @param open the opening quote
   * @returns the offset behind the closing quote; negative when there is none, or something else is wrong
   */
  end(open: number): number {
    const bytes = this.#bytes
    for (let at = open + 1; ; ) {
      at = this.#special(at)
      if (at >= bytes.length) return this.#fail('unterminated')
      const found = CLASSES[bytes[at] as number]
      if (found === END) return at + 1
      if (found === FORBIDDEN) return this.#fail('control')
      const length = this.#escapeLength(at)
      if (length === 0) return this.#fail('escape')
      this.escapes++
      at += length
    }
  }

  /** The next byte that is not plain, or the end of all bytes. */
  #special(from: number): number {
    const bytes = this.#bytes
    const words = this.#words
    let at = from
    for (; ((at + this.#shift) & 3) !== 0; at++) if (CLASSES[bytes[at] as number] !== PLAIN) return at
    let index = (at + this.#shift) >> 2
    while (index < words.length && isPlain(words[index] as number)) index++
    at = (index << 2) - this.#shift
    while (at < bytes.length && CLASSES[bytes[at] as number] === PLAIN) at++
    return at
  }

  #escapeLength(at: number): number {
    const letter = this.#bytes[at + 1] ?? 0
    if (isEscapable[letter] === 1) return 2
    if (letter !== U) return 0
    for (let digit = at + 2; digit < at + 6; digit++) if (!isHex(this.#bytes[digit] ?? 0)) return 0
    return 6
  }

  #fail(fault: StringFault): number {
    this.fault = fault
    return -1
  }
}

/**
 * Whether none of the four bytes of a word is a quote, a backslash or a control character. A byte that is 0 after the
 * exclusive or, or below 0x20 before it, borrows from its highest bit when the subtraction reaches it.
 */
function isPlain(word: number): boolean {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  const borrows =
    ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash) | ((word - 0x20202020) & ~word)
  return (borrows & HIGHEST_BITS) === 0
}

/** As a signed number: the engine is slower with one that 32 bits cannot hold. */
const HIGHEST_BITS = 0x80808080 | 0

function isHex(byte: number): boolean {
  const letter = byte | 0x20
  return (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66)
}
