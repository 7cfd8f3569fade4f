/** Words and patterns of the configuration. No RegExp is made of them: a pattern must not be able to take for ever. */
import { charClass, type Matcher, PARTIAL, runEnd, startsWith, type Verdict } from './matcher.ts'

/** The longest text that a pattern with a `*` in it matches. */
const MAX_MATCH = 128

/** A word or several, in any letter case; no letter or digit may stand directly before or behind it. */
export function wordMatcher(word: string): Matcher {
  return phraseMatcher('word', [folded(word)])
}

/**
 * A word in which `*` stands for any run of characters that are no white space, up to 128 characters in all; at its
 * end it takes all of them.
 *
 * @throws Error when it begins with `*`: every place of a text would have to be tried to its end
 */
export function patternMatcher(pattern: string): Matcher {
  if (pattern.startsWith('*')) throw new Error(`the pattern "${pattern}" begins with "*"; begin it with what is fixed`)
  if (pattern.length > MAX_MATCH) throw new Error(`a pattern has more than ${MAX_MATCH} characters`)
  const [head = '', ...others] = folded(pattern).split('*')
  if (others.some(other => /\s/.test(other))) throw new Error(`the pattern "${pattern}" has white space behind a "*"`)
  return phraseMatcher('pattern', [head, ...others])
}

/** @param pieces in lower case; what stands between two of them is free */
function phraseMatcher(kind: 'word' | 'pattern', pieces: readonly string[]): Matcher {
  const [head = '', ...others] = pieces
  return {
    kind,
    beginsWith: char => head.startsWith(folded(char)),
    match(text, at, isWhole): Verdict {
      if (isLetter(text.charAt(at)) && isLetter(text.charAt(at - 1))) return undefined
      const begins = startsWith(folded(text.slice(at, at + head.length)), head, 0)
      if (begins !== true) return begins === 'partial' && !isWhole ? PARTIAL : undefined
      const start = at + head.length
      if (others.length === 0) return wholeWord(text, start, isWhole)
      const limit = runEnd(text, start, isNoSpace, at + MAX_MATCH)
      const isOpen = limit === text.length && limit < at + MAX_MATCH && !isWhole
      const room = folded(text.slice(start, limit))
      const from = behind(room, others.slice(0, -1))
      const last = others.at(-1) ?? ''
      if (from !== undefined && last === '') return toSpace(text, start + from)
      if (isOpen) return PARTIAL
      return from === undefined ? undefined : toLast(text, start, room, last, from)
    },
  }
}

function wholeWord(text: string, end: number, isWhole: boolean): Verdict {
  if (end === text.length && !isWhole && isLetter(text.charAt(end - 1))) return PARTIAL
  return cutsWord(text, end) ? undefined : { state: 'found', end }
}

/** A star at the end takes whatever comes: there is nothing to wait for. */
function toSpace(text: string, from: number): Verdict {
  const end = runEnd(text, from, isNoSpace)
  return end === text.length ? { state: 'found', end, tail: () => isNoSpace } : { state: 'found', end }
}

/** Where the pieces are over when each is taken where it comes first. */
function behind(room: string, pieces: readonly string[]): number | undefined {
  let from = 0
  for (const piece of pieces) {
    const found = room.indexOf(piece, from)
    if (found < 0) return undefined
    from = found + piece.length
  }
  return from
}

/** The longest match: up to where the last piece comes last and does not cut a word. */
function toLast(text: string, start: number, room: string, last: string, from: number): Verdict {
  for (
    let place = room.lastIndexOf(last);
    place >= from;
    place = room.slice(0, place + last.length - 1).lastIndexOf(last)
  ) {
    const end = start + place + last.length
    if (!cutsWord(text, end)) return { state: 'found', end }
  }
  return undefined
}

function cutsWord(text: string, end: number): boolean {
  return isLetter(text.charAt(end - 1)) && isLetter(text.charAt(end))
}

/** Of the scripts that set words apart. In the others (Chinese, Japanese, Thai) a word has no border to look for. */
function isLetter(char: string): boolean {
  return char < '\u0080' ? isAsciiLetter(char) : /^[\p{L}\p{N}]$/u.test(char) && !UNSPACED.test(char)
}

const isAsciiLetter = charClass(/[A-Za-z0-9_]/)
const UNSPACED = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]$/u

function isNoSpace(char: string): boolean {
  return char > ' ' && (char < '\u0080' || !/^\s$/.test(char))
}

/** Lower case, without changing the length: a place in the one is a place in the other. */
function folded(text: string): string {
  // The small sigma has two forms, and which one it gets depends on what follows.
  const lower = text.toLowerCase().replaceAll('ς', 'σ')
  if (lower.length === text.length) return lower
  return text.replaceAll(/./gsu, char => (char.toLowerCase().length === char.length ? char.toLowerCase() : char))
}
