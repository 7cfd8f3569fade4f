import { normalize } from 'node:path'

/** What was put in the place of one `${…}`. */
export interface Filling {
  /** The variable or file that it came from. */
  readonly name: string
  readonly text: string
}

/** What is shorter is a word, not a secret, and may stand anywhere. */
const SHORTEST = 6

/**
 * Takes out of a message what came from variables and files, and says where it came from instead: whoever wrote the
 * message may have put a value into it without knowing that it was a secret. Also what is left of a value where a message
 * was cut off, each line of a value that has several, and what a value becomes as a path.
 */
export function hide(message: string, fillings: Iterable<Filling>): string {
  const forms = [...fillings].flatMap(({ name, text }) => formsOf(text).map(form => ({ name, text: form })))
  const secrets = forms.filter(({ text }) => text.length >= SHORTEST).sort((a, b) => b.text.length - a.text.length)
  return secrets.reduce((rest, { name, text }) => {
    const shown = `\${${name}}`
    const clean = rest.replaceAll(text, () => shown)
    const cut = lengths(text).find(length => clean.endsWith(text.slice(0, length)))
    return cut === undefined ? clean : clean.slice(0, -cut) + shown
  }, message)
}

function formsOf(text: string): readonly string[] {
  const lines = text.split('\n').map(line => line.trim())
  return lines.flatMap(line => [line, normalize(line).replace(/^(?:\.\.\/)+/, '')])
}

/** From all but one character down to what may be shown. */
function lengths({ length }: string): readonly number[] {
  return Array.from({ length: Math.max(0, length - SHORTEST) }, (_, less) => length - 1 - less)
}
