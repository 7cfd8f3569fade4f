/** Keys that come from a file, and what becomes of them when the file changes. */
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Workbench } from 'sluice/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import auth from '../../processors/auth.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const TAKEN = 'a file has changed and was taken over'
const LEFT = 'a file has changed and cannot be taken over; what it said before still holds'

test('lets the keys of the file in, beside those of the configuration', async () => {
  write('keys.toml', entry('alice', 'key-of-alice') + entry('bob', 'key-of-bob'))
  await using bench = await open('keys = [{ name = "carol", key = "key-of-carol" }]\n')
  for (const name of ['alice', 'bob', 'carol']) expect(await caller(bench, `key-of-${name}`)).toBe(name)
  expect(await caller(bench, 'key-of-dave')).toBe(401)
})

test('takes over a file that is written again, and one that takes its place by a rename', async () => {
  write('keys.toml', entry('alice', 'key-of-alice'))
  await using bench = await open()
  write('keys.toml', entry('bob', 'key-of-bob'))
  await logged(bench, TAKEN, 1)
  expect([await caller(bench, 'key-of-alice'), await caller(bench, 'key-of-bob')]).toEqual([401, 'bob'])
  write('keys.new', entry('carol', 'key-of-carol'))
  renameSync(join(folder, 'keys.new'), join(folder, 'keys.toml'))
  await logged(bench, TAKEN, 2)
  expect([await caller(bench, 'key-of-bob'), await caller(bench, 'key-of-carol')]).toEqual([401, 'carol'])
})

test('takes over a folder that is swapped by a link, as Kubernetes does it', async () => {
  for (const name of ['one', 'two']) mkdirSync(join(folder, name))
  write('one/keys.toml', entry('alice', 'key-of-alice'))
  write('two/keys.toml', entry('bob', 'key-of-bob'))
  symlinkSync('one', join(folder, 'data'))
  symlinkSync('data/keys.toml', join(folder, 'keys.toml'))
  await using bench = await open()
  symlinkSync('two', join(folder, 'new'))
  renameSync(join(folder, 'new'), join(folder, 'data'))
  await logged(bench, TAKEN, 1)
  expect(await caller(bench, 'key-of-bob')).toBe('bob')
})

const CANARY = 'canary-0123456789-abcdefghij'
const BAD: Readonly<Record<string, { readonly text: string; readonly says: string }>> = {
  'no TOML': { text: `[[keys]]\nname = "bob"\nkey = "${CANARY}`, says: 'keys.toml:3:' },
  'an empty file': { text: '', says: 'keys: is missing' },
  'no key': { text: 'keys = []', says: 'must not be empty' },
  'an unknown option': { text: `[[keys]]\nname = "bob"\nkye = "${CANARY}"`, says: 'did you mean "key"' },
  'two keys of one name': { text: entry('bob', CANARY) + entry('bob', 'another'), says: 'two keys are named "bob"' },
  'one key twice': { text: entry('bob', CANARY) + entry('carol', CANARY), says: 'are the same key' },
  'a provider that there is not': {
    text: `[[keys]]\nname = "bob"\nkey = "${CANARY}"\nproviders = ["mian"]`,
    says: 'there is no such provider; known: main',
  },
  'a day that there is not': { text: `${entry('bob', CANARY)}expires = "2027-13-01"`, says: 'is no day or time' },
}

for (const [what, { text, says }] of Object.entries(BAD)) {
  test(`keeps the keys as they were when the file has ${what}, and says so without a secret`, async () => {
    write('keys.toml', entry('alice', 'key-of-alice'))
    await using bench = await open()
    write('keys.toml', text)
    await logged(bench, LEFT, 1)
    expect(await caller(bench, 'key-of-alice')).toBe('alice')
    expect(await caller(bench, CANARY)).toBe(401)
    const log = JSON.stringify(bench.log)
    expect(log).toContain(JSON.stringify(says).slice(1, -1))
    expect(log).not.toContain(CANARY)
    write('keys.toml', entry('dave', 'key-of-dave'))
    await logged(bench, TAKEN, 1)
    expect(await caller(bench, 'key-of-dave')).toBe('dave')
  })
}

test('keeps the keys when the file goes, and takes it over when it comes back', async () => {
  write('keys.toml', entry('alice', 'key-of-alice'))
  await using bench = await open()
  rmSync(join(folder, 'keys.toml'))
  await logged(bench, LEFT, 1)
  expect(await caller(bench, 'key-of-alice')).toBe('alice')
  write('keys.toml', entry('bob', 'key-of-bob'))
  await logged(bench, TAKEN, 1)
  expect(await caller(bench, 'key-of-bob')).toBe('bob')
})

test('warns once of a file that others can read, and not of one that they cannot', async () => {
  write('keys.toml', entry('alice', 'key-of-alice'))
  {
    await using bench = await open()
    expect(bench.log).toEqual([])
  }
  chmodSync(join(folder, 'keys.toml'), 0o644)
  await using bench = await open()
  write('keys.toml', entry('bob', 'key-of-bob'))
  await logged(bench, TAKEN, 1)
  const warnings = bench.log.filter(({ level }) => level === 'warn')
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatchObject({ message: expect.stringContaining('chmod 600'), fields: { mode: '644' } })
})

test('is not set up with a file that has a problem', async () => {
  write('keys.toml', `[[keys]]\nname = "bob"\nkye = "${CANARY}"`)
  const problem = await open().catch((error: Error) => error.message)
  expect(problem).toContain('keys.toml:3:1: keys[0].kye: unknown key; did you mean "key"?')
  expect(problem).not.toContain(CANARY)
})

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text, { mode: 0o600 })
}

function entry(name: string, key: string): string {
  const hash = createHash('sha256').update(key).digest('hex')
  return `[[keys]]\nname = "${name}"\nhash = "sha256:${hash}"\n`
}

async function open(options = ''): Promise<Workbench & AsyncDisposable> {
  const bench = await Workbench.open('auth', auth, {
    options: `${options}keys_file = ${JSON.stringify(join(folder, 'keys.toml'))}`,
  })
  return Object.assign(bench, { [Symbol.asyncDispose]: () => bench.close() })
}

/** The name behind a credential, or the status that it is refused with. */
async function caller(bench: Workbench, credential: string): Promise<unknown> {
  const { failure } = await bench.run({ credential })
  if (failure === undefined) return bench.script.sent.at(-1)?.client.identity?.name
  return failure instanceof Error && 'status' in failure ? failure.status : failure
}

async function logged(bench: Workbench, message: string, times: number): Promise<void> {
  await vi.waitFor(() => expect(bench.log.filter(line => line.message === message)).toHaveLength(times), {
    timeout: 8000,
    interval: 10,
  })
}
