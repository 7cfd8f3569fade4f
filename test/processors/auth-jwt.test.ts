import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompactSign, exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose'
import type { Refusal } from 'sluice'
import { type CallSketch, testProcessor, Workbench } from 'sluice/testing'
import { afterAll, describe, expect, test, vi } from 'vitest'
import authJwt from '../../processors/auth-jwt.ts'

/** The workbench's clock begins here. */
const NOW = Date.UTC(2030, 0, 1) / 1000
const ISSUER = 'https://login.example.com/'
const CLAIMS: JWTPayload = { iss: ISSUER, aud: 'llm', sub: 'alice', exp: NOW + 3600 }

const ours = await generateKeyPair('RS256', { extractable: true })
const theirs = await generateKeyPair('RS256', { extractable: true })
const elliptic = await generateKeyPair('ES256', { extractable: true })
const publicKey = { ...(await exportJWK(ours.publicKey)), kid: 'one', use: 'sig' }
const KEY_SET = { keys: [publicKey, { ...(await exportJWK(elliptic.publicKey)), kid: 'two', alg: 'ES256' }] }

const folder = mkdtempSync(join(tmpdir(), 'sluice-jwt-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'keys.json')
writeFileSync(file, JSON.stringify(KEY_SET))
const COMMON = `issuer = "${ISSUER}"\naudience = "llm"\n`
const OPTIONS = `${COMMON}jwks_file = ${JSON.stringify(file)}\n`

const GOOD = await token()

testProcessor(test, 'auth-jwt', authJwt, {
  accepts: [OPTIONS, `${COMMON}jwks_url = "http://127.0.0.1:9/keys"`],
  rejects: {
    '': 'issuer: is missing',
    [COMMON]: 'give either "jwks_url" or "jwks_file"',
    [`${OPTIONS}jwks_url = "https://login.example.com/keys"`]: 'give either "jwks_url" or "jwks_file"',
    [`${COMMON}jwks_url = "http://login.example.com/keys"`]: 'must begin with https://',
    [`${COMMON}jwks_file = "no-such-file.json"`]: 'ENOENT',
    [`${OPTIONS}algorithms = ["none"]`]: 'must be one of',
    [`${OPTIONS}algorithms = ["HS256"]`]: 'must be one of',
    [`${OPTIONS}algorithms = []`]: 'must not be empty',
  },
  calls: {
    'lets a good token in and says whose it is': {
      options: OPTIONS,
      call: { credential: GOOD },
      expect({ sent, decoded }) {
        expect(sent[0]?.client.identity).toEqual({ name: 'jwt:alice' })
        expect(decoded).toBe(0)
      },
    },
    'lets a token of another algorithm on the list in': {
      options: OPTIONS,
      call: {
        credential: await new SignJWT(CLAIMS)
          .setProtectedHeader({ alg: 'ES256', kid: 'two' })
          .sign(elliptic.privateKey),
      },
      expect({ sent }) {
        expect(sent).toHaveLength(1)
      },
    },
    'takes name, team and models from the claims that it is told': {
      options: `${OPTIONS}name_claim = "email"\nname_prefix = ""\nteam_claim = "dept"\nmodels_claim = "models"`,
      calls: [
        { credential: await token({ email: 'a@example.com', dept: 'red', models: ['gpt-*'] }), model: 'gpt-5' },
        { credential: await token({ email: 'a@example.com', models: 'claude-* gpt-*' }), model: 'gpt-5' },
        { credential: await token({ email: 'a@example.com', models: ['claude-*'] }), model: 'gpt-5' },
      ],
      expect({ sent, failure }) {
        expect(sent[0]?.client.identity).toEqual({ name: 'a@example.com', team: 'red', models: ['gpt-*'] })
        expect(sent[1]?.client.identity?.models).toEqual(['claude-*', 'gpt-*'])
        expect(failure).toMatchObject({ status: 404, code: 'model_not_found' })
      },
    },
    'lets every token ask for the list of models': {
      options: `${OPTIONS}models_claim = "models"`,
      replies: [{ models: [{ id: 'gpt-5' }] }],
      call: { credential: await token({ models: [] }), operation: 'list-models', model: '' },
      expect({ reply }) {
        expect(reply?.models).toEqual([{ id: 'gpt-5' }])
      },
    },
    'allows clocks a difference of a minute': {
      options: OPTIONS,
      calls: [{ credential: await token({ exp: NOW - 59 }) }, { credential: await token({ nbf: NOW + 59 }) }],
      expect({ calls }) {
        expect(calls.map(({ reply }) => reply?.status)).toEqual([200, 200])
      },
    },
    'holds an address up after 20 bad tokens, for so long as it says': {
      options: OPTIONS,
      calls: [
        ...badTokens(21),
        { credential: GOOD },
        { credential: GOOD, address: '192.0.2.2' },
        { credential: 'x', after: 3000 },
        { credential: 'y' },
      ],
      expect({ calls }) {
        const told = calls.map(({ reply, failure }) => reply?.status ?? (failure as Refusal).status)
        expect(told).toEqual([...Array(20).fill(401), 429, 429, 200, 401, 429])
        expect(calls[20]?.failure).toMatchObject({ code: 'too_many_failures', retryAfterMs: 3000 })
      },
    },
    'lets a caller in whom it knows from the same address, whatever others do there': {
      options: OPTIONS,
      calls: [{ credential: GOOD }, ...badTokens(50), { credential: GOOD }],
      expect({ reply }) {
        expect(reply?.status).toBe(200)
      },
    },
    'takes neither a missing token nor one that was good once for a guess': {
      options: `${OPTIONS}failures_per_minute = 2`,
      calls: [
        ...Array.from({ length: 5 }, () => ({})),
        ...Array(5).fill({ credential: await token({ exp: NOW - 120 }) }),
        { credential: GOOD },
      ],
      expect({ calls, reply }) {
        expect(calls.slice(0, 10).map(({ failure }) => (failure as Refusal).status)).toEqual(Array(10).fill(401))
        expect(reply?.status).toBe(200)
      },
    },
    'holds nobody up where it is told to': {
      options: `${OPTIONS}failures_per_minute = 0`,
      calls: [...badTokens(50), { credential: GOOD }],
      expect({ reply }) {
        expect(reply?.status).toBe(200)
      },
    },
    'does not count what it leaves to auth': {
      options: `${OPTIONS}or_key = true\nfailures_per_minute = 1`,
      calls: [...Array.from({ length: 5 }, (_, guess) => ({ credential: `guess ${guess}` })), { credential: GOOD }],
      expect({ reply }) {
        expect(reply?.status).toBe(200)
      },
    },
    'leaves keys and missing credentials to auth, but no bad token': {
      options: `${OPTIONS}or_key = true`,
      calls: [{ credential: 'sk-a-key' }, {}, { credential: GOOD }, { credential: `${GOOD}x` }],
      expect({ sent, failure }) {
        expect(sent.map(({ client }) => client.identity?.name)).toEqual([undefined, undefined, 'jwt:alice'])
        expect(failure).toMatchObject({ status: 401 })
      },
    },
  },
})

describe('a forged token gets the 401 of a missing one', async () => {
  const [header = '', payload = '', signature = ''] = GOOD.split('.')
  const sharedSecret = new TextEncoder().encode(JSON.stringify(publicKey))
  const forged: Readonly<Record<string, string | undefined>> = {
    'no token': undefined,
    'the algorithm "none"': `${part({ alg: 'none' })}.${payload}.`,
    'the algorithm "nOnE"': `${part({ alg: 'nOnE' })}.${payload}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'a changed signature': `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
    'changed claims': `${header}.${part({ ...CLAIMS, sub: 'root' })}.${signature}`,
    'the public key as a shared secret': await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(sharedSecret),
    'the key of somebody else': await token({}, { kid: 'one' }, theirs.privateKey),
    'an unknown key': await token({}, { kid: 'three' }, theirs.privateKey),
    'a key that it brings itself': await token({}, { jwk: await exportJWK(theirs.publicKey) }, theirs.privateKey),
    'a key that it points to': await token({}, { jku: 'https://evil.example/keys', kid: 'x' }, theirs.privateKey),
    'a certificate that it points to': await token({}, { x5u: 'https://evil.example/c', kid: 'x' }, theirs.privateKey),
    'an algorithm that is not on the list': await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'RS512', kid: 'one' })
      .sign(await importJWK(await exportJWK(ours.privateKey), 'RS512')),
    'the algorithm of another key': await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(elliptic.privateKey),
    'a critical header that nobody knows': `${part({ alg: 'RS256', kid: 'one', crit: ['x'], x: 1 })}.${payload}.${signature}`,
    'another issuer': await token({ iss: 'https://login.example.com' }),
    'another audience': await token({ aud: 'other' }),
    'no audience': await token({ aud: undefined }),
    'an expiry in the past': await token({ exp: NOW - 61 }),
    'no expiry': await token({ exp: undefined }),
    'a beginning in the future': await token({ nbf: NOW + 61 }),
    'no name': await token({ sub: undefined }),
    'a name with a line break': await token({ sub: 'alice\nadmin' }),
    'an expiry that is no number': await new CompactSign(Buffer.from(JSON.stringify({ ...CLAIMS, exp: '9999999999' })))
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(ours.privateKey),
    'claims that are no object': await new CompactSign(Buffer.from('"alice"'))
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(ours.privateKey),
    'too many characters': await token({ filler: 'x'.repeat(9000) }),
    'two parts': `${header}.${payload}`,
    'five parts': `${header}.${payload}.${signature}.a.b`,
    'no base64': `${header}.%%%.${signature}`,
  }
  for (const [what, credential] of Object.entries(forged)) {
    test(what, async () => {
      await using bench = await open(OPTIONS)
      const { failure } = await bench.run(credential === undefined ? {} : { credential })
      const { status, code, kind, message } = failure as Record<string, unknown>
      expect({ status, code, kind, message }).toEqual({
        status: 401,
        code: 'invalid_api_key',
        kind: 'authentication',
        message: 'The API key is missing or not valid.',
      })
      expect(bench.script.sent).toHaveLength(0)
      if (credential) expect(JSON.stringify(bench.log)).not.toContain(credential)
    })
  }

  test('models that must be there and are not', async () => {
    await using bench = await open(`${OPTIONS}models_claim = "models"`)
    for (const models of [undefined, null, 7, [7], {}]) {
      expect((await bench.run({ credential: await token({ models }) })).failure).toMatchObject({ status: 401 })
    }
  })
})

