import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { SecretString } from '../../src/config/secret.ts'

const CANARY = 'canary-0123456789'
const secret = new SecretString(CANARY)

test('gives its value to who asks for it', () => {
  expect(secret.reveal()).toBe(CANARY)
})

test.each([
  ['template', `${secret}`],
  ['concatenation', `a${String(secret)}`],
  ['arithmetic', String(Number(secret))],
  ['JSON', JSON.stringify({ secret })],
  ['inspector', inspect({ deep: { secret } }, { showHidden: true, depth: 9 })],
  ['format', format('%s %o %O %j', secret, secret, secret, secret)],
  ['error', String(new Error(`failed with ${secret}`).stack)],
  ['keys', Object.keys(secret).join()],
  ['values', JSON.stringify({ ...secret })],
  ['structured clone', inspect(structuredClone(secret), { showHidden: true })],
  ['join', [secret, secret].join()],
])('hides it from %s', (_name, text) => {
  expect(text).not.toContain('canary')
})

test('says in its place what it is', () => {
  expect(`${secret}`).toBe('[secret]')
  expect(JSON.stringify([secret])).toBe('["[secret]"]')
  expect(inspect(secret)).toBe('[secret]')
})
