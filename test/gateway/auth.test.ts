/** Callers with keys and callers with tokens at one gateway, over real sockets. */
import { createHash } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test, vi } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'

const CONFIG = `
[providers.main]
client = "echo"

[pipelines.main]
parsers = ["openai-chat", "anthropic-messages"]
provider = "main"

[[pipelines.main.processors]]
use = "auth-jwt"
or_key = true
issuer = "https://login.example.com/"
audience = "llm"
jwks_file = "./jwks.json"

[[pipelines.main.processors]]
use = "auth"
keys_file = "./keys.toml"
failures_per_minute = 3

[[pipelines.main.processors]]
use = "convert"
`

const { publicKey, privateKey } = await generateKeyPair('ES256')
const JWKS = JSON.stringify({ keys: [await exportJWK(publicKey)] })
const TOKEN = await new SignJWT({ sub: 'bob' })
  .setProtectedHeader({ alg: 'ES256' })
  .setIssuer('https://login.example.com/')
  .setAudience('llm')
  .setExpirationTime('1h')
  .sign(privateKey)

function start(log: (line: string) => void = () => {}) {
  return startTestGateway(CONFIG, { files: { 'jwks.json': JWKS, 'keys.toml': entry('alice', 'key-of-alice') }, log })
}

test('a key or a token lets a call in, from wherever the SDK puts it', async () => {
  await using gateway = await start()
  expect(await ask(gateway.url, { authorization: `Bearer ${TOKEN}` })).toBe(200)
  expect(await ask(gateway.url, { 'x-api-key': TOKEN })).toBe(200)
  expect(await ask(gateway.url, { authorization: 'Bearer key-of-alice' })).toBe(200)
  expect(await ask(gateway.url, { 'api-key': 'key-of-alice' })).toBe(200)
})

test('nothing, a bad key and a bad token get the same answer, and then the address has to wait', async () => {
  await using gateway = await start()
  const [nothing, ...others] = await Promise.all([
    body(gateway.url, {}),
    body(gateway.url, { authorization: 'Bearer key-of-mallory' }),
    body(gateway.url, { authorization: `Bearer ${TOKEN.slice(0, -4)}AAAA` }),
  ])
  for (const other of others) expect(other).toEqual(nothing)
  expect(await ask(gateway.url, { 'x-api-key': 'guess 2' })).toBe(401)
  expect(await ask(gateway.url, { 'x-api-key': 'guess 3' })).toBe(401)
  const refused = await post(gateway.url, { 'x-api-key': 'guess 4' })
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('Too many bad API keys') } })
  expect(await ask(gateway.url, { authorization: `Bearer ${TOKEN}` })).toBe(200)
})

test('an address that presents bad tokens again and again has to wait, and callers that are known do not', async () => {
  await using gateway = await start()
  const guess = (index: number) => ask(gateway.url, { authorization: `Bearer ${TOKEN}${index}` })
  expect(await ask(gateway.url, { authorization: `Bearer ${TOKEN}` })).toBe(200)
  const told = []
  for (let index = 0; index < 22; index++) told.push(await guess(index))
  expect(told).toEqual([...Array(20).fill(401), 429, 429])
  expect(await ask(gateway.url, { authorization: `Bearer ${TOKEN}` })).toBe(200)
  expect(await ask(gateway.url, { 'x-api-key': 'key-of-alice' })).toBe(200)
})

test('a key that is taken out of the file is out, one that is put in is in, and none stands in the log', async () => {
  const lines: string[] = []
  await using gateway = await start(line => lines.push(line))
  writeFileSync(join(gateway.folder, 'keys.new'), `[[keys]]\nname = "carol"\nkey = "key-of-carol"\n`, { mode: 0o600 })
  renameSync(join(gateway.folder, 'keys.new'), join(gateway.folder, 'keys.toml'))
  await vi.waitFor(() => expect(lines.join('')).toContain('was taken over'), { timeout: 8000 })
  expect(await ask(gateway.url, { 'x-api-key': 'key-of-alice' })).toBe(401)
  expect(await ask(gateway.url, { 'x-api-key': 'key-of-carol' })).toBe(200)
  expect(lines.join('')).not.toMatch(/key-of-/)
})

function entry(name: string, key: string): string {
  return `[[keys]]\nname = "${name}"\nhash = "sha256:${createHash('sha256').update(key).digest('hex')}"\n`
}

function post(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await post(url, headers)
  await response.text()
  return response.status
}

async function body(url: string, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const response = await post(url, headers)
  return { status: response.status, text: await response.text() }
}
