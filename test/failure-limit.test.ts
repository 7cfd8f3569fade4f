import { expect, test } from 'vitest'
import type { Store } from '../src/contract.ts'
import { FailureLimit } from '../src/failure-limit.ts'
import { MemoryStore } from '../src/services/store-memory.ts'
import { ManualClock } from '../src/testing/manual-clock.ts'

test('of ten thousand callers who were let in, the one who came first is forgotten', async () => {
  const limit = new FailureLimit(new MemoryStore(new ManualClock()), 1)
  for (let caller = 0; caller <= 10_000; caller++) await limit.admit('192.0.2.1', `caller ${caller}`)
  await limit.count({ address: '192.0.2.1', credential: 'bad' })
  await expect(limit.admit('192.0.2.1', 'caller 1')).resolves.toBeUndefined()
  await expect(limit.admit('192.0.2.1', 'caller 0')).rejects.toMatchObject({ status: 429, retryAfterMs: 60_000 })
})

test('a caller who is known from one address is not known from another', async () => {
  const limit = new FailureLimit(new MemoryStore(new ManualClock()), 1)
  await limit.admit('192.0.2.1', 'alice')
  await limit.count({ address: '192.0.2.2', credential: 'bad' })
  await expect(limit.admit('192.0.2.2', 'alice')).rejects.toMatchObject({ code: 'too_many_failures' })
})

test('nobody is held up while the store is out of order', async () => {
  const broken: Pick<Store, 'take'> = { take: async () => Promise.reject(new Error('the store is gone')) }
  const limit = new FailureLimit(broken, 1)
  for (let failure = 0; failure < 3; failure++) await limit.count({ address: '192.0.2.1', credential: 'bad' })
  await expect(limit.admit('192.0.2.1', 'alice')).resolves.toBeUndefined()
})

test('an IPv4 address that is written as IPv6 is the same address', async () => {
  const limit = new FailureLimit(new MemoryStore(new ManualClock()), 1)
  await limit.count({ address: '::ffff:192.0.2.1', credential: 'bad' })
  await expect(limit.count({ address: '192.0.2.1', credential: 'bad' })).rejects.toMatchObject({ status: 429 })
})
