/** Credentials that can be told by their shape: keys with a known prefix, JSON Web Tokens, blocks of private keys. */
import {
  charClass,
  isAlphanumeric,
  type Matcher,
  PARTIAL,
  runEnd,
  startsWith,
  type Tail,
  type Verdict,
} from './matcher.ts'

/** Prefix → how many characters at least follow it. As issued by their makers in 2026; what follows is base64url. */
const PREFIXES: readonly (readonly [prefix: string, least: number])[] = [
  ['sk-', 20], // OpenAI, Anthropic, OpenRouter and many others
  ['AIza', 35], // Google
  ['gsk_', 40], // Groq
  ['xai-', 40],
  ['hf_', 30], // Hugging Face
  ['ghp_', 30], // GitHub
  ['gho_', 30],
  ['ghu_', 30],
  ['ghs_', 30],
  ['ghr_', 30],
  ['github_pat_', 40],
  ['glpat-', 20], // GitLab
  ['xoxb-', 20], // Slack
  ['xoxp-', 20],
  ['sk_live_', 20], // Stripe
  ['rk_live_', 20],
  ['npm_', 36],
  ['AKIA', 16], // AWS
  ['ASIA', 16],
]

const isBase64Url = charClass(/[A-Za-z0-9_-]/)
const isLabel = charClass(/[A-Z0-9 ]/)
const isKeyText = charClass(/[A-Za-z0-9+/=\s:,\\-]/)

export const credentials: readonly Matcher[] = [...PREFIXES.map(prefixed), jwt(), privateKey()]

function prefixed([prefix, least]: readonly [string, number]): Matcher {
  return {
    kind: 'credential',
    needle: prefix,
    beginsWith: char => prefix.startsWith(char),
    match(text, at, isWhole): Verdict {
      if (isAlphanumeric(text.charAt(at - 1))) return undefined
      const begins = startsWith(text, prefix, at)
      if (begins !== true) return begins === 'partial' && !isWhole ? PARTIAL : undefined
      const start = at + prefix.length
      const end = runEnd(text, start, isBase64Url)
      if (end - start < least) return end === text.length && !isWhole ? PARTIAL : undefined
      return found(text, end, () => isBase64Url)
    },
  }
}

/** The longest header of a token that is waited for; those with certificates in them are the longest. */
const MAX_JWT_HEADER = 4096

/** RFC 7519: two or three parts in base64url with dots between; the first two are objects, `{"` in base64. */
function jwt(): Matcher {
  const belongs = (char: string): boolean => char === '.' || isBase64Url(char)
  return {
    kind: 'credential',
    needle: 'eyJ',
    beginsWith: char => char === 'e',
    match(text, at, isWhole): Verdict {
      if (isBase64Url(text.charAt(at - 1))) return undefined
      const begins = startsWith(text, 'eyJ', at)
      if (begins !== true) return begins === 'partial' && !isWhole ? PARTIAL : undefined
      const dot = runEnd(text, at, isBase64Url, at + MAX_JWT_HEADER)
      if (dot === text.length) return isWhole ? undefined : PARTIAL
      const follows = startsWith(text, '.eyJ', dot)
      if (follows !== true) return follows === 'partial' && !isWhole ? PARTIAL : undefined
      return found(text, runEnd(text, dot, belongs), () => belongs)
    },
  }
}

const MAX_LABEL = 64

/** RFC 7468 and PGP: from the BEGIN line to the END line, or as far as it looks like one where there is no such line. */
function privateKey(): Matcher {
  return {
    kind: 'credential',
    needle: '-----BEGIN ',
    beginsWith: char => char === '-',
    match(text, at, isWhole): Verdict {
      const begins = startsWith(text, '-----BEGIN ', at)
      if (begins !== true) return begins === 'partial' && !isWhole ? PARTIAL : undefined
      const start = at + '-----BEGIN '.length
      const label = runEnd(text, start, isLabel, start + MAX_LABEL)
      if (label === text.length && !isWhole) return PARTIAL
      if (!text.slice(start, label).includes('PRIVATE KEY')) return undefined
      const closes = startsWith(text, '-----', label)
      if (closes !== true) return closes === 'partial' && !isWhole ? PARTIAL : undefined
      const tail = keyTail()
      const end = runEnd(text, label + '-----'.length, tail)
      return found(text, end, () => tail)
    },
  }
}

/** Takes what a block of a key is made of, line breaks written as `\n` included, until its END line is over. */
function keyTail(): Tail {
  let line = ''
  let isOver = false
  return char => {
    if (isOver || !isKeyText(char)) return false
    line = (line + char).slice(-MAX_LABEL - 16)
    isOver = char === '-' && /-----END [A-Z0-9 ]+-----$/.test(line)
    return true
  }
}

function found(text: string, end: number, tail: () => Tail): Verdict {
  return end === text.length ? { state: 'found', end, tail } : { state: 'found', end }
}
