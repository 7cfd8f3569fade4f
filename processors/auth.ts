import { hash as digestOnce, timingSafeEqual } from 'node:crypto'
import {
  type Call,
  defineProcessor,
  FailureLimit,
  type Identity,
  matchGlob,
  modelNotFound,
  type OptionsOf,
  Refusal,
  type Reply,
  type Secret,
} from 'sluice'

const KEYS = {
  type: 'array',
  minItems: 1,
  description: 'The keys that are let in.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: {
        type: 'string',
        pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$',
        description: 'Whose key it is. Appears in logs and limits; never the key itself.',
      },
      key: { type: 'string', secret: true, description: 'The key. Give this or `hash`.' },
      hash: {
        type: 'string',
        pattern: '^sha256:[0-9a-f]{64}$',
        description:
          'The SHA-256 of the key in lower-case hexadecimal digits, after `sha256:`; `sluice hash-key` makes it.',
      },
      expires: {
        type: 'string',
        format: 'until',
        description: 'The last day of the key, such as "2027-01-31", or its last moment, "2027-01-31T18:00:00Z".',
      },
      team: { type: 'string', minLength: 1, description: 'A group that several keys belong to.' },
      models: {
        type: 'array',
        items: { type: 'string', format: 'glob' },
        description: 'Patterns of the models that the key may ask for; `*` is any text. Absent: all.',
      },
      providers: {
        type: 'array',
        items: { type: 'string', refersTo: 'provider' },
        description: 'The providers that calls with this key may go to. Absent: all.',
      },
    },
  },
} as const

const FILE = { type: 'object', additionalProperties: false, required: ['keys'], properties: { keys: KEYS } } as const

