/**
 * Finds what must not pass in a text, whole or piece by piece. Each place of the text is looked at once by each matcher
 * whose match can begin there.
 */
import { credentials } from './credentials.ts'
import type { FindingKind, Matcher, Tail, Verdict } from './matcher.ts'
import { card, email } from './personal.ts'
import { patternMatcher, wordMatcher } from './phrase.ts'

export interface ScanFor {
  /** Built-in detectors. */
  readonly detect?: readonly Detector[]
  /** Words, in any letter case. */
  readonly words?: readonly string[]
  /** Words with `*` in them, which stands for any run of characters that are no white space. */
  readonly patterns?: readonly string[]
}

/** `credential`: API keys, tokens, private keys. `email`: addresses. `card`: numbers of payment cards. */
export type Detector = 'credential' | 'email' | 'card'

export const DETECTORS = ['credential', 'email', 'card'] as const satisfies readonly Detector[]

export interface Scanner {
  /**
   * The text with each finding replaced.
   * @param onFinding told of each before the text is returned; what it throws ends the scan
   */
  mask(text: string, replacement: string, onFinding?: (kind: FindingKind) => void): string
  /** For a text that comes in pieces: holds back what might be the beginning of a finding, and nothing else. */
  stream(replacement: string, onFinding?: (kind: FindingKind) => void): StreamScan
}

export interface StreamScan {
  /** @returns what can go out now */
  push(text: string): string
  /** Nothing follows. @returns what was held back */
  end(): string
}

/** @throws Error when a pattern cannot be used */
export function createScanner({ detect = [], words = [], patterns = [] }: ScanFor): Scanner {
  const matchers = [
    ...detect.flatMap(name => BUILT_IN[name]),
    ...words.map(wordMatcher),
    ...patterns.map(patternMatcher),
  ]
  const candidates = candidatesOf(matchers)
  const needles = needlesOf(matchers)
  const stream: Scanner['stream'] = (replacement, onFinding = () => {}) => new Scan(candidates, replacement, onFinding)
  return {
    stream,
    mask(text, replacement, onFinding) {
      if (needles?.test(text) === false) return text
      const scan = stream(replacement, onFinding)
      return scan.push(text) + scan.end()
    },
  }
}

const BUILT_IN: Readonly<Record<Detector, readonly Matcher[]>> = {
  credential: credentials,
  email: [email],
  card: [card],
}

/** What nearly no text holds, looked for in one pass; `undefined` where one of the matchers may find something else. */
function needlesOf(matchers: readonly Matcher[]): RegExp | undefined {
  const needles = matchers.flatMap(({ needle }) => (needle === undefined ? [] : [needle]))
  return needles.length === matchers.length ? new RegExp(needles.join('|')) : undefined
}

/** The matchers whose match can begin with a character. */
type Candidates = (char: string) => readonly Matcher[]

function candidatesOf(matchers: readonly Matcher[]): Candidates {
  const byCode = new Map<number, readonly Matcher[]>()
  for (let code = 0; code < 128; code++) {
    byCode.set(
      code,
      matchers.filter(({ beginsWith }) => beginsWith(String.fromCharCode(code))),
    )
  }
  return char => byCode.get(char.charCodeAt(0)) ?? matchers.filter(({ beginsWith }) => beginsWith(char))
}

class Scan implements StreamScan {
  readonly #candidates: Candidates
  readonly #replacement: string
  readonly #onFinding: (kind: FindingKind) => void
  /** What was held back, behind one character that has gone out: a match may depend on what stands before it. */
  #held = ''
  #at = 0
  /** Takes the rest of a finding that was cut off. */
  #tail: Tail | undefined

  constructor(candidates: Candidates, replacement: string, onFinding: (kind: FindingKind) => void) {
    this.#candidates = candidates
    this.#replacement = replacement
    this.#onFinding = onFinding
  }

  push(text: string): string {
    return this.#scan(this.#held + text, false)
  }

  end(): string {
    return this.#scan(this.#held, true)
  }

  #scan(text: string, isWhole: boolean): string {
    let out = ''
    let at = this.#at
    let clean = at
    while (at < text.length) {
      if (this.#tail) {
        if (this.#tail(text.charAt(at))) {
          clean = ++at
          continue
        }
        this.#tail = undefined
      }
      const verdict = this.#judge(text, at, isWhole)
      if (verdict === undefined) at++
      else if (verdict.state === 'partial') break
      else {
        out += text.slice(clean, at) + this.#replacement
        at = clean = verdict.end
        this.#tail = verdict.tail?.()
      }
    }
    out += text.slice(clean, at)
    this.#held = text.slice(Math.max(0, at - 1))
    this.#at = Math.min(1, at)
    return out
  }

  /** The first matcher that has something to say decides, so that the same is found however the text is cut. */
  #judge(text: string, at: number, isWhole: boolean): Verdict {
    for (const matcher of this.#candidates(text.charAt(at))) {
      const verdict = matcher.match(text, at, isWhole)
      if (verdict?.state === 'found') this.#onFinding(matcher.kind)
      if (verdict !== undefined) return verdict
    }
    return undefined
  }
}
