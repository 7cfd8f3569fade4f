import { expect, test } from 'vitest'
import { SecretString } from '../../src/config/secret.ts'
import { secretsIn } from '../../src/config/secrets-in.ts'

test('finds secrets at any depth, in maps, lists and tables', () => {
  const config = {
    providers: new Map([['a', { apiKey: new SecretString('one'), headers: { 'x-team': new SecretString('two') } }]]),
    steps: [{ options: { keys: [{ name: 'alice', key: new SecretString('three') }] } }],
    plain: 'four',
  }
  expect([...secretsIn(config)].sort()).toEqual(['one', 'three', 'two'])
})
