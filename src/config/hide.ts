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
 * was cut off, and each line of a value that has several.
 */
export function hide(message: string, fillings: Iterable<Filling>): string {
  const lines = [...fillings].flatMap(({ name, text }) => text.split('\n').map(line => ({ name, text: line.trim() })))
  const secrets = lines.filter(({ text }) => text.length >= SHORTEST).sort((a, b) => b.text.length - a.text.length)
  return secrets.reduce((rest, { name, text }) => {
    const shown = `\${${name}}`
    const clean = rest.replaceAll(text, () => shown)
    const cut = lengths(text).find(length => clean.endsWith(text.slice(0, length)))
    return cut === undefined ? clean : clean.slice(0, -cut) + shown
  }, message)
}

/** From all but one character down to what may be shown. */
function lengths({ length }: string): readonly number[] {
  return Array.from({ length: Math.max(0, length - SHORTEST) }, (_, less) => length - 1 - less)
}
