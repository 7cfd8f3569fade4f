/**
 * Chunks of a stream differ in little but the text they carry. Where a chunk is, to the letter, one that was read
 * already with another text in it, only that text has to be read.
 */
export class DeltaTemplate {
  #before: string | undefined
  #after = ''

  /** Remembers the surroundings of the text in a chunk that holds nothing else of interest. */
  learn(data: string, content: string): void {
    const key = data.indexOf(KEY)
    const start = key + KEY.length
    const end = key < 0 ? -1 : closingQuote(data, start)
    // A second member of this name, or one inside of something else, is not what was read.
    if (end < 0 || data.indexOf(KEY, start) >= 0 || textBetween(data, start, end) !== content) return
    this.#before = data.slice(0, start)
    this.#after = data.slice(end)
  }

  /** @returns the text of a chunk that fits the template; `undefined` for any other, which has to be read whole */
  match(data: string): string | undefined {
    const before = this.#before
    const end = data.length - this.#after.length
    if (before === undefined || end < before.length) return undefined
    // Equality of slices is a memcmp; `startsWith` goes character by character and takes eight times as long.
    if (data.slice(0, before.length) !== before || data.slice(end) !== this.#after) return undefined
    return textBetween(data, before.length, end)
  }
}

const KEY = '"content":"'
// What cannot stand in a JSON string as it is.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const SPECIAL = /["\\\u0000-\u001f]/

/** The text that stands between two quotation marks; `undefined` when it is not all of one JSON string. */
function textBetween(data: string, start: number, end: number): string | undefined {
  const source = data.slice(start, end)
  if (!SPECIAL.test(source)) return source
  try {
    return JSON.parse(`"${source}"`) as string
  } catch {
    return undefined
  }
}

function closingQuote(data: string, from: number): number {
  for (let at = from; at < data.length; at++) {
    if (data[at] === '"') return at
    if (data[at] === '\\') at++
  }
  return -1
}
