import * as undici from 'undici'
import { expect, it } from 'vitest'
import * as parts from '../../src/upstream/undici.ts'

it('the parts of undici that are loaded one by one are those of its index', () => {
  expect(parts.Pool).toBe(undici.Pool)
  expect(parts.Client).toBe(undici.Client)
  expect(parts.buildConnector).toBe(undici.buildConnector)
})