export default defineProcessor({
  summary: 'Lets in only callers with a known key, and says who they are to the processors behind it.',
  description: `
Stands first in the chain. The caller's credential is taken from wherever its SDK puts it: \`Authorization: Bearer\`,
\`x-api-key\`, \`x-goog-api-key\`, \`api-key\` or \`?key=\`. A missing, wrong, expired or oversized one gets the same 401.

Give each key once, as \`key\` (usually a reference, \`"\${ALICE_KEY}"\`) or as \`hash\`, so that the file holds nothing
worth stealing: \`sluice hash-key\`. A hash protects a long random key; it does not protect a word that can be guessed.

\`keys_file\` holds tables \`[[keys]]\` of the same form. It is read again when it changes, and taken over only as a whole:
while anything in it is wrong, the keys stay as they were and the log says why. Write a new file and rename it.

An address (of IPv6: a /64) that fails too often gets 429. A key that was let in from the same address before is let in
all the same, so that one caller behind a proxy cannot lock out the others.

\`models\` of a key are checked here, with the model that the client named; \`providers\` are checked at the end of the
chain, whichever processor sent the call there. The \`models\` processor leaves out of the model list what the caller may
not use. What a key may not use looks as if it did not exist. A call that \`auth-jwt\` has let in passes.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      keys: KEYS,
      keys_file: { type: 'string', format: 'path', description: 'A TOML file with more keys, followed as it changes.' },
      failures_per_minute: {
        type: 'integer',
        minimum: 0,
        default: 20,
        description: 'Bad credentials that an address may present before it gets 429; 0 sets no limit.',
      },
    },
  },
  examples: [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how the configuration names a variable
    { title: 'One key for each person', toml: 'keys = [{ name = "alice", key = "${ALICE_KEY:-a-long-random-key}" }]' },
    {
      title: 'A key of which the file holds only the hash, for small models, until the end of a year',
      toml: `[[keys]]
name = "ci"
hash = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
team = "build"
models = ["gpt-5-mini", "claude-haiku-*"]
expires = "2099-12-31"`,
    },
  ],
  refusals: {
    invalid_api_key: { status: 401, kind: 'authentication', when: 'The key is missing, not known or expired.' },
    too_many_failures: { status: 429, kind: 'rate-limit', when: 'Too many bad keys came from the address.' },
    model_not_found: { status: 404, kind: 'not-found', when: 'The key may not use the model.' },
  },
  async setup({ options, files, store, clock }) {
    const own = options.keys ?? []
    let keys = readKeys(own)
    if (options.keys_file !== undefined) {
      await files.follow(options.keys_file, FILE, content => {
        keys = readKeys([...own, ...content.keys])
      })
    }
    if (keys.size === 0) throw new Error('there is no key; give "keys", "keys_file" or both')
    const failures = new FailureLimit(store, options.failures_per_minute)
    return {
      handle(call, next) {
        const { identity, credential, address } = call.client
        if (identity) return next(call)
        const entry = find(keys, credential)
        if (!entry || clock.date() >= entry.expiresAt) return failures.count(call.client).then(refuse)
        const { identity: own } = entry
        const goOn = (): Promise<Reply> =>
          mayUse(own, call) ? next(call.with({ identity: own })) : Promise.reject(modelNotFound(call.model))
        return failures.knows(address, own.name) ? goOn() : failures.admit(address, own.name).then(goOn)
      },
    }
  },
})

function refuse(): never {
  throw new Refusal(401, 'invalid_api_key', 'The API key is missing or not valid.')
}

/** No key is longer; a longer text is not worth hashing. */
const MAX_CREDENTIAL_BYTES = 512

interface Entry {
  readonly digest: Buffer
  readonly identity: Identity
  readonly expiresAt: number // ms since 1970
}

type KeyOptions = OptionsOf<typeof KEYS.items>

/**
 * Keys by the first half of their SHA-256 digest. Time spent in the Map tells nothing of a key, because similar keys
 * have unrelated digests; the whole digest is then compared in constant time. Looking a key up costs the same for
 * ten keys and for ten thousand, which comparing with each of them would not.
 */
type Keys = ReadonlyMap<string, Entry>

/** @throws Error naming the key at fault by its name */
function readKeys(options: readonly KeyOptions[]): Keys {
  const keys = new Map<string, Entry>()
  const names = new Set<string>()
  for (const { key, hash, expires, ...identity } of options) {
    if (names.has(identity.name)) throw new Error(`two keys are named "${identity.name}"; give each its own name`)
    names.add(identity.name)
    const digest = digestOf(identity.name, key, hash)
    const same = keys.get(lookupOf(digest))
    if (same) throw new Error(`the keys of "${same.identity.name}" and "${identity.name}" are the same key`)
    keys.set(lookupOf(digest), {
      digest,
      identity: Object.freeze(identity),
      expiresAt: expires ?? Number.POSITIVE_INFINITY,
    })
  }
  return keys
}

function digestOf(name: string, key: Secret | undefined, hash: string | undefined): Buffer {
  if ((key === undefined) === (hash === undefined)) throw new Error(`key "${name}" needs either "key" or "hash"`)
  if (hash !== undefined) return Buffer.from(hash.slice('sha256:'.length), 'hex')
  const text = key?.reveal() ?? ''
  if (text === '') throw new Error(`the key of "${name}" is empty; set the variable that it comes from`)
  if (Buffer.byteLength(text) > MAX_CREDENTIAL_BYTES) {
    throw new Error(`the key of "${name}" is over ${MAX_CREDENTIAL_BYTES} bytes`)
  }
  return digestOnce('sha256', text, 'buffer')
}

function find(keys: Keys, credential: string | undefined): Entry | undefined {
  if (credential === undefined || Buffer.byteLength(credential) > MAX_CREDENTIAL_BYTES) return undefined
  const digest = digestOnce('sha256', credential, 'buffer')
  const entry = keys.get(lookupOf(digest))
  return entry && timingSafeEqual(entry.digest, digest) ? entry : undefined
}

function lookupOf(digest: Buffer): string {
  return digest.toString('hex', 0, 16)
}

function mayUse({ models }: Identity, { operation, model }: Call): boolean {
  return operation === 'list-models' || models === undefined || models.some(pattern => matchGlob(pattern, model))
}
