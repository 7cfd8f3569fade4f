import { matchGlob } from '../glob.ts'

/**
 * Matches a model's name against a pattern, letter case aside: `*` stands for any run of characters, and `~` at the end
 * for the end of a version: nothing more, or what does not go on with its number. `claude-opus-4~` is
 * `claude-opus-4-20250514` and `claude-opus-4@latest`, but neither `claude-opus-4-9` nor `claude-opus-45`; before a `~`
 * a version may be written with dots or with dashes.
 *
 * @param name with or without the path of a maker or a cloud before it (`openai/gpt-5`, `models/gemini-3-pro`)
 */
export function matchModel(pattern: string, name: string): boolean {
  const lowerCase = name.toLowerCase()
  const last = lowerCase.slice(lowerCase.lastIndexOf('/') + 1)
  const match = pattern.endsWith('~') ? matchVersion : matchGlob
  return match(pattern.toLowerCase(), last) || (last !== lowerCase && match(pattern.toLowerCase(), lowerCase))
}

function matchVersion(pattern: string, text: string): boolean {
  const stem = dashed(pattern.slice(0, -1))
  const name = dashed(text)
  const tailAt = stem.lastIndexOf('*') + 1
  const tail = stem.slice(tailAt)
  if (tail === '') return matchGlob(stem, name)
  for (let at = name.indexOf(tail); at >= 0; at = name.indexOf(tail, at + 1)) {
    if (endsVersion(name.slice(at + tail.length)) && matchGlob(stem.slice(0, tailAt), name.slice(0, at))) return true
  }
  return false
}

function dashed(name: string): string {
  return name.replaceAll('.', '-')
}

/** One or two digits are a further number of the version, more of them are a date or a build. */
function endsVersion(rest: string): boolean {
  return !/^(?:[a-z0-9]|-\d{1,2}(?!\d))/.test(rest)
}
