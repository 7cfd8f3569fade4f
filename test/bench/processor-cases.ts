/** A case, or a few, for every file of processors/: options that somebody would choose, and calls that meet them. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { readdirSync } from 'node:fs'
import type { ProcessorDefinition } from 'sluice'
import type { Prompt } from './prompts.ts'

export interface ProcessorCase {
  /** The file's name. */
  readonly use: string
  /** Tells several cases of one processor apart. */
  readonly kind?: string
  /** Options as TOML, as in a definition's examples; `{upstream}` stands for the provider's address. */
  readonly options: string
  readonly prompt?: Partial<Prompt>
  readonly headers?: Readonly<Record<string, string>>
  readonly isUnique?: boolean
  /** Beside config.toml. */
  readonly files?: Readonly<Record<string, string>>
}

const KIB_20 = { size: 20_000 }
const STREAM = { stream: true }
const SECRETS = 'detect = ["credential", "email"]'

const FOLDER = new URL('../../processors/', import.meta.url)

/** Those below, and for every other file of the folder the first of its own examples. */
export async function processorCases(): Promise<readonly ProcessorCase[]> {
  const known = knownCases()
  const others = readdirSync(FOLDER)
    .map(file => file.replace(/\.ts$/, ''))
    .filter(name => !known.some(({ use }) => use === name))
  return [...known, ...(await Promise.all(others.map(exampleOf)))]
}

async function exampleOf(use: string): Promise<ProcessorCase> {
  const { default: definition } = (await import(new URL(`${use}.ts`, FOLDER).href)) as { default: ProcessorDefinition }
  return { use, options: definition.examples[0]?.toml ?? '' }
}

function knownCases(): readonly ProcessorCase[] {
  return [
    { use: 'auth', options: 'keys = [{ name = "bench", key = "bench-key" }]' },
    tokenCase(),
    { use: 'balance', options: 'targets = [{ provider = "main" }, { provider = "main", model = "bench-second" }]' },
    { use: 'breaker', options: 'failures = 5' },
    { use: 'budget', options: 'dollars = 1_000_000' },
    { use: 'cache', kind: 'hit', options: 'max_age = "10m"' },
    { use: 'cache', kind: 'miss', options: 'max_age = "10m"', isUnique: true },
    { use: 'cache', kind: 'hit-20k', options: 'max_age = "10m"', prompt: KIB_20 },
    { use: 'cache', kind: 'hit-stream', options: 'max_age = "10m"', prompt: STREAM },
    { use: 'convert', kind: 'nothing-to-do', options: '' },
    { use: 'cors', options: 'origins = ["https://app.example.com"]', headers: { origin: 'https://app.example.com' } },
    { use: 'fallback', options: 'to = [{ provider = "main", model = "bench-second" }]' },
    { use: 'guard', kind: 'input', options: `${SECRETS}\non = ["input"]` },
    { use: 'guard', kind: 'input-20k', options: `${SECRETS}\non = ["input"]`, prompt: KIB_20 },
    { use: 'guard', kind: 'both-ways', options: SECRETS },
    { use: 'guard', kind: 'stream', options: `${SECRETS}\non = ["output"]`, prompt: STREAM },
    { use: 'hedge', options: 'after = "2s"\nprovider = "main"' },
    { use: 'inject-fault', kind: 'not-met', options: 'share = 1\nheader = "x-drill"\nerror = 529' },
    { use: 'judge', options: 'url = "{upstream}/judge"' },
    { use: 'limits', options: 'max_input_bytes = "16MiB"\nmax_output_tokens = 8_192' },
    { use: 'log', options: 'share = 1\nfile = "calls.jsonl"' },
    { use: 'log', kind: 'texts', options: 'share = 1\nrecord = ["prompt", "reply"]\nfile = "calls.jsonl"' },
    {
      use: 'log',
      kind: 'texts-stream',
      options: 'share = 1\nrecord = ["reply"]\nfile = "calls.jsonl"',
      prompt: STREAM,
    },
    { use: 'mirror', kind: 'none', options: 'provider = "main"\nshare = 0' },
    { use: 'mirror', kind: 'all', options: 'provider = "main"\nshare = 1\nmax_copies = 64' },
    { use: 'models', options: 'rules = [{ match = "bench-*", model = "bench-upstream" }]' },
    { use: 'prompt', options: 'append = "Answer in the language of the question."' },
    { use: 'rate-limit', options: 'requests_per_minute = 100_000_000' },
    { use: 'rate-limit', kind: 'tokens', options: 'tokens_per_minute = 100_000_000_000' },
    { use: 'rate-limit', kind: 'concurrent', options: 'concurrent = 1_000' },
    { use: 'retry', options: 'attempts = 3' },
    { use: 'set', options: '[[fields]]\npointer = "/temperature"\njson = "0.2"' },
    { use: 'timeout', options: 'first_token = "10s"\nidle = "30s"' },
    { use: 'timeout', kind: 'stream', options: 'first_token = "10s"\nidle = "30s"', prompt: STREAM },
  ]
}

export function caseName({ use, kind }: ProcessorCase): string {
  return kind === undefined ? use : `${use}-${kind}`
}

/** A company's token, RS256, and the key set that it is checked with. */
function tokenCase(): ProcessorCase {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = Math.floor(Date.now() / 1000)
  const claims = { iss: 'https://login.example.com/', aud: 'bench', sub: 'alice', iat: seconds, exp: seconds + 86_400 }
  const signed = `${part({ alg: 'RS256', kid: 'bench' })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), privateKey).toString('base64url')
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }
  return {
    use: 'auth-jwt',
    options: 'issuer = "https://login.example.com/"\naudience = "bench"\njwks_file = "jwks.json"',
    headers: { authorization: `Bearer ${signed}.${signature}` },
    files: { 'jwks.json': JSON.stringify({ keys: [key] }) },
  }
}
