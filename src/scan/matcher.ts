/**
 * What a matcher says of the text that begins at one place:
 *
 * - `undefined`: nothing here, whatever may follow
 * - `partial`: so far it fits, but the text ended before one could tell
 * - `found`: the text up to `end` is a match. With `tail` the text ended inside it, and what follows belongs to it too
 *   for as long as `tail` says so
 */
export type Verdict =
  | undefined
  | { readonly state: 'partial' }
  | { readonly state: 'found'; readonly end: number; readonly tail?: () => Tail }

/** Told each further character of a match that was cut off. @returns whether it still belongs to the match */
export type Tail = (char: string) => boolean

/** What was found: a built-in detector's name, `word` or `pattern`. */
export type FindingKind = 'credential' | 'email' | 'card' | 'word' | 'pattern'

/** One thing that is looked for. Every verdict must cost a bounded time, so that a scan is linear in its text. */
export interface Matcher {
  /** What the finding is called. */
  readonly kind: FindingKind
  /**
   * Source of an expression that fits somewhere in every match: a whole text in which none of them fits need not be
   * looked at further. Must cost a bounded time at each place. Absent where there is none that is surely right.
   */
  readonly needle?: string
  /** Whether a match can begin with this character; for those below 128 asked once and for all. */
  beginsWith(char: string): boolean
  /**
   * @param at where the match would begin; the character before it, if there is one, is in the text
   * @param isWhole nothing follows the text: there is no `partial` then
   */
  match(text: string, at: number, isWhole: boolean): Verdict
}

export const PARTIAL: Verdict = { state: 'partial' }

/** Whether `text` has `word` at `at`; `partial` when the text ended in the middle of it. */
export function startsWith(text: string, word: string, at: number): boolean | 'partial' {
  if (text.startsWith(word, at)) return true
  const left = text.length - at
  return left < word.length && word.startsWith(text.slice(at)) ? 'partial' : false
}

/** Where the run of characters that begins at `from` ends; at the latest at `limit`. */
export function runEnd(text: string, from: number, belongs: (char: string) => boolean, limit = text.length): number {
  let at = from
  while (at < limit && at < text.length && belongs(text.charAt(at))) at++
  return at
}

/** A class of ASCII characters as a test of one character; much quicker than the expression itself. */
export function charClass(expression: RegExp): (char: string) => boolean {
  const belongs = Array.from({ length: 128 }, (_, code) => expression.test(String.fromCharCode(code)))
  return char => belongs[char.charCodeAt(0)] === true
}

export const isAlphanumeric = charClass(/[A-Za-z0-9]/)
