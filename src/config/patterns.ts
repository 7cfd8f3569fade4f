/** Patterns of the fixed tables, and what they ask for in words: nobody should have to read a regular expression. */

export const LABEL_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'
export const PATH_PATTERN = '^(/[A-Za-z0-9._~{}:-]+)+$'
export const PREFIX_PATTERN = '^(/[A-Za-z0-9._~-]+)*$'

const WORDS: ReadonlyMap<string, string> = new Map([
  [LABEL_PATTERN, 'must be at most 64 letters, digits, ".", "_" and "-", and begin with a letter or digit'],
  [PATH_PATTERN, 'must be a path such as "/v1/chat/completions"'],
  [PREFIX_PATTERN, 'must be empty, or a path such as "/team-a" that does not end with "/"'],
])

/** What a text that does not match the pattern must be. */
export function patternSentence(pattern: string): string {
  return WORDS.get(pattern) ?? `must match the pattern ${pattern}`
}
