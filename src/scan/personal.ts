/** What tells of a person: e-mail addresses and payment cards. */
import { charClass, type Matcher, PARTIAL, runEnd, type Verdict } from './matcher.ts'

/** RFC 5321, section 4.5.3.1: octets of the part before the `@`, and of the domain. */
const MAX_LOCAL = 64
const MAX_DOMAIN = 255

const isLocal = charClass(/[A-Za-z0-9._%+~-]/)
const isDomain = charClass(/[A-Za-z0-9.-]/)
const isDigit = charClass(/[0-9]/)

/** ASCII addresses as people write them; no quoted ones, and no addresses of hosts without a dot. */
export const email: Matcher = {
  kind: 'email',
  needle: '@',
  beginsWith: isLocal,
  match(text, at, isWhole): Verdict {
    if (isLocal(text.charAt(at - 1))) return undefined
    const sign = runEnd(text, at, isLocal, at + MAX_LOCAL)
    if (sign === text.length) return isWhole ? undefined : PARTIAL
    if (text[sign] !== '@') return undefined
    const end = runEnd(text, sign + 1, isDomain, sign + 1 + MAX_DOMAIN)
    if (end === text.length && !isWhole) return PARTIAL
    const [domain] = /^(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z][A-Za-z0-9-]+/.exec(text.slice(sign + 1, end)) ?? []
    return domain === undefined ? undefined : { state: 'found', end: sign + 1 + domain.length }
  },
}

/** ISO/IEC 7812: numbers of cards have up to 19 digits; those of payment cards begin with 2 to 6. */
const MIN_DIGITS = 13
const MAX_DIGITS = 19

/** Digits in groups with a space or a dash between, which pass the check of Luhn. */
export const card: Matcher = {
  kind: 'card',
  needle: `[2-6](?:[ -]?[0-9]){${MIN_DIGITS - 1}}`,
  beginsWith: char => char >= '2' && char <= '6',
  match(text, at, isWhole): Verdict {
    if (isDigit(text.charAt(at - 1))) return undefined
    const { ends, isOpen } = groupsAt(text, at)
    if (isOpen && !isWhole) return PARTIAL
    // The longest that fits: a number that has nothing to do with it may stand behind the last group.
    const end = ends.findLast(each => isCard(text.slice(at, each)))
    return end === undefined ? undefined : { state: 'found', end }
  },
}

/** Where the groups of digits end that begin at `at`; open when the text ends before one could tell. */
function groupsAt(text: string, start: number): { readonly ends: readonly number[]; readonly isOpen: boolean } {
  const ends: number[] = []
  let digits = 0
  for (let at = start; ; at++) {
    const end = runEnd(text, at, isDigit, at + MAX_DIGITS + 1 - digits)
    digits += end - at
    if (end === at || digits > MAX_DIGITS) return { ends, isOpen: end === text.length && digits <= MAX_DIGITS }
    ends.push(end)
    if (end === text.length) return { ends, isOpen: true }
    if (text[end] !== ' ' && text[end] !== '-') return { ends, isOpen: false }
    at = end
  }
}

/** Luhn's check (ISO/IEC 7812-1, annex B): every second digit from the right counts twice. */
function isCard(text: string): boolean {
  const digits = text.replaceAll(/[ -]/g, '')
  if (digits.length < MIN_DIGITS) return false
  let sum = 0
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits.at(-1 - place))
    const doubled = place % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