describe('keys by address', () => {
  test('are fetched once for many calls, and again after ten minutes without holding a call up', async () => {
    await using source = await keyServer()
    await using bench = await open(source.options)
    await statuses(bench, [GOOD, GOOD, GOOD])
    expect(source.requests).toBe(1)
    expect(await statuses(bench, [GOOD], 11 * 60_000)).toEqual([200])
    await vi.waitFor(() => expect(source.requests).toBe(2))
  })

  test('are fetched again for a key that is not among them, at most twice a minute', async () => {
    await using source = await keyServer({ keys: [] })
    await using bench = await open(source.options)
    expect(await statuses(bench, [GOOD, GOOD, GOOD])).toEqual([401, 401, 401])
    expect(source.requests).toBe(1)
    source.answer = KEY_SET
    expect(await statuses(bench, [GOOD], 31_000)).toEqual([200])
    expect(source.requests).toBe(2)
  })

  test('that cannot be had are told as 503, and asked for again', async () => {
    await using source = await keyServer(500)
    await using bench = await open(source.options)
    const { failure } = await bench.run({ credential: GOOD })
    expect(failure).toMatchObject({ status: 503, code: 'token_keys_unavailable', retryAfterMs: 30_000 })
    source.answer = KEY_SET
    expect(await statuses(bench, [GOOD], 31_000)).toEqual([200])
  })

  test('serve for a day when they cannot be had any more', async () => {
    await using source = await keyServer()
    await using bench = await open(source.options)
    const lasting = await token({ exp: NOW + 3 * 86_400 })
    await statuses(bench, [lasting])
    source.answer = 500
    expect(await statuses(bench, [lasting], 23 * 3_600_000)).toEqual([200])
    expect(await statuses(bench, [await token({}, { kid: 'three' }, theirs.privateKey)])).toEqual([401])
    expect(await statuses(bench, [lasting], 2 * 3_600_000)).toEqual([503])
  })

  test.each([
    ['a redirect', 302],
    ['no JSON', '<html>'],
    ['no key set', { keys: 'none' }],
    ['more than they may be', { keys: [], filler: 'x'.repeat(300 * 1024) }],
  ])('are not taken from %s', async (_what, answer) => {
    await using source = await keyServer(answer)
    await using bench = await open(source.options)
    expect(await statuses(bench, [GOOD])).toEqual([503])
    expect(bench.log.filter(({ message }) => message === 'the keys for tokens cannot be fetched')).toHaveLength(1)
  })
})

