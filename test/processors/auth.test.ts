import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { Refusal } from 'sluice'
import { testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import auth from '../../processors/auth.ts'

const KEY = 'a-key-of-alice-0123456789'
const HASH = `sha256:${createHash('sha256').update(KEY).digest('hex')}`
const ALICE = `keys = [{ name = "alice", team = "red", key = "${KEY}" }]`

testProcessor(test, 'auth', auth, {
  accepts: [
    ALICE,
    `keys = [{ name = "alice", hash = "${HASH}" }]`,
    '[[keys]]\nname = "a"\nkey = "1"\nmodels = ["gpt-*"]',
  ],
  rejects: {
    '': 'keys: is missing',
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
  const bench = await Workbench.open('auth', auth, { options: ALICE })
  const near = fc.integer({ min: 0, max: KEY.length - 1 }).map(at => KEY.slice(0, at) + KEY.slice(at + 1))
  await fc.assert(
    fc.asyncProperty(fc.oneof(near, fc.string({ unit: 'binary', maxLength: 600 })), async credential => {
      const { failure } = await bench.run({ credential })
      expect(failure).toMatchObject({ status: 401, code: 'invalid_api_key' })
    }),
  )
  await bench.close()
})
