import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { Refusal } from 'sluice'
import { testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import auth from '../../processors/auth.ts'

const KEY = 'a-key-of-alice-0123456789'
const HASH = `sha256:${createHash('sha256').update(KEY).digest('hex')}`
const DAY = 86_400_000
const ALICE = `keys = [{ name = "alice", team = "red", key = "${KEY}" }]`

function guesses(count: number): readonly { readonly credential: string }[] {
  return Array.from({ length: count }, (_, guess) => ({ credential: `guess ${guess}` }))
}

testProcessor(test, 'auth', auth, {
  accepts: [
    ALICE,
    `keys = [{ name = "alice", hash = "${HASH}" }]`,
    '[[keys]]\nname = "a"\nkey = "1"\nmodels = ["gpt-*"]',
  ],
  rejects: {
    '': 'there is no key; give "keys", "keys_file" or both',
    'keys = []': 'must not be empty',
    'keys = [{ name = "alice" }]': 'needs either "key" or "hash"',
    [`keys = [{ name = "alice", key = "${KEY}", hash = "${HASH}" }]`]: 'needs either "key" or "hash"',
    'keys = [{ name = "alice", key = "" }]': 'the key of "alice" is empty',
    'keys = [{ name = "alice", key = "${ALICE_KEY:-}" }]': 'the key of "alice" is empty',
    'keys = [{ name = "alice", key = "${ALICE_KEY}" }]': 'ALICE_KEY is not set',
    'keys = [{ name = "a", key = "1" }, { name = "a", key = "2" }]': 'two keys are named "a"',
    [`keys = [{ name = "a", key = "${KEY}" }, { name = "b", hash = "${HASH}" }]`]: 'are the same key',
    'keys = [{ name = "a b", key = "1" }]': 'pattern',
    'keys = [{ name = "a", hash = "md5:00" }]': 'pattern',
    [`keys = [{ name = "a", key = "${'x'.repeat(513)}" }]`]: 'over 512 bytes',
    'keys = [{ name = "a", kye = "1" }]': 'did you mean "key"',
    'keys = [{ name = "a", key = "1", expires = "2027-02-30" }]': 'is no day or time that there is',
    'keys = [{ name = "a", key = "1", expires = "next year" }]': 'must be a day such as "2027-01-31"',
    'keys_file = "./no-such-file.toml"': 'cannot be read: there is no such file',
  },
  calls: {
    'lets a known key in and says whose it is': {
      options: ALICE,
      call: { credential: KEY },
      expect({ reply, sent }) {
        expect(reply?.text).toBe('ok')
        expect(sent[0]?.client.identity).toEqual({ name: 'alice', team: 'red' })
      },
    },
    'lets a key in of which it knows only the hash': {
      options: `keys = [{ name = "alice", hash = "${HASH}" }]`,
      call: { credential: KEY },
      expect({ sent }) {
        expect(sent[0]?.client.identity?.name).toBe('alice')
      },
    },
    'gives every bad credential the same answer': {
      options: ALICE,
      calls: [
        {},
        { credential: '' },
        { credential: `${KEY}x` },
        { credential: KEY.slice(0, -1) },
        { credential: KEY.toUpperCase() },
        { credential: `${KEY}\u0000` },
        { credential: "' or 1=1 --" },
        { credential: 'x'.repeat(10_000) },
        { credential: HASH },
      ],
      expect({ calls, sent }) {
        expect(sent).toHaveLength(0)
        const answers = calls.map(({ failure }) => {
          if (!(failure instanceof Refusal)) throw new Error('was let in')
          const { status, code, kind, message } = failure
          return JSON.stringify({ status, code, kind, message })
        })
        expect(new Set(answers).size).toBe(1)
        expect(answers[0]).toContain('"status":401,"code":"invalid_api_key"')
      },
    },
    'hides a model that the key may not use, in the words for an unknown one': {
      options: `keys = [{ name = "a", key = "${KEY}", models = ["gpt-5-mini", "claude-haiku-*"] }]`,
      calls: [
        { credential: KEY, model: 'gpt-5-mini' },
        { credential: KEY, model: 'claude-haiku-4-5' },
        { credential: KEY, model: 'gpt-5' },
      ],
      expect({ calls, failure }) {
        expect(calls[0]?.reply).toBeDefined()
        expect(calls[1]?.reply).toBeDefined()
        expect(failure).toMatchObject({ status: 404, code: 'model_not_found' })
        expect(failure).toHaveProperty('message', 'The model "gpt-5" does not exist or you do not have access to it.')
      },
    },
    'leaves it to the end of the chain whether the key may use the provider': {
      options: `keys = [{ name = "a", key = "${KEY}", providers = ["other"] }]`,
      call: { credential: KEY },
      expect({ sent }) {
        expect(sent[0]?.client.identity?.providers).toEqual(['other'])
      },
    },
    'lets every key ask for the list of models': {
      options: `keys = [{ name = "a", key = "${KEY}", models = ["gpt-5-mini"] }]`,
      replies: [{ models: [{ id: 'gpt-5' }] }],
      call: { credential: KEY, operation: 'list-models', model: '' },
      expect({ reply }) {
        expect(reply?.models).toEqual([{ id: 'gpt-5' }])
      },
    },
    'lets a key in until the end of its last day, and then answers as for an unknown one': {
      options: `keys = [{ name = "a", key = "${KEY}", expires = "2030-01-01" }]`,
      calls: [{ credential: KEY }, { credential: KEY, after: DAY - 1 }, { credential: KEY, after: 1 }],
      expect({ calls }) {
        expect(calls.map(({ reply }) => reply?.status)).toEqual([200, 200, undefined])
        expect(calls[2]?.failure).toMatchObject({ status: 401, code: 'invalid_api_key' })
        expect(calls[2]?.failure).toHaveProperty('message', 'The API key is missing or not valid.')
      },
    },
    'lets a key in until a moment': {
      options: `keys = [{ name = "a", key = "${KEY}", expires = "2030-01-01T01:00:00+01:00" }]`,
      call: { credential: KEY },
      expect({ failure }) {
        expect(failure).toMatchObject({ status: 401 })
      },
    },
    'passes a call on that another processor has let in': {
      options: ALICE,
      call: { credential: 'a token', identity: { name: 'jwt:bob' } },
      expect({ sent }) {
        expect(sent[0]?.client.identity?.name).toBe('jwt:bob')
      },
    },
    'holds an address up after 20 failures, for so long as it says': {
      options: ALICE,
      calls: [
        ...Array.from({ length: 22 }, (_, guess) => ({ credential: `guess ${guess}` })),
        { credential: 'from another address', address: '192.0.2.2' },
        { credential: 'guess 22', after: 3000 },
        { credential: 'guess 23' },
      ],
      expect({ calls }) {
        const failures = calls.map(({ failure }) => failure as Refusal)
        expect(failures.map(({ status }) => status)).toEqual([...Array(20).fill(401), 429, 429, 401, 401, 429])
        expect(failures[20]).toMatchObject({ code: 'too_many_failures', retryAfterMs: 3000 })
      },
    },
    'believes no key that was guessed when the failures were used up': {
      options: ALICE,
      calls: [...guesses(20), { credential: KEY }],
      expect({ failure }) {
        expect(failure).toMatchObject({ status: 429, code: 'too_many_failures' })
      },
    },
    'lets a caller in whom it knows from the same address, whatever others do there': {
      options: ALICE,
      calls: [{ credential: KEY }, ...guesses(50), { credential: KEY }],
      expect({ reply }) {
        expect(reply?.status).toBe(200)
      },
    },
    'counts a whole /64 of IPv6 as one address': {
      options: `${ALICE}\nfailures_per_minute = 2`,
      calls: [
        { credential: 'x', address: '2001:db8:1:2::1' },
        { credential: 'y', address: '2001:db8:1:2:ffff:ffff:ffff:ffff' },
        { credential: 'z', address: '2001:db8:1:2:3::' },
        { credential: 'z', address: '2001:db8:1:3::1' },
      ],
      expect({ calls }) {
        expect(calls.map(({ failure }) => (failure as Refusal).status)).toEqual([401, 401, 429, 401])
      },
    },
    'counts no call without a credential': {
      options: `${ALICE}\nfailures_per_minute = 1`,
      calls: [{}, {}, {}],
      expect({ failure }) {
        expect(failure).toMatchObject({ status: 401 })
      },
    },
    'does not look into the call': {
      options: ALICE,
      call: { credential: KEY },
      expect({ decoded }) {
        expect(decoded).toBe(0)
      },
    },
  },
})

test('auth finds each of many keys', async () => {
  const keys = Array.from({ length: 2000 }, (_, index) => `{ name = "k${index}", key = "key-${index}" }`)
  const bench = await Workbench.open('auth', auth, { options: `keys = [${keys.join(', ')}]` })
  for (const index of [0, 999, 1999]) {
    const { reply } = await bench.run({ credential: `key-${index}` })
    expect(reply?.status).toBe(200)
  }
  await bench.close()
})

test('auth lets in nothing but its keys', async () => {
  const bench = await Workbench.open('auth', auth, { options: `${ALICE}\nfailures_per_minute = 0` })
  const near = fc.integer({ min: 0, max: KEY.length - 1 }).map(at => KEY.slice(0, at) + KEY.slice(at + 1))
  await fc.assert(
    fc.asyncProperty(fc.oneof(near, fc.string({ unit: 'binary', maxLength: 600 })), async credential => {
      const { failure } = await bench.run({ credential })
      expect(failure).toMatchObject({ status: 401, code: 'invalid_api_key' })
    }),
  )
  await bench.close()
})
