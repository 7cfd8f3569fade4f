/** Takes secrets out of text that is about to be logged. */

const MASK = '[secret]'

/**
 * Things that look like credentials: the value of an `Authorization` header, keys of OpenAI, Anthropic and others
 * (`sk-…`), of Google (`AIza…`), AWS, GitHub and Slack, and JSON web tokens.
 */
const CREDENTIAL = new RegExp(
  [
    String.raw`\b(?:[Bb]earer|[Bb]asic)\s+[^\s"',;]+`,
    String.raw`\beyJ[\w-]{8,}(?:\.[\w-]+)*`,
    String.raw`\b[spr]k[-_][\w-]{8,}`,
    String.raw`\bAIza[\w-]{8,}`,
    String.raw`\bAKIA[A-Z0-9]{12,}`,
    String.raw`\b(?:gh[opsu]_|github_pat_|xox[abprs]-)[\w-]{8,}`,
  ].join('|'),
  'g',
)
/** A run of characters of hex or base64, long enough for a key. Paths and long names are such runs, too. */
const LONG_RUN = /[A-Za-z0-9+/_-]{32,}={0,2}/g

/** Text further back is not even looked at: what is shown is far shorter. */
const MAX_LOOKED_AT = 4096

/** Shorter ones are words, and hiding them would hide the log. */
const MIN_SECRET = 6

export class Scrubber {
  /** Longest first, so that none leaves the rest of another that contains it. */
  #secrets: readonly string[] = []

  /** @param secrets values from the configuration, hidden wherever they occur */
  constructor(secrets: Iterable<string> = []) {
    this.hide(secrets)
  }

  /** Adds secrets that became known later. */
  hide(secrets: Iterable<string>): void {
    const known = new Set(this.#secrets)
    for (const secret of secrets) {
      if (secret.length >= MIN_SECRET) known.add(secret).add(encodeURIComponent(secret))
    }
    this.#secrets = [...known].sort((a, b) => b.length - a.length)
  }

  /** The text without configured secrets and without what looks like a credential. */
  text(text: string): string {
    return this.configured(text)
      .replace(CREDENTIAL, MASK)
      .replace(LONG_RUN, run => (looksRandom(run) ? MASK : run))
  }

  /** Only the configured secrets: for identifiers, which look like credentials. */
  configured(text: string): string {
    let result = text.slice(0, MAX_LOOKED_AT)
    for (const secret of this.#secrets) result = result.replaceAll(secret, MASK)
    return result
  }
}

/** Digits among letters of both cases, or digits among letters without the separators that names and paths have. */
function looksRandom(run: string): boolean {
  if (!/[0-9]/.test(run)) return false
  return /^[0-9a-f]+$/i.test(run) || (/[a-z]/.test(run) && /[A-Z]/.test(run)) || !/[/-]/.test(run)
}
