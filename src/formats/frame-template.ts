/**
 * The frames of a stream differ in little but the text that they carry. Where a frame is, to the letter, one that was
 * read already with another text in it, only that text has to be read.
 */

/** A member that differs from one frame to the next: the text, or something that means nothing. */
export interface Hole {
  readonly key: string
  /** What it holds in the frame that is learnt from. */
  readonly value: string | number
}

/** Frames in a row that fit. */
export interface FittingFrames {
  /** Their texts, as `JSON.stringify` writes them, without quotation marks; without those that are empty. */
  readonly sources: readonly string[]
  /** Behind the last one. */
  readonly end: number
}

type Kind = 'text' | 'string' | 'number' | 'spaces'

interface Place {
  readonly kind: Kind
  readonly start: number
  readonly end: number
}

/** Frames learnt from in vain: some streams never repeat themselves, and learning costs as much as reading. */
const MOST_LESSONS = 64

export class FrameTemplate {
  readonly #isPadded: boolean
  /** What stands before, between and behind the holes; empty before anything was learnt. */
  #literals: readonly string[] = []
  #kinds: readonly Kind[] = []
  /** What stands between the last hole of a frame and the first of the next one. */
  #glue = ''
  /** Since a frame was last found to fit. */
  #lessons = 0
  /** The text of the frame that was read last. */
  #source = ''

  /** @param isPadded whether there are spaces before the last brace, in each frame another number of them */
  constructor(isPadded = false) {
    this.#isPadded = isPadded
  }

  /**
   * Remembers the surroundings of the holes in a frame that holds nothing else of interest.
   * @param text the member with the text
   * @param others members that nobody reads; those whose value is `undefined` are not there
   */
  learn(
    { event, data }: { readonly event?: string; readonly data: string },
    text: Hole,
    others: Readonly<Record<string, unknown>> = {},
  ): void {
    if (this.#lessons++ >= MOST_LESSONS) return
    const places = placesOf(data, text, others)
    if (places === undefined) return
    if (this.#isPadded) places.push(paddingOf(data))
    const literals = literalsOf(data, places)
    // A key can be written in several ways, and only the plain one was looked for.
    if (literals.some(literal => /[\\\n\r]/.test(literal))) return
    const [first = '', ...rest] = literals
    const head = event === undefined ? `data: ${first}` : `event: ${event}\ndata: ${first}`
    const tail = `${rest.pop()}\n\n`
    this.#literals = [head, ...rest, tail]
    this.#kinds = places.map(({ kind }) => kind)
    this.#glue = tail + head
  }

  /**
   * @param stream text of a stream, decoded from UTF-8
   * @param from where a frame begins in it
   * @returns `undefined` when not even the first frame fits
   */
  read(stream: string, from: number): FittingFrames | undefined {
    const [head] = this.#literals
    const tail = this.#literals.at(-1)
    if (head === undefined || tail === undefined || !isAt(stream, from, head)) return undefined
    const sources: string[] = []
    let end = from
    for (let at = from + head.length; ; ) {
      const holesEnd = this.#readHoles(stream, at)
      if (holesEnd < 0) break
      const goesOn = isAt(stream, holesEnd, this.#glue)
      if (!goesOn && !isAt(stream, holesEnd, tail)) break
      if (this.#source !== '') sources.push(this.#source)
      end = holesEnd + tail.length
      if (!goesOn) break
      at = end + head.length
    }
    if (end === from) return undefined
    this.#lessons = 0
    return { sources, end }
  }

  /**
   * Reads from the first hole of a frame to the end of its last one, and sets `#source`.
   * @returns the end; -1 when it fits not
   */
  #readHoles(stream: string, from: number): number {
    let at = from
    for (let hole = 0; ; hole++) {
      const kind = this.#kinds[hole]
      if (kind === undefined) return -1
      const end = endOf(kind, stream, at)
      if (end < 0 || (kind === 'text' && !this.#keep(stream.slice(at, end)))) return -1
      if (hole === this.#kinds.length - 1) return end
      const literal = this.#literals[hole + 1] ?? ''
      if (!isAt(stream, end, literal)) return -1
      at = end + literal.length
    }
  }

  #keep(source: string): boolean {
    const text = written(source)
    this.#source = text ?? ''
    return text !== undefined
  }
}

/** In the order in which they stand; `undefined` when one of them cannot be told for sure. */
function placesOf(data: string, text: Hole, others: Readonly<Record<string, unknown>>): Place[] | undefined {
  const places = [placeOf(data, text.key, text.value, 'text')]
  for (const key in others) {
    const value = others[key]
    if (typeof value === 'string') places.push(placeOf(data, key, value, 'string'))
    else if (typeof value === 'number') places.push(placeOf(data, key, value, 'number'))
  }
  return places.every(place => place !== undefined) ? places.sort((a, b) => a.start - b.start) : undefined
}

/** Where the value of a member stands. A second member of this name, or one in something else, is not what was read. */
function placeOf(data: string, key: string, value: string | number, kind: Kind): Place | undefined {
  const name = `"${key}"`
  const at = data.indexOf(name)
  if (at < 0 || data.indexOf(name, at + 1) >= 0) return undefined
  const colon = endOf('spaces', data, at + name.length)
  const first = endOf('spaces', data, colon + 1)
  const start = kind === 'number' ? first : first + 1
  if (data[colon] !== ':' || (kind !== 'number' && data[first] !== '"')) return undefined
  const end = endOf(kind, data, start)
  const source = end < 0 ? undefined : data.slice(start, end)
  const isRead = kind === 'number' ? Number(source) === value : source !== undefined && parsed(source) === value
  return isRead ? { kind, start, end } : undefined
}

function paddingOf(data: string): Place {
  const end = data.lastIndexOf('}')
  return { kind: 'spaces', start: data.slice(0, end).trimEnd().length, end }
}

function literalsOf(data: string, places: readonly Place[]): readonly string[] {
  const starts = [0, ...places.map(({ end }) => end)]
  return starts.map((start, hole) => data.slice(start, places[hole]?.start))
}

// Equality of slices is a memcmp; `startsWith` goes character by character and takes eight times as long.
function isAt(text: string, at: number, literal: string): boolean {
  return text.slice(at, at + literal.length) === literal
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const ZERO = 0x30
const NINE = 0x39

/** Where a hole ends that begins at `from`; -1 when it is not one. */
function endOf(kind: Kind, text: string, from: number): number {
  let at = from
  if (kind === 'spaces') {
    while (text.charCodeAt(at) === SPACE) at++
    return at
  }
  if (kind === 'number') {
    while (text.charCodeAt(at) >= ZERO && text.charCodeAt(at) <= NINE) at++
    const isNumber = at === from + 1 || (at > from && text.charCodeAt(from) !== ZERO)
    return isNumber ? at : -1
  }
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at
    // What nobody reads is not worth a closer look, and the end of the text is not a number.
    if (!(code >= SPACE) || (code === BACKSLASH && kind !== 'text')) return -1
    at += code === BACKSLASH ? 2 : 1
  }
}

const AS_WRITTEN = /^(?:[^\\]|\\["\\bfnrt])*$/

/** The inside of a JSON string as `JSON.stringify` writes it; `undefined` when it is none, or has half a character. */
function written(source: string): string | undefined {
  if (!source.includes('\\') || AS_WRITTEN.test(source)) return source
  const text = parsed(source)
  return text?.isWellFormed() ? JSON.stringify(text).slice(1, -1) : undefined
}

function parsed(source: string): string | undefined {
  try {
    return JSON.parse(`"${source}"`) as string
  } catch {
    return undefined
  }
}
