import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import auth from '../../processors/auth.ts'
import { hashKey, type KeyInput } from '../../src/commands/hash-key.ts'
import { runCommand } from '../support/command.ts'

const KEY = 'a-key-of-bob-0123456789-abcdef'

test('prints an entry that lets the key in, and nothing of the key', async () => {
  const { code, output, errors } = await runCommand(['hash-key', '--name', 'bob'], `${KEY}\n`)
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(output).not.toContain(KEY)
  const bench = await Workbench.open('auth', auth, { options: output })
  await bench.run({ credential: KEY })
  expect(bench.script.sent[0]?.client.identity?.name).toBe('bob')
  await bench.close()
})

test('takes no key from the command line, and does not repeat it', async () => {
  const { code, output, errors } = await runCommand(['hash-key', KEY])
  expect({ code, output }).toEqual({ code: 2, output: '' })
  expect(errors).toContain('reads the key from the standard input')
  expect(errors).not.toContain(KEY)
})

test.each([
  ['no key', '', 'there is no key on the standard input'],
  ['an empty line', '\r\n', 'there is no key on the standard input'],
  ['two lines', `${KEY}\n${KEY}\n`, 'one line of visible ASCII'],
  ['a space', `${KEY} x`, 'one line of visible ASCII'],
  ['a letter that no header carries', `${KEY}ä`, 'one line of visible ASCII'],
  ['more than a client can send', 'x'.repeat(513), 'over 512 bytes'],
])('refuses %s', async (_what, input, says) => {
  await expect(hashed(input)).rejects.toThrow(says)
})

test('refuses a name that auth would refuse', async () => {
  const { code, errors } = await runCommand(['hash-key', '--name', 'b"ob'], KEY)
  expect(code).toBe(2)
  expect(errors).toContain('--name takes up to 64')
})

test('warns of a short key, and prints it all the same', async () => {
  const { output, told } = await hashed('secret')
  expect(told).toContain('only 6 characters')
  expect(output).toContain('hash = "sha256:')
})

test('the hash is that of the key, whatever it is and in whatever pieces it comes', async () => {
  const keys = fc.stringMatching(/^[!-~]{1,200}$/)
  await fc.assert(
    fc.asyncProperty(keys, fc.nat(200), fc.constantFrom('', '\n', '\r\n'), async (key, cut, end) => {
      const { output } = await hashed(key.slice(0, cut), key.slice(cut) + end)
      expect(output).toBe(`[[keys]]\nname = "bob"\nhash = "sha256:${createHash('sha256').update(key).digest('hex')}"\n`)
    }),
  )
})

test('asks in a terminal', async () => {
  const terminal = Object.assign(Readable.from([`${KEY}\r`]), { isTTY: true })
  const { output, told } = await hashedFrom(terminal)
  expect(told).toBe('Key (it is not shown): \n')
  expect(output).toContain(createHash('sha256').update(KEY).digest('hex'))
})

async function hashed(...pieces: readonly string[]): Promise<{ output: string; told: string }> {
  return hashedFrom(Readable.from(pieces.filter(piece => piece !== '')))
}

async function hashedFrom(input: KeyInput): Promise<{ output: string; told: string }> {
  let told = ''
  const output = await hashKey('bob', input, text => {
    told += text
  })
  return { output, told }
}
