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
    const words = this.#words
    const shift = this.#shift
    for (let at = open + 1; ; ) {
      let found = PLAIN
      // Byte by byte up to the next word, word by word, and byte by byte inside the word that is not plain.
      for (; found === PLAIN && ((at + shift) & 3) !== 0; at++) found = CLASSES[bytes[at] as number] as number
      if (found === PLAIN) {
        let index = (at + shift) >> 2
        while (index < words.length && isPlain(words[index] as number)) index++
        at = (index << 2) - shift
        for (; found === PLAIN && at < bytes.length; at++) found = CLASSES[bytes[at] as number] as number
      }
      // `at` is behind the byte that was found.
      if (found === END) return at
      if (found !== ESCAPE) return this.#fail(found === FORBIDDEN ? 'control' : 'unterminated')
      const rest = this.#escapeRest(at)
      if (rest === 0) return this.#fail('escape')
      this.escapes++
      at += rest
    }
  }

  /** @param at behind the backslash */
  #escapeRest(at: number): number {
    const letter = this.#bytes[at] ?? 0
    if (isEscapable[letter] === 1) return 1
    if (letter !== U) return 0
    for (let digit = at + 1; digit < at + 5; digit++) if (!isHex(this.#bytes[digit] ?? 0)) return 0
    return 5
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
