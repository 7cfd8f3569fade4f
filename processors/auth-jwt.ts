import { readFile } from 'node:fs/promises'
import { createLocalJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import {
  type Call,
  defineProcessor,
  FailureLimit,
  fetchBounded,
  type Identity,
  matchGlob,
  modelNotFound,
  type OptionsOf,
  type OutsideService,
  outsideService,
  Refusal,
  type Tools,
} from 'sluice'

const OPTIONS = {
  type: 'object',
  additionalProperties: false,
  required: ['issuer', 'audience'],
  properties: {
    issuer: { type: 'string', minLength: 1, description: 'What the claim `iss` must be, to the letter.' },
    audience: { type: 'string', minLength: 1, description: 'What the claim `aud` must be or hold.' },
    jwks_url: { type: 'string', format: 'url', description: 'Where the key set is; https, or http on this machine.' },
    jwks_file: { type: 'string', format: 'path', description: 'A file with the key set, read at the start.' },
    algorithms: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'string',
        enum: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
      },
      default: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      description: 'Signatures that count. `none` and shared secrets (`HS256`) never do.',
    },
    name_claim: { type: 'string', minLength: 1, default: 'sub', description: 'The claim that names the caller.' },
    name_prefix: { type: 'string', default: 'jwt:', description: 'Stands before the name: it is never that of a key.' },
    team_claim: { type: 'string', minLength: 1, description: 'The claim that names the team, if there is one.' },
    models_claim: { type: 'string', minLength: 1, description: 'The claim with patterns of models. Must be there.' },
    failures_per_minute: {
      type: 'integer',
      minimum: 0,
      default: 20,
      description: 'Bad tokens that an address may present before it gets 429; 0 sets no limit.',
    },
    or_key: { type: 'boolean', default: false, description: 'Leaves credentials that are no token to `auth`.' },
  },
} as const

export default defineProcessor({
  summary: 'Lets in callers with a JSON Web Token of your identity provider, and says who they are.',
  description: `
Stands first in the chain, like \`auth\`. The token is taken from wherever the caller's SDK puts its API key. It must be
signed with one of \`algorithms\` by a key of the set at \`jwks_url\` (or in \`jwks_file\`), name \`issuer\` and \`audience\`, and
have an expiry; clocks may differ by a minute. A token that fails in any of it gets the same 401 as a missing one; the log
tells why at the level \`debug\`. An address that presents too many of them is held up, as \`auth\` does; tokens that
have merely expired are not counted. Keys that the token itself brings or points to are never used.

The set is fetched with the first call, again every ten minutes, and when a token names a key that is not in it, at most
twice a minute. While it cannot be fetched, the last one serves for a day; after that, and before the first, calls get 503.

For callers with tokens and callers with keys in one pipeline, set \`or_key\` and put \`auth\` behind this processor: it then
decides over every credential that is no token, and lets pass whom this one has let in.

\`\`\`toml
[[pipelines.main.processors]]
use = "auth-jwt"
or_key = true

[[pipelines.main.processors]]
use = "auth"
keys_file = "./keys.toml"
\`\`\`
`,
  options: OPTIONS,
  examples: [
    {
      title: 'Tokens of a company, each for its own models',
      toml: `issuer = "https://login.example.com/"
audience = "llm-gateway"
jwks_url = "https://login.example.com/.well-known/jwks.json"
name_claim = "email"
models_claim = "models"`,
    },
  ],
  refusals: {
    invalid_api_key: { status: 401, kind: 'authentication', when: 'The token is missing or not valid.' },
    too_many_failures: { status: 429, kind: 'rate-limit', when: 'Too many bad tokens came from the address.' },
    token_keys_unavailable: { status: 503, kind: 'overloaded', when: 'The keys to check tokens with cannot be had.' },
    model_not_found: { status: 404, kind: 'not-found', when: 'The token does not allow the model.' },
  },
  async setup(tools) {
    const keys = await keySource(tools)
    const { options, clock, store } = tools
    const failures = new FailureLimit(store, options.failures_per_minute)
    const { issuer, audience, algorithms } = options
    const rules = { issuer, audience, algorithms: [...algorithms], clockTolerance: 60, requiredClaims: ['exp'] }
    return {
      async handle(call, next) {
        const { identity: known, credential, address } = call.client
        // A token begins with the base64 of `{"`.
        const isKey = options.or_key && !/^eyJ[\w-]*\./.test(credential ?? '')
        if (known || isKey) return next(call)
        const identity = await verify(call)
        await failures.admit(address, identity.name)
        const allowed = identity.models?.some(pattern => matchGlob(pattern, call.model)) ?? true
        if (!allowed && call.operation !== 'list-models') throw modelNotFound(call.model)
        return next(call.with({ identity }))
      },
    }

    async function verify({ client, log }: Call): Promise<Identity> {
      const { credential: token = '' } = client
      try {
        if (token.length > MAX_TOKEN) throw new Error('too long')
        const { payload } = await jwtVerify(token, keys, { ...rules, currentDate: new Date(clock.date()) })
        return identityOf(payload, options)
      } catch (error) {
        if (error instanceof Refusal) throw error
        // The messages of jose name claims, never their values.
        log.debug('a token was refused', { reason: String(error) })
        // Its signature was looked at first: it was good once, and is no guess.
        if (!(error instanceof errors.JWTExpired)) await failures.count(client)
        throw new Refusal(401, 'invalid_api_key', 'The API key is missing or not valid.')
      }
    }
  },
})

