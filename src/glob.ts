/**
 * Matches a name against a pattern in which `*` stands for any run of characters, and nothing else is special.
 *
 * Linear in practice and never worse than pattern × text: no RegExp, because patterns turned into one can take
 * seconds on a hostile name (reliability.md, fact 12).
 */
export function matchGlob(pattern: string, text: string): boolean {
  let patternAt = 0
  let textAt = 0
  let starAt = -1
  let resumeAt = 0
  while (textAt < text.length) {
    if (pattern[patternAt] === '*') {
      starAt = patternAt++
      resumeAt = textAt
    } else if (pattern[patternAt] === text[textAt]) {
      patternAt++
      textAt++
    } else if (starAt >= 0) {
      patternAt = starAt + 1
      textAt = ++resumeAt
    } else {
      return false
    }
  }
  while (pattern[patternAt] === '*') patternAt++
  return patternAt === pattern.length
}