function badTokens(count: number): readonly CallSketch[] {
  return Array.from({ length: count }, (_, guess) => ({ credential: `${GOOD}${guess}` }))
}

async function token(
  claims: Readonly<Record<string, unknown>> = {},
  header: object = { kid: 'one' },
  key = ours.privateKey,
): Promise<string> {
  return new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ alg: 'RS256', ...header }).sign(key)
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function open(options: string): Promise<Workbench & AsyncDisposable> {
  const bench = await Workbench.open('auth-jwt', authJwt, { options })
  return Object.assign(bench, { [Symbol.asyncDispose]: () => bench.close() })
}

/** @param after ms before the first call */
async function statuses(bench: Workbench, credentials: readonly string[], after = 0): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  for (const [index, credential] of credentials.entries()) {
    const sketch: CallSketch = { credential, after: index === 0 ? after : 0 }
    const { reply, failure } = await bench.run(sketch)
    seen.push(reply?.status ?? (failure as { status?: number }).status)
  }
  return seen
}

interface KeyServer extends AsyncDisposable {
  readonly options: string
  /** JSON, text, or a status. */
  answer: unknown
  requests: number
}

async function keyServer(answer: unknown = KEY_SET): Promise<KeyServer> {
  const server: Server = createServer((_request, response) => {
    source.requests++
    if (typeof source.answer === 'number') response.writeHead(source.answer, { location: '/other' }).end()
    else response.end(typeof source.answer === 'string' ? source.answer : JSON.stringify(source.answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const source: KeyServer = {
    options: `${COMMON}jwks_url = "http://127.0.0.1:${port}/keys"`,
    answer,
    requests: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return source
}