/** Characters; more do not fit into the headers of a request beside everything else. */
const MAX_TOKEN = 8192
const FETCH = { timeoutMs: 5000, maxBytes: 256 * 1024 } as const
const REFRESH_MS = 10 * 60_000
const MAX_AGE_MS = 24 * 60 * 60_000
/** Between two fetches, whatever tokens ask for. */
const COOLDOWN_MS = 30_000

type Options = OptionsOf<typeof OPTIONS>

/** @throws Error naming the claim at fault */
function identityOf(claims: JWTPayload, { name_claim, name_prefix, team_claim, models_claim }: Options): Identity {
  const name = claims[name_claim]
  if (typeof name !== 'string' || !/^[!-~]{1,128}$/.test(name)) throw new Error(`claim "${name_claim}" is no name`)
  const team = team_claim === undefined ? undefined : claims[team_claim]
  if (team !== undefined && typeof team !== 'string') throw new Error(`claim "${team_claim}" is no text`)
  const models = models_claim === undefined ? undefined : patternsOf(claims[models_claim], models_claim)
  return Object.freeze({ name: name_prefix + name, ...(team && { team }), ...(models && { models }) })
}

/** A list of texts, or words in one text as OAuth writes scopes. Its absence must not mean "all". */
function patternsOf(claim: unknown, name: string): readonly string[] {
  const patterns: unknown = typeof claim === 'string' ? claim.split(' ').filter(Boolean) : claim
  if (Array.isArray(patterns) && patterns.every(pattern => typeof pattern === 'string')) return patterns
  throw new Error(`claim "${name}" is no list of models`)
}

async function keySource(tools: Tools<Options>): Promise<JWTVerifyGetKey> {
  const { jwks_url, jwks_file } = tools.options
  if ((jwks_url === undefined) === (jwks_file === undefined)) throw new Error('give either "jwks_url" or "jwks_file"')
  if (jwks_file !== undefined) return createLocalJWKSet(JSON.parse(await readFile(jwks_file, 'utf8')))
  const source = outsideService(jwks_url ?? '')
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(source.url.hostname)
  if (source.url.protocol !== 'https:' && !isHere) throw new Error('jwks_url must begin with https://')
  return fetchedKeys(source, tools)
}

function fetchedKeys(source: OutsideService, { clock, log, signal }: Tools<Options>): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined
  let [fetchedAt, triedAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let fetching: Promise<void> | undefined
  const refresh = (): Promise<void> | undefined => {
    if (clock.now() - triedAt < COOLDOWN_MS) return fetching
    triedAt = clock.now()
    const fetched = fetchBounded(source, { ...FETCH, signal }).then(text => createLocalJWKSet(JSON.parse(text)))
    fetching = fetched.then(
      set => {
        keys = set
        fetchedAt = clock.now()
      },
      error => log.warn('the keys for tokens cannot be fetched', { reason: String(error) }),
    )
    return fetching
  }
  return async (header, token) => {
    if (clock.now() - fetchedAt > MAX_AGE_MS) await refresh()
    else if (clock.now() - fetchedAt > REFRESH_MS) void refresh()
    if (keys === undefined || clock.now() - fetchedAt > MAX_AGE_MS) {
      const message = 'The gateway cannot check tokens at the moment. Try again soon.'
      throw new Refusal(503, 'token_keys_unavailable', message, { retryAfterMs: COOLDOWN_MS })
    }
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await refresh()
      return keys(header, token)
    }
  }
}
