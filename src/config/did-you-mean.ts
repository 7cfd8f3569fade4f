import { distance } from 'fastest-levenshtein'

const MAX_WORD = 64

/**
 * The end of a sentence about an unknown word: `; did you mean "keys"?`, or `''` when nothing known comes close.
 * Letter case and `-` for `_` do not count as differences.
 */
export function didYouMean(word: string, known: Iterable<string>): string {
  const nearest = nearestWord(word, known)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

/** The known word that comes closest; `undefined` when none is close. */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD) return undefined
  const plain = plainWord(word)
  let nearest: string | undefined
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const away = difference(plain, plainWord(candidate))
    if (away < least) {
      least = away
      nearest = candidate
    }
  }
  return nearest
}

/** Letters in another order are the commonest slip of all: they count as one mistake. */
function difference(a: string, b: string): number {
  return sortLetters(a) === sortLetters(b) ? Number(a !== b) : distance(a, b)
}

function sortLetters(word: string): string {
  return [...word].sort().join('')
}

function plainWord(word: string): string {
  return word.toLowerCase().replaceAll('-', '_')
}
